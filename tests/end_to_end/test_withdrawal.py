"""A wrong delivery taken back from the command line: the marts are those of before."""

from __future__ import annotations

import duckdb
import pytest

from tests.end_to_end.conftest import Small

pytestmark = pytest.mark.slow


def run(small: Small) -> dict[str, str]:
    small.home.tenure(*small.run)
    return small.home.checksums(small.company)


def test_a_withdrawn_delivery_leaves_no_trace_in_the_marts(small: Small) -> None:
    home, files = small.home, small.files
    before = home.checksums(small.company)
    [events, *_] = sorted((files / "product.events").glob("*.parquet"))
    [tickets] = files.glob("support.tickets.*")
    wrong = ["product.events/wrong.parquet", tickets.name]
    with duckdb.connect() as con:
        con.execute(
            f"copy (select * replace (uuid()::varchar as event_id) from '{events}') "
            f"to '{files / wrong[0]}'"
        )
        con.execute(f"create table rows as select * from '{tickets}'")
        con.execute(
            "copy (select * replace (case when hash(ticket_id) % 2 = 0 then 'urgent' "
            f"else priority end as priority) from rows) to '{tickets}'"
        )
    with_it = run(small)
    said = " ".join(home.tenure("withdraw", *wrong, "--company", small.company).split())
    assert "rows cease to hold" in said
    after = run(small)
    marts = [name for name in before if name.startswith("marts.")]
    assert [name for name in marts if after[name] != before[name]] == []
    assert [name for name in marts if with_it[name] != before[name]] != []
    listed = home.tenure("withdraw", "--company", small.company)
    assert "support.tickets" in listed
    refused = home.tenure("withdraw", "no such\x1b[31m file", "--company", small.company, expect=2)
    assert "no delivered file has this name" in " ".join(refused.split())
    assert "\x1b[31m file" not in refused

"""A wrong delivery taken back from the command line: the marts are those of before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import Home
from warehouse import load_settings, server

pytestmark = [pytest.mark.slow, pytest.mark.server]

COMPANY = "withdrawal"
SIZE = ("--accounts", "60", "--months", "8", "--seed", "5")


@pytest.fixture(scope="module")
def company(open_folder: Path) -> Iterator[tuple[Home, Path]]:
    home, files = Home(open_folder / "withdrawal"), open_folder / "withdrawal files"
    home.tenure("simulate", *SIZE, "--out", str(files))
    yield home, files
    server.remove(load_settings(COMPANY, home.environment()))


def run(home: Home, files: Path) -> dict[str, str]:
    home.tenure(
        *("run", "--source", "canonical", "--data", str(files), "--company", COMPANY),
        "--no-train",
    )
    return home.checksums(COMPANY)


def test_a_withdrawn_delivery_leaves_no_trace_in_the_marts(company: tuple[Home, Path]) -> None:
    home, files = company
    before = run(home, files)
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
    with_it = run(home, files)
    said = " ".join(home.tenure("withdraw", *wrong, "--company", COMPANY).split())
    assert "rows cease to hold" in said
    after = run(home, files)
    marts = [name for name in before if name.startswith("marts.")]
    assert [name for name in marts if after[name] != before[name]] == []
    assert [name for name in marts if with_it[name] != before[name]] != []
    listed = home.tenure("withdraw", "--company", COMPANY)
    assert "support.tickets" in listed
    refused = home.tenure("withdraw", "no such\x1b[31m file", "--company", COMPANY, expect=2)
    assert "no delivered file has this name" in " ".join(refused.split())
    assert "\x1b[31m file" not in refused

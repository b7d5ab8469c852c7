"""The manager of each customer is named in many rows, and delivered twice by no one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.checks import Counts, check_rows
from sources.contract import Contract
from sources.mapping import Reader, load_mappings, run_mapping
from sources.projected_rows import without_projected
from tests.sources.conftest import Loader, write_files

MANAGERS = (
    'select csm as csm_id, csm as csm_name, _file, _row from "customers.csv" where csm is not null'
)
ACCOUNTS = (
    "select id as account_id, id as account_name, '2024-01-01' as signed_at, csm as csm_id, "
    '_file, _row from "customers.csv"'
)
CUSTOMERS = "id,csm,seats\nA,Ann,1\nB,Ann,1\nC,Ben,2\nC,Ben,2\nD,,3\nE,Ann,4\n"
SAID = (
    "customers.csv: 2 rows say of crm.csms what another one says, as the mapping passes few "
    "columns on; counted once"
)


def counted(
    con, contract: Contract, tmp_path: Path, content: str
) -> tuple[Counts, Counts, list[str]]:
    """The counts of a file of customers read for their managers, before and after, and notes."""
    maps = write_files(tmp_path / "maps", {"acme/crm.csms.sql": MANAGERS})
    reader = Reader(con, write_files(tmp_path / "in", {"customers.csv": content}))
    delivery = reader.open_mapped(load_mappings("acme", maps)["crm.csms"])
    assert delivery
    types = run_mapping(reader, delivery, "table")
    con.execute("create table claimed_keys (rule varchar, key varchar, holder varchar)")
    table = contract.table("crm.csms")
    counts = check_rows(con, table, types, table.rules)
    left, sentences = without_projected(con, table, counts, delivery.groups)
    return counts, left, sentences


def test_what_a_mapping_makes_alike_is_no_duplicate(
    con, contract: Contract, tmp_path: Path
) -> None:
    """`tenure check` named as many duplicates as there were customers; one row came twice."""
    counts, left, sentences = counted(con, contract, tmp_path, CUSTOMERS)
    assert (counts.rows_in, counts.rows_loaded, counts.rows_duplicate) == (5, 2, 3)
    assert (left.rows_in, left.rows_loaded, left.rows_duplicate) == (3, 2, 1)
    assert (left.repairs["duplicate"], sentences) == (1, [SAID])


@pytest.mark.parametrize(
    ("content", "duplicates"),
    [
        ("id,csm,seats\nA,Ann,1\n", 0),
        ("id,csm,seats\nA,Ann,1\nA,Ann,1\n", 1),
        # one manager in two spellings, which a repair makes alike
        ("id,csm,seats\nA,Ann,1\nB,Ann ,1\n", 1),
    ],
)
def test_a_row_that_came_twice_stays_one(
    con, contract, tmp_path: Path, content: str, duplicates: int
) -> None:
    counts, left, sentences = counted(con, contract, tmp_path, content)
    assert counts.rows_duplicate == duplicates
    assert (left, sentences) == (counts, [])


def test_a_load_counts_the_managers_that_customers_name(loader: Loader, tmp_path: Path) -> None:
    maps = {"acme/crm.csms.sql": MANAGERS, "acme/crm.accounts.sql": ACCOUNTS}
    loads = loader.deliver(
        {"customers.csv": CUSTOMERS}, "acme", mapping_folder=write_files(tmp_path / "maps", maps)
    )
    managers, accounts = loads["crm.csms"], loads["crm.accounts"]
    assert (managers.rows_in, managers.rows_loaded, managers.rows_duplicate) == (3, 2, 1)
    assert SAID in managers.problems
    assert (accounts.rows_in, accounts.rows_loaded, accounts.rows_duplicate) == (6, 5, 1)
    repaired = "select table_name, rows_repaired from tenure.repairs where rule = 'duplicate'"
    assert sorted(loader.rows(repaired)) == [("accounts", 1), ("csms", 1)]

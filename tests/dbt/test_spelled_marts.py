"""One company written out in random spellings has the same marts.

The raw rows are compared by tests/sources/test_spellings.py, many times and cheaply; here all is
built from them. TENURE_SPELLED_MARTS sets how many spellings are tried.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sources import ingest, load_contract
from sources.events import EVENTS
from tests.dbt.builds import ONLY_MODELS
from tests.sources.conftest import write_files
from tests.sources.test_spellings import plain_files, spelled_files
from tests.sources.written_company import company_as_text
from warehouse import Warehouse

pytestmark = pytest.mark.slow

TRIALS = int(os.environ.get("TENURE_SPELLED_MARTS", "1"))
MARTS = ("--select", "+marts", "--full-refresh", *ONLY_MODELS)
# How many rows came, duplicates among them, when, and in which line, is said of the delivery.
OF_THE_DELIVERY = {
    "correction_summary",
    "data_balances",
    "data_trust",
    "quarantine_summary",
    "repair_summary",
}


def test_a_company_in_another_spelling_has_the_same_marts(
    fresh_company: Callable[[], Warehouse],
    dbt_build: Callable[..., None],
    tmp_path: Path,
) -> None:
    contract = load_contract()
    company = company_as_text(tmp_path / "simulated", rows=400)
    tables = {table.full_name: table for table in (*contract.tables, EVENTS)}
    warehouse = fresh_company()
    first: dict[str, list[str]] = {}
    for seed in range(-1, TRIALS):
        files = plain_files(company) if seed < 0 else spelled_files(seed, tables, company)
        folder = write_files(tmp_path / f"delivery {seed}", files)
        ingest(warehouse, warehouse.settings, contract, "canonical", folder)
        as_of = newest_day(warehouse)
        dbt_build(warehouse, as_of, *MARTS)
        found = marts(warehouse)
        first = first or found
        assert found["account_snapshots"] and found["customer_health"]
        differing = {
            name: sorted(set(rows) ^ set(first[name]))[:4]
            for name, rows in found.items()
            if rows != first[name] and name not in OF_THE_DELIVERY
        }
        assert differing == {}, f"seed {seed}"


def newest_day(warehouse: Warehouse) -> str:
    """The last day on which an account was used."""
    found = warehouse.read("select max(usage_date)::text as day from product.account_days")
    return str(found["day"].iloc[0])


def marts(warehouse: Warehouse) -> dict[str, list[str]]:
    """All rows of all marts, as sorted texts."""
    names = warehouse.read(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    )["table_name"]
    return {
        name: warehouse.read_arrow(
            f'select to_jsonb(mart)::text as row from marts."{name}" as mart order by 1'
        )["row"].to_pylist()
        for name in names
    }

"""The two third-party companies as a whole, and RavenStack's three damaged exports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from sources import newest_fact_date, reconcile_quarantine
from tests.sources.conftest import Loader

pytestmark = pytest.mark.shared_data

RAVENSTACK_TABLES = {
    "crm.accounts": 500,
    "billing.subscriptions": 5000,
    "crm.opportunities": 600,
    "support.tickets": 2000,
    "product.account_days": None,
    "product.account_feature_days": None,
}


def rows_of(loader: Loader, table: str) -> list[tuple]:
    """All rows of a raw table, without the time they were loaded."""
    names = loader.contract.table(table).column_names
    return loader.rows(
        f"select {', '.join(names)}, attributes, _row_hash from {table} order by _row_hash"
    )


@pytest.fixture(scope="module")
def original(fresh_company, contract, shared_data: Path) -> tuple[Loader, dict[str, list[tuple]]]:
    loader = Loader(fresh_company(), contract, shared_data / "ravenstack")
    loader.deliver({}, "ravenstack")
    return loader, {table: rows_of(loader, table) for table in RAVENSTACK_TABLES}


def test_every_row_of_ravenstack_is_loaded(original) -> None:
    loader, tables = original
    for table, rows in RAVENSTACK_TABLES.items():
        assert rows is None or len(tables[table]) == rows
    assert loader.rows(
        "select rows_in, rows_loaded from tenure.loads where table_name = 'events'"
    ) == [(25000, 25000)]
    assert loader.rejections() == []
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 0
    assert newest_fact_date(loader.warehouse) == date(2024, 12, 31)


def test_the_revenue_of_ravenstack_is_the_published_one(original) -> None:
    loader, _ = original
    assert loader.rows(
        """
        select
            sum(mrr_cents) filter (
                where started_at < '2025-01-01' and (ended_at is null or ended_at >= '2024-12-01')
            ) / 100,
            sum(mrr_cents) filter (where ended_at is null or ended_at >= '2025-01-01') / 100
        from billing.subscriptions
        """
    ) == [(10734251, 10159608)]


@pytest.mark.parametrize(
    "variant", ["AhanaB777_ddmmyyyy", "ElaineLay_mixed", "dineshbarri_bom_crlf"]
)
def test_a_damaged_export_gives_the_same_tables(
    original, new_loader: Callable[[Path], Loader], shared_data: Path, variant: str
) -> None:
    """Read month-first, 182 of 500 sign-up dates would be swapped without one error."""
    _, expected = original
    loader = new_loader(shared_data / "ravenstack" / "variants" / variant)
    loader.deliver({}, "ravenstack")
    for table, rows in expected.items():
        assert rows_of(loader, table) == rows, table


@pytest.mark.slow
def test_every_row_of_fightchurn_is_loaded(
    new_loader: Callable[[Path], Loader], shared_data: Path
) -> None:
    loader = new_loader(shared_data / "fightchurn_crm5")
    loads = loader.deliver({}, "fightchurn")
    counts = {table: (load.rows_in, load.rows_loaded) for table, load in loads.items()}
    assert counts["crm.accounts"] == (559, 559)
    assert counts["billing.subscriptions"] == (9552, 9552)
    assert counts["product.events"] == (8248112, 8248112)
    assert [problem for load in loads.values() for problem in load.problems] == [
        "reference_chapter2_sql.csv: nothing reads this file"
    ]
    assert newest_fact_date(loader.warehouse) == date(2023, 1, 31)
    # By the book's own SQL for 2022-06-01: 317 paying customers, 391,124 a month.
    assert loader.rows(
        "select count(distinct account_id), sum(mrr_cents) from billing.subscriptions "
        "where started_at::date <= '2022-06-01' and ended_at::date > '2022-06-01'"
    ) == [(317, 39112400)]

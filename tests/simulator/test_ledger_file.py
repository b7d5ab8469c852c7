"""The ledger as it lies in truth/: it carries over, and it is what the subscriptions bill."""

from pathlib import Path

import duckdb
import pytest

from simulator import SimulationSummary
from simulator.truth.ledger import MOVEMENTS


@pytest.fixture(scope="module")
def db(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute(
        f"create view ledger as select * from '{folder}/truth/mrr_movements.parquet'"
    )
    connection.execute(
        f"create view subscriptions as select * from '{folder}/billing.subscriptions.parquet'"
    )
    return connection


def rows(db: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return db.sql(query).fetchall()


def test_a_month_opens_with_what_the_one_before_closed_with(db) -> None:
    query = """
        with neighbours as (
            select
                account_id, month, opening_mrr_cents,
                coalesce(
                    (select closing_mrr_cents from ledger as earlier
                    where earlier.account_id = ledger.account_id
                    and earlier.month = ledger.month - interval '1 month'), 0
                ) as carried_cents
            from ledger
        )
        select * from neighbours where opening_mrr_cents <> carried_cents
    """
    assert rows(db, query) == []


def test_the_ledger_is_what_the_subscriptions_bill_on_each_months_ends(
    db, company: SimulationSummary
) -> None:
    """A truth about another company than the one in the files would judge nothing."""
    query = f"""
        with ends as (
            select account_id, currency, month as day, opening_mrr_cents as cents from ledger
            union all
            select account_id, currency, date '{company.end_date}', closing_mrr_cents from ledger
            where month = (select max(month) from ledger)
        ),
        days as (
            select unnest(generate_series(
                date '{company.start_date}' - interval '1 month',
                date '{company.end_date}', interval '1 month'
            ))::date as day
            union all select date '{company.end_date}'
        ),
        billed as (
            select account_id, currency, day, sum(mrr_cents)::bigint as cents
            from subscriptions join days
            on started_at::date <= day and (ended_at is null or ended_at::date > day)
            group by all having cents > 0
        ),
        known as (select account_id, currency, day, cents from ends where cents > 0)
        (from billed except from known) union all (from known except from billed)
    """
    assert rows(db, query) == []


def test_every_movement_occurs(db) -> None:
    sums = ", ".join(f"sum({name}_cents) <> 0" for name in MOVEMENTS)
    assert rows(db, f"select {sums} from ledger") == [(True,) * len(MOVEMENTS)]

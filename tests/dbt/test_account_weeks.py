"""Weeks that are kept are those that would be computed anew, and only what changed is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from sources import load_contract
from sources.store import create_tables
from tests.dbt.builds import ONLY_MODELS, Builder
from tests.dbt.eight_customers import fill
from warehouse import Warehouse

pytestmark = pytest.mark.slow

# A Wednesday, so that the as-of snapshot is none of the week-ends.
AS_OF = "2026-01-14"
KEPT = ["intermediate.int_account_weeks", "intermediate.int_account_today"]
RELATIONS = [*KEPT, "marts.account_snapshots"]
SELECTION = ("--select", "+account_snapshots", *ONLY_MODELS)

WRITTEN = """
select schemaname || '.' || relname as relation, n_tup_ins + n_tup_upd + n_tup_del as rows_written
from pg_stat_user_tables
where schemaname in ('intermediate', 'marts')
"""


@dataclass(frozen=True)
class Twins:
    """The same company twice: one is built by increments, the other anew each time."""

    builder: Builder
    kept: Warehouse
    anew: Warehouse

    def execute(self, sql: str) -> None:
        for warehouse in (self.kept, self.anew):
            warehouse.execute(sql)

    def assert_equal(self, as_of_date: str, *, known: str = "") -> None:
        """Build both and compare every row as text, so that a difference in the last bit shows."""
        self.builder.build(self.kept, as_of_date, *SELECTION, known=known)
        for relation in KEPT:
            self.anew.execute(f"drop table if exists {relation} cascade")
        self.builder.build(self.anew, as_of_date, *SELECTION, "--full-refresh", known=known)
        for relation in RELATIONS:
            kept, anew = rows(self.kept, relation), rows(self.anew, relation)
            assert not anew.empty
            pd.testing.assert_frame_equal(kept, anew, obj=f"{relation} as of {as_of_date}")


def rows(warehouse: Warehouse, relation: str) -> pd.DataFrame:
    return warehouse.read(
        f"select account_id, snapshot_date, built::text as row from {relation} as built"
        " order by account_id, snapshot_date"
    )


def due(warehouse: Warehouse) -> pd.DataFrame:
    return warehouse.read(
        "select account_id, snapshot_date::text as day from intermediate.int_due_snapshots"
        " order by account_id, day"
    )


def written(warehouse: Warehouse) -> dict[str, int]:
    """Rows that were inserted, updated or deleted since the statistics were reset."""
    warehouse.execute("select pg_stat_force_next_flush()")
    counts = warehouse.read(WRITTEN)
    counts = counts[counts["rows_written"] > 0]
    return dict(zip(counts["relation"], counts["rows_written"], strict=True))


@pytest.fixture(scope="module")
def twins(fresh_company: Callable[[], Warehouse], builder: Builder) -> Iterator[Twins]:
    """Both built as of AS_OF."""
    pair = Twins(builder, fresh_company(), fresh_company())
    for warehouse in (pair.kept, pair.anew):
        create_tables(warehouse, load_contract())
        fill(warehouse)
    pair.assert_equal(AS_OF)
    yield pair


# The tests follow each other, as the days of a company do: each finds what the one before it left.


def test_a_run_in_which_nothing_changed_writes_no_row(twins: Twins) -> None:
    """Work that is not proportional to what is new makes a large company wait for nothing."""
    twins.kept.execute("select pg_stat_reset()")
    twins.builder.build(twins.kept, AS_OF, *SELECTION)
    assert written(twins.kept) == {}
    assert due(twins.kept).empty


NEW_DAY = """
with known as (select timestamptz '2026-01-15 06:00Z' as at), tickets as (
    insert into support.tickets (ticket_id, account_id, created_at, _recorded_at)
    select 'new-day', 'a3', '2026-01-15 05:00Z', at from known
), rates as (
    insert into finance.exchange_rates (currency, rate_date, usd_per_unit, _recorded_at)
    select 'EUR', rate_date, usd_per_unit, at
    from known
    cross join (values (date '2025-12-01', 1.1), (date '2026-01-10', 1.2))
        as rates (rate_date, usd_per_unit)
)
insert into billing.subscriptions (subscription_id, account_id, product, quantity, unit, mrr_cents,
    currency, billing_period_months, started_at, renewal_date, _recorded_at)
select 'euros', 'a4', 'reports', 5, 'users', 5000, 'EUR', 12, '2025-12-20 00:00Z', '2026-12-20', at
from known
"""


def test_a_new_day_computes_that_day(twins: Twins) -> None:
    twins.execute(NEW_DAY)
    twins.assert_equal("2026-01-15")
    twins.builder.build(twins.kept, "2026-01-16", *SELECTION)
    assert set(due(twins.kept)["day"]) == {"2026-01-16"}


LATE = """
with known as (select timestamptz '2026-01-17 06:00Z' as at), superseded as (
    update product.account_days set _superseded_at = known.at from known
    where account_id = 'a2' and usage_date = '2025-11-03'
), days as (
    insert into product.account_days (account_id, usage_date, events, active_users, sessions,
        active_users_7d, active_users_28d, _recorded_at)
    select 'a2', '2025-11-03', 500, 9, 40, 9, 20, at from known
)
insert into support.tickets (ticket_id, account_id, priority, created_at, solved_at, _recorded_at)
select 'late', 'a6', 'urgent', '2025-12-01 10:00Z', '2025-12-30 10:00Z', at from known
"""


def test_late_facts_are_computed_from_their_day_on(twins: Twins) -> None:
    """The build is killed between its two halves: what was half remembered is done again."""
    twins.execute(LATE)
    twins.builder.build(twins.kept, "2026-01-16", "--select", "+int_account_weeks", *ONLY_MODELS)
    assert due(twins.kept).groupby("account_id")["day"].min().to_dict() == {
        "a2": "2025-11-09",
        "a6": "2025-12-07",
    }
    twins.assert_equal("2026-01-16")


LATE_FOR_ALL = """
with known as (select timestamptz '2026-01-17 07:00Z' as at), rates as (
    insert into finance.exchange_rates (currency, rate_date, usd_per_unit, _recorded_at)
    select 'EUR', '2025-12-24', 1.15, at from known
)
insert into product.account_days (account_id, usage_date, events, active_users, sessions,
    active_users_7d, active_users_28d, _recorded_at)
select 'a5', '2025-08-12', 500, 9, 40, 9, 20, at from known
"""


def test_a_day_that_an_outage_had_hidden_concerns_all_accounts(twins: Twins) -> None:
    """One late event of one account splits the outage that all accounts were read by."""
    twins.execute(LATE_FOR_ALL)
    twins.assert_equal("2026-01-17")
    assert due(twins.kept)["day"].min() == "2025-08-10"


IN_PLACE = """
with known as (select timestamptz '2026-01-19 06:00Z' as at), superseded as (
    update billing.subscriptions set _superseded_at = known.at from known
    where subscription_id in ('s2-1', 's7-1')
    returning *
), people as (
    update crm.contacts set _superseded_at = known.at from known where contact_id = 'k6' returning *
), promoted as (
    insert into crm.contacts (contact_id, account_id, is_executive_sponsor, joined_at, _recorded_at)
    select contact_id, people.account_id, true, joined_at, known.at from people cross join known
)
insert into billing.subscriptions (subscription_id, account_id, product, quantity, unit, mrr_cents,
    currency, billing_period_months, started_at, ended_at, renewal_date, _recorded_at)
select subscription_id, account_id, product, quantity + 7, unit, mrr_cents + 900, currency,
    billing_period_months, started_at, ended_at, renewal_date + 365, known.at
from superseded cross join known
"""


def test_a_change_in_place_changes_no_week_before_it_was_known(twins: Twins) -> None:
    """Today's renewal date, seats and sponsor on an old week would tell the model its future."""
    before = twins.kept.read(TERMS)
    twins.execute(IN_PLACE)
    twins.assert_equal("2026-01-28")
    after = twins.kept.read(TERMS)
    old = after["snapshot_date"] < pd.Timestamp("2026-01-19")
    pd.testing.assert_frame_equal(
        before[before["snapshot_date"].isin(after[old]["snapshot_date"])].reset_index(drop=True),
        after[old & after["snapshot_date"].isin(before["snapshot_date"])].reset_index(drop=True),
    )
    newest = after[after["snapshot_date"] == pd.Timestamp("2026-01-25")].set_index("account_id")
    assert newest.loc["a2", "seats"] == 27
    assert newest.loc["a6", "sponsor_present"] == 1


TERMS = """
select account_id, snapshot_date, seats, renewal_date, sponsor_present
from marts.account_snapshots
where extract(isodow from snapshot_date) = 7
order by account_id, snapshot_date
"""

DELETED = """
with known as (select timestamptz '2026-01-29 06:00Z' as at), tickets as (
    update support.tickets set _superseded_at = known.at from known
    where ticket_id in ('t2-4', 't3-0')
), invoices as (
    update billing.invoices set _superseded_at = known.at from known where invoice_id = 'i4-8'
), customers as (
    -- with its first subscription an account loses its first weeks, and with all of them itself
    update billing.subscriptions set _superseded_at = known.at from known
    where subscription_id in ('s8-0', 's5-0', 's5-1')
)
update crm.contacts set _superseded_at = known.at from known where contact_id = 'k2'
"""


def test_a_deleted_row_leaves_no_trace(twins: Twins) -> None:
    twins.execute(DELETED)
    twins.assert_equal("2026-01-29")
    assert set(rows(twins.kept, "marts.account_snapshots")["account_id"]) == {
        f"a{n}" for n in range(1, 9) if n != 5
    }


def test_an_as_of_date_may_go_back_and_fall_on_a_week_end(twins: Twins) -> None:
    twins.assert_equal("2025-12-10")
    twins.assert_equal("2026-01-18")
    snapshots = rows(twins.kept, "marts.account_snapshots")
    assert not snapshots.duplicated(["account_id", "snapshot_date"]).any()
    latest = twins.kept.read(
        "select distinct snapshot_date from marts.account_snapshots where is_latest"
    )
    assert [day.date() for day in latest["snapshot_date"]] == [date(2026, 1, 18)]


def test_what_was_known_earlier_can_be_asked_again(twins: Twins) -> None:
    twins.assert_equal("2026-01-18", known="2026-01-16T00:00:00Z")
    twins.assert_equal("2026-01-18", known="2026-01-28T00:00:00Z")


def test_a_changed_seed_and_changed_sql_make_weeks_due(twins: Twins) -> None:
    twins.builder.edit("seeds/health_policy.csv", *stale_after(twins.builder, days=3))
    twins.assert_equal("2026-01-18")
    sql = "models/intermediate/value/int_onboarding_signals.sql"
    twins.builder.edit(sql, "steps.planned_date < snapshots", "steps.planned_date <= snapshots")
    twins.assert_equal("2026-01-18")
    every = twins.kept.read("select count(*) from intermediate.int_snapshot_dates").iloc[0, 0]
    assert len(due(twins.kept)) == every


def test_a_signal_that_is_new_is_filled_for_all_weeks(twins: Twins) -> None:
    """A home of an earlier version has weeks without it, and a model would learn that from them."""
    twins.builder.build(twins.kept, "2026-01-18", *SELECTION)
    before = rows(twins.kept, "marts.account_snapshots")
    for relation in KEPT:
        twins.kept.execute(f"alter table {relation} drop column ticket_spike_28d cascade")
    sql = "models/intermediate/support/int_support_signals.sql"
    twins.builder.edit(sql, "-- Grain: one row", "-- Grain: a row")
    twins.builder.build(twins.kept, "2026-01-18", *SELECTION)
    pd.testing.assert_frame_equal(before, rows(twins.kept, "marts.account_snapshots"))


def stale_after(builder: Builder, *, days: int) -> tuple[str, str]:
    """The policy's row as it is, and with another number of days after which use is stale."""
    header, row = (builder.project / "seeds/health_policy.csv").read_text().splitlines()
    cells = row.split(",")
    cells[header.split(",").index("usage_stale_after_days")] = str(days)
    return row, ",".join(cells)

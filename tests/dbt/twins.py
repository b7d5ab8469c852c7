"""The eight customers twice: one company is built by increments, the other anew each time.

The changes are what happens to both; each is recorded after those before it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from tests.dbt.builds import ONLY_MODELS, Builder
from warehouse import Warehouse

# A Wednesday, so that the as-of snapshot is none of the week-ends.
AS_OF = "2026-01-14"
SCORES = "marts.fct_health_scores"
WEEKS = ["intermediate.int_account_weeks", "intermediate.int_account_today"]
OF_WEEKS = [*WEEKS, "marts.account_snapshots"]
OF_SCORES = [
    *OF_WEEKS,
    SCORES,
    "marts.fct_health_contributions",
    "marts.fct_health_changes",
    "marts.dim_score_policies",
    "marts.fct_learned_weights",
    "intermediate.int_policy_adoptions",
    "intermediate.int_signal_coverage",
]
WEEKS_ALONE = ("--select", "+account_snapshots", *ONLY_MODELS)
SCORED = ("--select", "+account_snapshots", "+fct_health_changes", "fct_health_contributions")
SCORED = (*SCORED, *ONLY_MODELS)

WRITTEN = """
select schemaname || '.' || relname as relation, n_tup_ins + n_tup_upd + n_tup_del as rows_written
from pg_stat_user_tables
where schemaname in ('intermediate', 'marts')
"""

# Two who leave in time for their weeks to be learned from, where one is enough.
CHURNED = """
update billing.subscriptions set ended_at = '2025-09-10 00:00Z'
where subscription_id in ('s1-1', 's8-1')
"""
ENOUGH = ("seeds/learned_weights_policy.csv", ",50,30", ",50,1")

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

OVERRIDDEN = """
with known as (select timestamptz '2026-01-15 06:00Z' as at), superseded as (
    update success.health_overrides set _superseded_at = known.at from known
    where override_id = 'h6'
)
insert into success.health_overrides (override_id, account_id, score, reason, author, set_at,
    expires_at, _recorded_at)
select 'late', 'a2', 55, 'Late', 'c', '2025-07-10 00:00Z', '2025-08-10 00:00Z', at from known
"""

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

LATE_FOR_ALL = """
with known as (select timestamptz '2026-01-17 07:00Z' as at), rates as (
    insert into finance.exchange_rates (currency, rate_date, usd_per_unit, _recorded_at)
    select 'EUR', '2025-12-24', 1.15, at from known
)
insert into product.account_days (account_id, usage_date, events, active_users, sessions,
    active_users_7d, active_users_28d, _recorded_at)
select 'a5', '2025-08-12', 500, 9, 40, 9, 20, at from known
"""

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

TERMS = """
select account_id, snapshot_date, seats, renewal_date, sponsor_present
from marts.account_snapshots
where extract(isodow from snapshot_date) = 7
order by account_id, snapshot_date
"""


@dataclass(frozen=True)
class Twins:
    """The company that is built by increments, and the one that is built anew."""

    builder: Builder
    kept: Warehouse
    anew: Warehouse

    def execute(self, sql: str) -> None:
        for warehouse in (self.kept, self.anew):
            warehouse.execute(sql)

    def assert_equal(self, as_of_date: str, *, known: str = "", has_scores: bool = True) -> None:
        """Build both and compare every row as text, so that a difference in the last bit shows."""
        selection = SCORED if has_scores else WEEKS_ALONE
        self.builder.build(self.kept, as_of_date, *selection, known=known)
        for relation in [*WEEKS, SCORES] if has_scores else WEEKS:
            self.anew.execute(f"drop table if exists {relation} cascade")
        self.builder.build(self.anew, as_of_date, *selection, "--full-refresh", known=known)
        for relation in OF_SCORES if has_scores else OF_WEEKS:
            kept, anew = (Counter(rows(company, relation)) for company in (self.kept, self.anew))
            assert anew, relation
            differing = list(((kept - anew) + (anew - kept)).elements())
            assert not differing, (relation, len(differing), differing[:4])


def rows(warehouse: Warehouse, relation: str) -> list[str]:
    """Every row as text, in a fixed order."""
    made = warehouse.read(f"select made::text as row from {relation} as made order by row")
    return made["row"].tolist()


def due(warehouse: Warehouse) -> pd.DataFrame:
    """The account-weeks that the last build has computed."""
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


def weights(warehouse: Warehouse) -> dict[str, list[str]]:
    """Per weight of playbook 001's first pillar the first and last week that it has scored."""
    found = warehouse.read(
        "select policy -> 'pillars' -> 0 ->> 'weight' as weight,"
        " min(snapshot_date)::text as first_date, max(snapshot_date)::text as last_date"
        f" from {SCORES} as scores"
        " inner join marts.dim_score_policies as policies using (policy_version)"
        " where scores.scorecard = 'playbook_001' and policies.segment = 'all'"
        " group by weight order by weight"
    )
    return {row[0]: row[1:] for row in found.values.tolist()}

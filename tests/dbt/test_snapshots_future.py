"""Nothing that happens after a day may change what was known on it: the future is poisoned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd
import pytest

from tests.dbt.builds import ONLY_MODELS
from tests.dbt.eight_customers import fill
from warehouse import Warehouse

pytestmark = pytest.mark.slow

# A Wednesday, so that the as-of snapshot is none of the week-ends.
AS_OF = date(2026, 1, 14)
LATER = AS_OF + timedelta(days=28)
ACCOUNTS = 8
MARTS = ["account_snapshots", "fct_churn_outcomes", "fct_health_scores", "customer_health"]
SELECTED = [*MARTS, "source_outages"]
SELECTION = ["--select", "dim_signals", *(f"+{mart}" for mart in SELECTED), *ONLY_MODELS]

# New facts, and later chapters of old ones, all dated after AS_OF and all absurd.
POISON = """
with future as (
    select n, 'a' || n as account_id, timestamptz '2026-01-15 00:00Z' + n * interval '1 day' as at
    from generate_series(0, 8) as n
), customers as (
    insert into crm.accounts (account_id, account_name, signed_at) values
    ('a0', 'Tomorrow', '2026-01-15 00:00Z')
), subscriptions as (
    insert into billing.subscriptions (subscription_id, account_id, product, quantity, unit,
        mrr_cents, currency, billing_period_months, started_at, renewal_date)
    select 'poison' || n, account_id, 'poison', 1e6, 'users', 1e9, 'EUR', 99, at, '2026-01-16'
    from future
), rates as (
    insert into finance.exchange_rates (currency, rate_date, usd_per_unit) values
    ('EUR', '2026-01-15', 1e3), ('USD', '2026-01-15', 1e3)
), invoices as (
    insert into billing.invoices (invoice_id, account_id, issued_at, due_at, amount_cents, currency)
    select 'poison' || n, account_id, at, at, 1e12, 'USD' from future
), payments as (
    insert into billing.payments (payment_id, invoice_id, attempted_at, amount_cents, currency,
        outcome)
    select 'poison' || invoice_id, invoice_id, '2026-01-15 00:00Z', amount_cents, currency,
        (array['paid', 'failed', 'refunded'])[1 + length(invoice_id) % 3]
    from billing.invoices
), opportunities as (
    insert into crm.opportunities (opportunity_id, account_id, opportunity_type, closed_at, is_won)
    select 'poison' || n, account_id, 'renewal', at, false from future
), expansions as (
    insert into crm.opportunities (opportunity_id, account_id, opportunity_type, created_at)
    select 'talk' || n, account_id, 'expansion', at from future
), tasks as (
    insert into crm.tasks (task_id, account_id, opened_at, due_at)
    select 'poison' || n, account_id, at, at from future
), contacts as (
    insert into crm.contacts (contact_id, account_id, role, is_executive_sponsor, joined_at)
    select 'poison' || n, account_id, 'sponsor', true, at from future
), activities as (
    insert into crm.activities (activity_id, account_id, contact_id, activity_type, occurred_at,
        is_inbound, responded_at, was_attended)
    select 'poison' || n, account_id, 'k' || n, 'business_review', at, true, at, false from future
    union all
    select 'mail' || n, account_id, 'k' || n, 'email', at, false, at + interval '99 days', null
    from future
), days as (
    insert into product.account_days (account_id, usage_date, events, active_users, sessions,
        api_calls, data_bytes, active_users_7d, active_users_28d)
    select account_id, at::date, 1e9, 1e6, 1e9, 1e9, 1e15, 1e6, 1e6 from future
    -- the history itself goes on until 2026-02: those rows are the future already
    where not exists (
        select 1 from product.account_days as reported
        where reported.account_id = future.account_id and reported.usage_date = future.at::date
    )
), feature_days as (
    insert into product.account_feature_days (account_id, feature, usage_date, events)
    select account_id, 'poison', at::date, 1e9 from future
), tickets as (
    insert into support.tickets (ticket_id, account_id, priority, is_core_function, created_at,
        first_response_at, solved_at, escalated_at, csat_score)
    select 'poison' || n, account_id, 'urgent', true, at, at, at, at, 1 from future
), invitations as (
    insert into survey.invitations (invitation_id, account_id, survey_type, sent_at)
    select 'poison' || n, account_id, 'nps', at from future
), responses as (
    insert into survey.responses (response_id, account_id, survey_type, score, scale_min, scale_max,
        submitted_at)
    select 'poison' || n, account_id, (array['nps', 'csat'])[1 + n % 2], 0, 0, 10, at from future
), seats as (
    insert into training.enrollments (enrollment_id, account_id, scheduled_at, outcome,
        completed_at)
    select 'poison' || n, account_id, '2026-01-01 00:00Z', 'completed', at from future
), overrides as (
    insert into success.health_overrides (override_id, account_id, score, reason, author, set_at,
        expires_at)
    select 'poison' || n, account_id, 1, 'Poison', 'c', at, '2027-01-01 00:00Z' from future
), posts as (
    insert into community.posts (post_id, account_id, posted_at)
    select 'poison' || n, account_id, at from future
), goals as (
    insert into success.goals (goal_id, account_id, value_type, target_cents, achieved_cents,
        currency, set_at, achieved_at)
    select 'poison' || n, account_id, 'annual_savings', 1, 1e12, 'USD', at, at from future
), steps as (
    insert into success.onboarding_steps (account_id, template, step, planned_at)
    select account_id, 'poison', 'poison', at from future
), solved as (
    update support.tickets set solved_at = '2026-01-15 00:00Z' where solved_at is null
), answered as (
    update crm.activities set responded_at = '2026-01-15 00:00Z' where responded_at is null
), done as (
    update crm.tasks set completed_at = '2026-01-15 00:00Z' where completed_at is null
), decided as (
    update crm.opportunities set closed_at = '2026-01-15 00:00Z', is_won = true
    where closed_at is null
), left_company as (
    update crm.contacts set left_at = '2026-01-15 00:00Z' where left_at is null
), achieved as (
    update success.goals set achieved_at = '2026-01-15 00:00Z' where achieved_at is null
), completed as (
    update success.onboarding_steps set completed_at = '2026-01-15 00:00Z'
    where completed_at is null
), voided as (
    update billing.invoices set voided_at = '2026-01-15 00:00Z'
)
update billing.subscriptions
set ended_at = '2026-01-20 00:00Z', cancelled_at = '2026-01-15 00:00Z'
where ended_at is null
"""


def marts(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    """Every row as text, so that a difference in the last bit shows."""
    return {
        mart: warehouse.read(
            f"select mart.account_id, to_jsonb(mart)->>'snapshot_date' as day, mart::text as row"
            f" from marts.{mart} as mart order by row"
        )
        for mart in MARTS
    }


@pytest.fixture(scope="module")
def known(company: Warehouse, dbt_build: Callable[..., None]) -> dict[str, pd.DataFrame]:
    """The marts as of AS_OF, before anything of the future was heard of."""
    fill(company)
    dbt_build(company, AS_OF.isoformat(), *SELECTION)
    before = marts(company)
    company.execute(POISON)
    return before


def test_the_company_says_something_of_every_signal(
    known: dict[str, pd.DataFrame], company: Warehouse
) -> None:
    """A signal that is null or the same everywhere would survive any poison."""
    assert len(known["account_snapshots"]) > ACCOUNTS * 40
    signals = company.read("select signal from marts.dim_signals")["signal"]
    counts = company.read(
        "select "
        + ", ".join(f"count(distinct {signal}) as {signal}" for signal in signals)
        + " from marts.account_snapshots"
    ).iloc[0]
    constant = {"billing_period_months", "products"}
    assert {signal for signal in signals if counts[signal] < 2} <= constant


def test_overrides_have_changed_scores(known: dict[str, pd.DataFrame], company: Warehouse) -> None:
    """Without an override in force, the company could not show that a later one leaks."""
    overridden = company.read(
        "select account_id from marts.customer_health where override_score is not null"
        " order by account_id"
    )
    assert overridden["account_id"].tolist() == ["a6", "a7"]


def test_an_outage_that_lasts_is_known_before_it_ends(
    known: dict[str, pd.DataFrame], company: Warehouse
) -> None:
    """Without outages on its last day, the company could not show that their end leaks."""
    outages = company.read(
        "select source, first_missing_date::text as begun, is_over from marts.source_outages"
        " order by begun"
    )
    assert outages.values.tolist() == [
        ["product", "2025-08-04", True],
        ["support", "2025-12-15", False],
        ["product", "2026-01-09", False],
    ]


def test_the_future_does_not_change_what_was_known(
    known: dict[str, pd.DataFrame], company: Warehouse, dbt_build: Callable[..., None]
) -> None:
    """A leak here makes every measured accuracy a lie: the model would read the outcome."""
    dbt_build(company, AS_OF.isoformat(), *SELECTION, "--full-refresh")
    for mart, after in marts(company).items():
        pd.testing.assert_frame_equal(known[mart], after, obj=mart)


def test_a_later_run_tells_the_same_of_earlier_weeks(
    known: dict[str, pd.DataFrame], company: Warehouse, dbt_build: Callable[..., None]
) -> None:
    """History that is rewritten by each run can neither be trusted nor learned from."""
    dbt_build(company, LATER.isoformat(), *SELECTION, "--full-refresh")
    after = marts(company)
    for mart in ["account_snapshots", "fct_health_scores"]:
        earlier = known[mart][known[mart]["day"] < AS_OF.isoformat()]
        again = after[mart][after[mart]["day"].isin(set(earlier["day"]))]
        pd.testing.assert_frame_equal(
            earlier.reset_index(drop=True), again.reset_index(drop=True), obj=mart
        )

"""Six scorecards over one small company: sums that hold, segments, learned weights, versions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dbt.eight_customers import PROVENANCE
from warehouse import Warehouse

pytestmark = pytest.mark.slow

AS_OF = "2025-11-05"
SCORED = "fct_health_changes"
BUILT = [f"+{SCORED}", "+customer_health", "+source_coverage", "health_policy"]
WITHOUT_UNIT_TESTS = ["--exclude-resource-type", "unit_test"]

# Twelve customers over a year, three of each size and three of no known size; the first four open
# five tickets a week and leave in September.
COMPANY = """
with accounts as (
    select n, 'a' || n as account_id, timestamptz '2024-10-01 00:00Z' as t
    from generate_series(1, 12) as n
), weeks as (
    select *, t + week * interval '7 days' as at
    from accounts cross join generate_series(1, 57) as week
    where n > 4 or week < 50
), customers as (
    insert into crm.accounts (account_id, account_name, employee_count, signed_at)
    select account_id, 'Account ' || n, (array[null, 20, 500, 5000])[1 + n % 4], t from accounts
), subscriptions as (
    insert into billing.subscriptions (subscription_id, account_id, product, quantity, unit,
        mrr_cents, currency, started_at, ended_at)
    select 's' || n, account_id, 'platform', 10, 'users', 10000 * n, 'USD', t,
        case when n <= 4 then timestamptz '2025-09-15 00:00Z' end
    from accounts
), days as (
    insert into product.account_days (account_id, usage_date, events, active_users,
        active_users_7d, active_users_28d)
    select account_id, at::date + d, 10 + n * (week % 7), n, n, 1 + n + week % 5
    from weeks cross join generate_series(0, 6) as d
), overrides as (
    insert into success.health_overrides (override_id, account_id, score, reason, author, set_at,
        expires_at)
    select 'o12', account_id, 35, 'Merger announced', 'Cleo', '2025-11-01 00:00Z',
        '2025-12-01 00:00Z'
    from accounts where n = 12
)
insert into support.tickets (ticket_id, account_id, priority, created_at)
select 't' || n || '-' || week || '-' || k, account_id, 'low', at + interval '1 hour'
from weeks cross join generate_series(1, 5) as k
where n <= 4 or (k = 1 and week % 4 = 0)
"""

VERSIONS = """
select scorecard, policy_version, policy -> 'pillars' -> 0 ->> 'weight' as weight
from marts.dim_score_policies where scorecard = 'playbook_001' order by first_as_of_date, weight
"""


@pytest.fixture(scope="module")
def scored(company: Warehouse, dbt_build: Callable[..., None]) -> Warehouse:
    """The company, built with its tests: that sums hold to the last millionth is one of them."""
    company.execute(PROVENANCE)
    company.execute(COMPANY)
    dbt_build(company, AS_OF, "--select", *BUILT, *WITHOUT_UNIT_TESTS)
    return company


def test_each_size_is_scored_by_its_own_variant(scored: Warehouse) -> None:
    """An enterprise that is scored as a small business is advised to repair what works."""
    variants = scored.read(
        "select distinct segment, policy_segment from marts.fct_health_scores"
        " where scorecard = 'segments_003' order by segment"
    )
    assert variants.values.tolist() == [
        ["enterprise", "enterprise"],
        ["mid_market", "mid_market"],
        ["smb", "smb"],
        ["unknown", "all"],
    ]


def test_an_override_is_a_contribution_with_its_reason(scored: Warehouse) -> None:
    row = scored.read(
        "select scorecard, health_score::float8, computed_score::float8, override_reason,"
        " override_author"
        " from marts.customer_health where account_id = 'a12'"
    ).iloc[0]
    assert row["health_score"] == 35 != row["computed_score"]
    assert (row["override_reason"], row["override_author"]) == ("Merger announced", "Cleo")
    points = scored.read(
        "select contribution, sum(points)::float8 as points from marts.fct_health_contributions"
        f" where account_id = 'a12' and snapshot_date = '{AS_OF}'"
        f" and scorecard = '{row['scorecard']}' group by contribution"
    ).set_index("contribution")["points"]
    assert points.sum() == pytest.approx(35)
    assert points["override"] == pytest.approx(35 - row["computed_score"])


def test_what_is_not_connected_is_named_and_greys_no_account(scored: Warehouse) -> None:
    """That training is not connected is no reason to know nothing of a customer."""
    unconnected = scored.read(
        "select source from marts.source_coverage where not is_connected order by source"
    )
    assert unconnected["source"].tolist() == ["community", "success", "survey", "training"]
    colours = scored.read(
        f"select colour from marts.fct_health_scores where snapshot_date = '{AS_OF}'"
        " and scorecard = 'playbook_001'"
    )
    assert set(colours["colour"]) <= {"green", "yellow", "red"}


def test_what_is_known_by_looking_back_is_not_learned_from(scored: Warehouse) -> None:
    """That a sponsor is gone may have been recorded after the customer had left."""
    learned = scored.read(
        "select dim_signals.signal, bool_or(evidence.signal is not null) as is_learned,"
        " bool_or(dim_signals.is_backfilled) as is_backfilled"
        " from seeds.scorecard_signals as lines"
        " inner join marts.dim_signals on lines.signal = dim_signals.signal"
        " left join intermediate.int_signal_evidence as evidence"
        " on lines.signal = evidence.signal and lines.scorecard = evidence.scorecard"
        " where lines.scorecard = 'learned_004' group by dim_signals.signal"
    )
    assert (learned["is_learned"] != learned["is_backfilled"]).all()
    assert {"sponsor_present", "days_to_renewal"} < set(learned["signal"][learned["is_backfilled"]])


def test_too_few_churned_accounts_give_no_learned_score(scored: Warehouse) -> None:
    """A made-up score would be believed."""
    assert scored.read(
        "select account_id from marts.fct_health_scores where scorecard = 'learned_004'"
    ).empty
    reasons = scored.read(
        "select reason from marts.fct_learned_weights where quarter_start = '2025-10-01'"
    )["reason"]
    assert set(reasons) == {"Unproven: 4 churned accounts, 30 are needed"}


def test_a_changed_policy_is_a_new_version_and_the_old_wording_stays(
    scored: Warehouse, dbt_build: Callable[..., None]
) -> None:
    """An old score whose wording is gone cannot be explained any more."""
    before = scored.read(VERSIONS)
    assert before["weight"].tolist() == ["40"]
    scored.execute(
        "update seeds.scorecards set pillar_weight ="
        " case pillar when 'Usage' then 45 when 'Performance' then 25 else pillar_weight end"
        " where scorecard = 'playbook_001';"
        " update seeds.learned_weights_policy set minimum_churned_accounts = 4"
    )
    dbt_build(scored, AS_OF, "--select", f"+{SCORED}", *WITHOUT_UNIT_TESTS, "seed")
    after = scored.read(VERSIONS)
    assert after["weight"].tolist() == ["40", "45"]
    in_use = scored.read(
        "select policy_version, max(snapshot_date)::text as last_date"
        " from marts.fct_health_scores where scorecard = 'playbook_001'"
        " group by policy_version order by last_date"
    )
    assert in_use["policy_version"].tolist() == after["policy_version"].tolist()
    assert in_use["last_date"].tolist() == ["2025-11-02", AS_OF]

    # and with four churned accounts enough, the tickets are what set them apart
    weights = scored.read(
        "select signal, weight::float8 as weight from marts.fct_learned_weights"
        " where quarter_start = '2025-10-01' order by weight desc"
    ).set_index("signal")["weight"]
    assert weights.index[0] == "tickets_28d"
    learned = scored.read(
        "select min(snapshot_date)::text as day, count(*) as rows from marts.fct_health_scores"
        " where scorecard = 'learned_004'"
    ).iloc[0]
    assert learned["rows"] > 0 and learned["day"] >= "2025-10-01"

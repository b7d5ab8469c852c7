"""Use beside that of peers: one account's use moves the place of others and what a change of theirs
is set against, also in weeks of theirs that nothing has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from sources import load_contract
from sources.store import create_tables
from tests.dbt.builds import Builder
from tests.dbt.eight_customers import fill
from tests.dbt.twins import (
    AS_OF,
    CHURNED,
    DELETED,
    ENOUGH,
    LATE,
    NEW_DAY,
    SCORED,
    SCORES,
    Twins,
    due,
    rows,
    written,
)
from warehouse import Warehouse

pytestmark = pytest.mark.slow

PEERS = "intermediate.int_usage_peers"
DATES = "intermediate.int_signal_dates"
FEW = ("seeds/signal_policy.csv", ",84,8", ",84,3")
# Three that are large, four in the middle, and a small one that has no peers of its size.
EVENTS_ALONE = """
delete from product.usage_metrics;
update crm.accounts set employee_count = case
    when account_id in ('a6', 'a7', 'a8') then 2000 when account_id = 'a5' then 50 else 500 end
"""
OUTGROWN = """
with known as (select timestamptz '2026-01-19 06:00Z' as at), superseded as (
    update crm.accounts set _superseded_at = known.at from known where account_id = 'a8'
    returning account_id, account_name, csm_id, signed_at
)
insert into crm.accounts (account_id, account_name, csm_id, signed_at, employee_count, _recorded_at)
select account_id, account_name, csm_id, signed_at, 400, at from superseded cross join known
"""
RANKS = """
select account_id, snapshot_date::text as day, usage_peer_rank as rank from marts.account_snapshots
where is_open order by account_id, day
"""
# Beside what the account's own row says of its past, and what is usual among its peers.
CHANGES = f"""
select
    snapshots.account_id, snapshots.snapshot_date::text as day,
    snapshots.active_use_against_past as change, weeks.active_use_against_past as own_change,
    of_segment.active_use_against_past is not null as is_of_segment,
    coalesce(of_segment.active_use_against_past, of_company.active_use_against_past, 0) as usual
from marts.account_snapshots as snapshots
inner join intermediate.int_account_weeks as weeks using (account_id, snapshot_date)
inner join {PEERS} as of_segment using (snapshot_date, segment)
inner join {PEERS} as of_company on of_company.snapshot_date = snapshots.snapshot_date
where snapshots.is_open and of_company.segment = 'all'
    and weeks.active_use_against_past is not null
order by snapshots.account_id, day
"""
REGISTRY = "models/marts/accounts/account_snapshots.yml"
API_CALLS = "has_peers: {}, label: API calls"
SCORED_DAYS = """
select account_id, snapshot_date::text as day from intermediate.int_due_scores
where is_open order by account_id, day
"""


@pytest.fixture(scope="module")
def twins(fresh_company: Callable[[], Warehouse], builder: Builder) -> Iterator[Twins]:
    """Both built as of AS_OF; three accounts are a comparison."""
    pair = Twins(builder, fresh_company(), fresh_company())
    pair.builder.edit(*FEW)
    pair.builder.edit(*ENOUGH)
    pair.builder.edit(REGISTRY, API_CALLS.format("true"), API_CALLS.format("false"))
    for warehouse in (pair.kept, pair.anew):
        create_tables(warehouse, load_contract())
        fill(warehouse)
        warehouse.execute(CHURNED)
        warehouse.execute(EVENTS_ALONE)
    assert_equal(pair, AS_OF)
    yield pair


def assert_equal(twins: Twins, as_of: str) -> None:
    """Increments equal a build anew, and so does what places are looked up in."""
    twins.assert_equal(as_of)
    for relation in (PEERS, DATES):
        # in whatever order the columns came
        named = f"(select to_jsonb(made) from {relation} as made)"
        assert rows(twins.kept, named) == rows(twins.anew, named), relation


def ranks(twins: Twins) -> dict[tuple[str, str], float]:
    """Per account and day; -1 where none is known."""
    found = twins.kept.read(RANKS).fillna({"rank": -1})
    keys = zip(found["account_id"], found["day"], strict=True)
    return dict(zip(keys, found["rank"], strict=True))


def changes(twins: Twins) -> pd.DataFrame:
    """Of each account and week-end on which its past is known."""
    return twins.kept.read(CHANGES)


def dates_with_peers(twins: Twins) -> int:
    """On how many dates a place among peers is known."""
    found = twins.kept.read(f"select known_signals from {DATES}")
    return sum("usage_peer_rank" in known for known in found["known_signals"])


def test_use_is_compared_in_the_segment_and_of_few_in_the_company(twins: Twins) -> None:
    """The least of the large is near the bottom, though it uses more than the small one."""
    found = ranks(twins)
    assert found["a6", "2025-06-01"] < found["a5", "2025-06-01"]
    known = twins.kept.read(
        f"select segment, events_28d is not null as known from {PEERS}"
        " where snapshot_date = '2025-06-01' order by segment"
    )
    assert dict(known.itertuples(index=False)) == {
        "all": True,
        "enterprise": True,
        "mid_market": True,
        "smb": False,
    }


def test_a_change_that_peers_share_is_none_of_the_account(twins: Twins) -> None:
    """Its past is its own; what is usual is the median of its segment, of few of the company."""
    found = changes(twins)
    assert found["own_change"].nunique() > 10
    assert set(found["is_of_segment"]) == {True, False}
    assert set(found.loc[found["account_id"] == "a5", "is_of_segment"]) == {False}
    beside = (1 + found["own_change"]) / (1 + found["usual"]) - 1
    pd.testing.assert_series_equal(found["change"], beside, check_names=False)


def test_a_day_in_the_week_is_compared_with_the_week_end_before(twins: Twins) -> None:
    """A new day leaves what is compared with as it is: no week is written."""
    twins.execute(NEW_DAY)
    twins.builder.build(twins.kept, "2026-01-15", *SCORED)
    twins.kept.execute("select pg_stat_reset()")
    twins.builder.build(twins.kept, "2026-01-16", *SCORED)
    assert PEERS not in written(twins.kept)
    assert set(twins.kept.read(SCORED_DAYS)["day"]) == {"2026-01-16"}


def test_a_late_event_of_one_account_moves_the_places_of_others(twins: Twins) -> None:
    """The weeks of the others are not computed, but scored where their place is another."""
    before, changes_before = ranks(twins), changes(twins)
    twins.execute(LATE)
    twins.builder.build(twins.kept, "2026-01-16", *SCORED)
    assert set(due(twins.kept)["account_id"]) == {"a2", "a6"}
    scored = twins.kept.read(SCORED_DAYS)
    after = ranks(twins)
    moved = {key for key in after if before[key] != after[key]}
    assert {account for account, _ in moved} > {"a2"}
    assert moved <= set(scored.itertuples(index=False, name=None))
    assert scored["day"].min() == "2025-11-09"
    both = changes_before.merge(changes(twins), on=["account_id", "day"], suffixes=("_before", ""))
    assert set(both[both["own_change"] != both["own_change_before"]]["account_id"]) == {"a2"}
    assert_equal(twins, "2026-01-16")


def test_another_segment_changes_no_week_before_it_was_known(twins: Twins) -> None:
    before = ranks(twins)
    twins.execute(OUTGROWN)
    assert_equal(twins, "2026-01-28")
    after = ranks(twins)
    assert all(after[key] == before[key] for key in after if key[1] < "2026-01-16")
    segments = twins.kept.read(
        "select segment from intermediate.int_account_weeks"
        " where account_id = 'a8' order by snapshot_date"
    )["segment"]
    assert (segments.iloc[0], segments.iloc[-1]) == ("enterprise", "mid_market")


def test_an_account_that_is_gone_is_no_peer_any_more(twins: Twins) -> None:
    """Two of its segment remain and are set against the company; their own rows stay."""
    before = changes(twins)
    twins.execute(DELETED)
    assert_equal(twins, "2026-01-29")
    both = before.merge(changes(twins), on=["account_id", "day"], suffixes=("_before", ""))
    both = both[both["account_id"].isin(["a6", "a7"])]
    assert both["own_change"].equals(both["own_change_before"])
    assert set(both[both["change"] != both["change_before"]]["account_id"]) == {"a6", "a7"}


def test_other_bounds_and_other_sql_find_all_places_anew(twins: Twins) -> None:
    """What nothing of the accounts says is remembered too, and so is one more level of use."""
    twins.builder.edit("seeds/segments.csv", "enterprise,1000", "enterprise,600")
    twins.builder.edit("seeds/signal_policy.csv", ",84,3", ",84,2")
    assert_equal(twins, "2026-01-29")
    before = rows(twins.kept, SCORES)
    twins.builder.edit(REGISTRY, API_CALLS.format("false"), API_CALLS.format("true"))
    twins.builder.edit("macros/peers.sql", "0.1, 0.2,", "0.15, 0.25,")
    assert_equal(twins, "2026-01-29")
    assert rows(twins.kept, SCORES) != before


def test_levels_that_are_compared_no_more_are_forgotten_of_past_dates(twins: Twins) -> None:
    """As of a date that goes back, which leaves no later week either."""
    assert dates_with_peers(twins)
    twins.builder.edit(REGISTRY, "has_peers: true", "has_peers: false")
    twins.assert_equal("2025-12-10")
    assert rows(twins.kept, DATES) == rows(twins.anew, DATES)
    assert not dates_with_peers(twins)
    twins.builder.edit(REGISTRY, "has_peers: false", "has_peers: true")


def test_too_few_customers_have_no_peers_and_nothing_is_said(twins: Twins) -> None:
    """Not even in the whole company: a place among a handful is none."""
    twins.builder.edit("seeds/signal_policy.csv", ",84,2", ",84,9")
    assert_equal(twins, "2025-12-10")
    assert not twins.kept.read(RANKS)["rank"].notna().any()
    assert not dates_with_peers(twins)

"""What is kept is what would be made anew, only what changed is written, and old scores keep
their wording.

The tests follow each other, as the days of a company do: each finds what the one before it left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pandas as pd
import pytest

from sources import load_contract
from sources.store import create_tables
from tests.dbt.builds import ONLY_MODELS, Builder
from tests.dbt.eight_customers import fill
from tests.dbt.twins import (
    AS_OF,
    CHURNED,
    DELETED,
    ENOUGH,
    IN_PLACE,
    LATE,
    LATE_FOR_ALL,
    NEW_DAY,
    OVERRIDDEN,
    SCORED,
    SCORES,
    TERMS,
    WEEKS,
    WEEKS_ALONE,
    Twins,
    due,
    rows,
    weights,
    written,
)
from warehouse import Warehouse

pytestmark = pytest.mark.slow

# What each run makes anew: small tables beside those that change by their difference alone.
MADE_ANEW = {
    "intermediate.int_due_quarters",
    "intermediate.int_policies_in_force",
    "intermediate.int_score_inputs",
    "intermediate.int_scorecard_policies",
    "intermediate.int_scorecard_reach",
    "marts.dim_signals",
    "marts.fct_health_changes",
    "marts.fct_learned_weights",
}


@pytest.fixture(scope="module")
def twins(fresh_company: Callable[[], Warehouse], builder: Builder) -> Iterator[Twins]:
    """Both built as of AS_OF."""
    pair = Twins(builder, fresh_company(), fresh_company())
    pair.builder.edit(*ENOUGH)
    for warehouse in (pair.kept, pair.anew):
        create_tables(warehouse, load_contract())
        fill(warehouse)
        warehouse.execute(CHURNED)
    pair.assert_equal(AS_OF)
    yield pair


def test_a_run_in_which_nothing_changed_writes_no_row(twins: Twins) -> None:
    """Work that is not proportional to what is new makes a large company wait for nothing."""
    learned = twins.kept.read(f"select * from {SCORES} where scorecard = 'learned_004'")
    assert not learned.empty
    twins.kept.execute("select pg_stat_reset()")
    twins.builder.build(twins.kept, AS_OF, *SCORED)
    assert set(written(twins.kept)) <= MADE_ANEW
    assert due(twins.kept).empty
    assert twins.kept.read("select * from intermediate.int_due_scores").empty


def test_a_new_day_computes_that_day(twins: Twins) -> None:
    """That what it has computed is right is seen by the next comparison."""
    twins.execute(NEW_DAY)
    twins.execute(OVERRIDDEN)
    twins.builder.build(twins.kept, "2026-01-15", *WEEKS_ALONE)
    twins.builder.build(twins.kept, "2026-01-16", *WEEKS_ALONE)
    assert set(due(twins.kept)["day"]) == {"2026-01-16"}


def test_late_facts_are_computed_from_their_day_on(twins: Twins) -> None:
    """The build is killed between its two halves: what was half remembered is done again."""
    twins.execute(LATE)
    twins.builder.build(twins.kept, "2026-01-16", "--select", "+int_account_weeks", *ONLY_MODELS)
    assert due(twins.kept).groupby("account_id")["day"].min().to_dict() == {
        "a2": "2025-11-09",
        "a6": "2025-12-07",
    }


def test_what_a_killed_build_has_computed_is_scored_by_the_next(twins: Twins) -> None:
    """The weeks remember that they are done: nothing but their list says what is unscored."""
    twins.assert_equal("2026-01-16")


def test_a_day_that_an_outage_had_hidden_concerns_all_accounts(twins: Twins) -> None:
    """One late event of one account splits the outage that all accounts were read by."""
    twins.execute(LATE_FOR_ALL)
    twins.assert_equal("2026-01-17")
    assert due(twins.kept)["day"].min() == "2025-08-10"


CHANGED = [("Usage,40,", "Usage,45,"), ("Performance,30,", "Performance,25,")]


def edit_seed(twins: Twins, changes: list[tuple[str, str]]) -> None:
    """Change the pillars' weights of playbook 001."""
    for old, new in changes:
        twins.builder.edit(
            "seeds/scorecards.csv", f"playbook_001,all,{old}", f"playbook_001,all,{new}"
        )


def test_a_changed_policy_scores_from_its_day_on(twins: Twins) -> None:
    """An old score that is made anew by today's wording is one that no one has ever acted on."""
    edit_seed(twins, CHANGED)
    twins.kept.execute("select pg_stat_reset()")
    twins.assert_equal("2026-01-17")
    of_the_day = twins.kept.read(
        f"select account_id from {SCORES}"
        " where snapshot_date = '2026-01-17' and scorecard = 'playbook_001'"
    )
    assert written(twins.kept)[SCORES] == len(of_the_day)
    changes = twins.kept.read(
        "select distinct scorecard from marts.fct_health_changes"
        " where change = 'policy' and scorecard != 'learned_004'"
    )
    assert changes["scorecard"].tolist() == ["playbook_001"]


def test_a_change_in_place_changes_no_week_before_it_was_known(twins: Twins) -> None:
    """Today's renewal date, seats and sponsor on an old week would tell the model its future."""
    before = twins.kept.read(TERMS)
    twins.execute(IN_PLACE)
    twins.builder.build(twins.kept, "2026-01-28", *WEEKS_ALONE)
    after = twins.kept.read(TERMS)
    old = after["snapshot_date"] < pd.Timestamp("2026-01-19")
    pd.testing.assert_frame_equal(
        before[before["snapshot_date"].isin(after[old]["snapshot_date"])].reset_index(drop=True),
        after[old & after["snapshot_date"].isin(before["snapshot_date"])].reset_index(drop=True),
    )
    newest = after[after["snapshot_date"] == pd.Timestamp("2026-01-25")].set_index("account_id")
    assert newest.loc["a2", "seats"] == 27
    assert newest.loc["a6", "sponsor_present"] == 1


def test_a_deleted_row_leaves_no_trace(twins: Twins) -> None:
    """Scores follow rows that change in place or disappear."""
    twins.execute(DELETED)
    twins.assert_equal("2026-01-29")
    for relation in ("marts.account_snapshots", SCORES):
        accounts = twins.kept.read(f"select distinct account_id from {relation}")["account_id"]
        assert set(accounts) == {f"a{n}" for n in range(1, 9) if n != 5}
    assert weights(twins.kept)["40"][1] == "2026-01-11"
    assert weights(twins.kept)["45"] == ["2026-01-18", "2026-01-29"]


def test_an_as_of_date_that_goes_back_scores_by_the_wording_of_then(twins: Twins) -> None:
    """Into an earlier quarter: what was learned for one that has not begun is gone as well."""
    twins.assert_equal("2025-12-10")
    learned = twins.kept.read("select max(quarter_start)::text from marts.fct_learned_weights")
    assert learned.iloc[0, 0] == "2025-10-01"
    assert set(weights(twins.kept)) == {"40"}


def test_a_policy_that_comes_back_is_adopted_again(twins: Twins) -> None:
    edit_seed(twins, [(new, old) for old, new in CHANGED])
    twins.assert_equal("2026-01-29")
    assert weights(twins.kept)["40"][1] == "2026-01-29"
    assert weights(twins.kept)["45"] == ["2026-01-18", "2026-01-25"]
    versions = rows(twins.kept, "marts.dim_score_policies")
    assert sum(version.startswith("(playbook_001") for version in versions) == 2


def test_scores_of_a_wording_with_a_signal_that_is_no_more_stay(twins: Twins) -> None:
    """A signal that leaves the registry must neither stop a run nor empty the past."""
    before = rows(twins.kept, SCORES)
    twins.kept.execute(
        "update marts.dim_score_policies set signals[1] = 'gone' where policy_version in"
        f" (select policy_version from {SCORES}"
        " where scorecard = 'playbook_001' and snapshot_date = '2026-01-25')"
    )
    twins.builder.build(twins.kept, "2026-01-29", *SCORED, "--full-refresh")
    assert rows(twins.kept, SCORES) == before


def test_a_dated_adoption_scores_history_anew(twins: Twins) -> None:
    """While weights are being found on a fresh company, all weeks should show the newest."""
    seed = twins.builder.project / "seeds/scorecard_adoptions.csv"
    seed.write_text(seed.read_text() + "playbook_001,-infinity,Weights are being calibrated\n")
    twins.builder.manifest = None
    twins.builder.build(twins.kept, "2026-01-29", *SCORED)
    assert set(weights(twins.kept)) == {"40"}


def test_an_as_of_date_may_go_back_to_a_week_end(twins: Twins) -> None:
    twins.assert_equal("2026-01-18", known="2026-01-28T00:00:00Z", has_scores=False)
    snapshots = twins.kept.read(
        "select account_id, snapshot_date, is_latest from marts.account_snapshots"
    )
    assert not snapshots.duplicated(["account_id", "snapshot_date"]).any()
    latest = snapshots.loc[snapshots["is_latest"], "snapshot_date"].unique()
    assert [pd.Timestamp(day).date() for day in latest] == [date(2026, 1, 18)]


def test_what_was_known_earlier_can_be_asked_again(twins: Twins) -> None:
    twins.assert_equal("2026-01-18", known="2026-01-16T00:00:00Z", has_scores=False)


def test_a_changed_seed_and_changed_sql_make_weeks_due(twins: Twins) -> None:
    """All that was not known to the build before is due as well."""
    twins.builder.edit("seeds/health_policy.csv", *stale_after(twins.builder, days=3))
    twins.assert_equal("2026-01-18", has_scores=False)
    sql = "models/intermediate/value/int_onboarding_signals.sql"
    twins.builder.edit(sql, "steps.planned_date < snapshots", "steps.planned_date <= snapshots")
    twins.assert_equal("2026-01-18", has_scores=False)
    every = twins.kept.read("select count(*) from intermediate.int_snapshot_dates").iloc[0, 0]
    assert len(due(twins.kept)) == every


def test_a_signal_that_is_new_is_filled_for_all_weeks(twins: Twins) -> None:
    """A home of an earlier version has weeks without it, and a model would learn that from them."""
    before = rows(twins.kept, "marts.account_snapshots")
    for relation in WEEKS:
        twins.kept.execute(f"alter table {relation} drop column ticket_spike_28d cascade")
    sql = "models/intermediate/support/int_support_signals.sql"
    twins.builder.edit(sql, "-- Grain: one row", "-- Grain: a row")
    twins.builder.build(twins.kept, "2026-01-18", *WEEKS_ALONE)
    assert rows(twins.kept, "marts.account_snapshots") == before


def test_an_edit_of_what_says_which_signals_are_known_concerns_all_dates(twins: Twins) -> None:
    """What keeps its rows of before would go on saying that the signal is known."""
    known = "select bool_or('seats' = any(known_signals)) from intermediate.int_signal_dates"
    assert twins.kept.read(known).iloc[0, 0]
    sql = "models/intermediate/signals/int_signal_dates.sql"
    twins.builder.edit(sql, "]::text[], null) as known", "]::text[], 'seats') as known")
    twins.builder.build(twins.kept, "2026-01-18", "--select", "int_signal_dates", *ONLY_MODELS)
    assert not twins.kept.read(known).iloc[0, 0]


def stale_after(builder: Builder, *, days: int) -> tuple[str, str]:
    """The policy's row as it is, and with another number of days after which use is stale."""
    header, row = (builder.project / "seeds/health_policy.csv").read_text().splitlines()
    cells = row.split(",")
    cells[header.split(",").index("usage_stale_after_days")] = str(days)
    return row, ",".join(cells)

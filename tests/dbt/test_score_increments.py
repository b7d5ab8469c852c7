"""Scores that are kept are those that would be made anew, and old ones keep their wording."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from sources import load_contract
from sources.store import create_tables
from tests.dbt.builds import ONLY_MODELS, Builder
from tests.dbt.eight_customers import fill
from tests.dbt.test_account_weeks import DELETED, IN_PLACE, LATE, NEW_DAY, Twins, written
from warehouse import Warehouse

pytestmark = pytest.mark.slow

AS_OF = "2026-01-14"
SCORES = "marts.fct_health_scores"
KEPT = ["intermediate.int_account_weeks", "intermediate.int_account_today", SCORES]
COMPARED = [
    SCORES,
    "marts.fct_health_contributions",
    "marts.fct_health_changes",
    "marts.dim_score_policies",
    "marts.fct_learned_weights",
    "intermediate.int_policy_adoptions",
    "intermediate.int_signal_coverage",
]
# What only ever changes by its difference; the small tables beside it are made anew.
DIFFERING = {
    *KEPT,
    "marts.dim_score_policies",
    "intermediate.int_policy_adoptions",
    "intermediate.int_scores_built",
    "intermediate.int_unscored_snapshots",
    "intermediate.int_weeks_built",
}
SELECTION = ["--select", "+fct_health_changes", "fct_health_contributions", *ONLY_MODELS]

# Two who leave in time for their weeks to be learned from, where one is enough.
CHURNED = """
update billing.subscriptions set ended_at = '2025-09-10 00:00Z'
where subscription_id in ('s1-1', 's2-1')
"""
ENOUGH = ("seeds/learned_weights_policy.csv", ",50,30", ",50,1")


def table(warehouse: Warehouse, relation: str) -> pd.DataFrame:
    """Every row as text, so that a difference in the last bit shows."""
    return warehouse.read(f"select made::text as row from {relation} as made order by row")


def build(twins: Twins, as_of_date: str) -> None:
    """Build one by increments and the other anew, and compare every row."""
    twins.builder.build(twins.kept, as_of_date, *SELECTION)
    for relation in KEPT:
        twins.anew.execute(f"drop table if exists {relation} cascade")
    twins.builder.build(twins.anew, as_of_date, *SELECTION, "--full-refresh")
    for relation in COMPARED:
        kept, anew = table(twins.kept, relation), table(twins.anew, relation)
        assert not anew.empty, relation
        differing = pd.concat([kept, anew]).drop_duplicates(keep=False)["row"]
        assert differing.empty, (relation, len(differing), differing.head(4).tolist())


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


@pytest.fixture(scope="module")
def twins(fresh_company: Callable[[], Warehouse], builder: Builder) -> Iterator[Twins]:
    """Both built as of AS_OF."""
    pair = Twins(builder, fresh_company(), fresh_company())
    pair.builder.edit(*ENOUGH)
    for warehouse in (pair.kept, pair.anew):
        create_tables(warehouse, load_contract())
        fill(warehouse)
        warehouse.execute(CHURNED)
    build(pair, AS_OF)
    yield pair


# The tests follow each other, as the days of a company do: each finds what the one before it left.


def test_a_run_in_which_nothing_changed_writes_no_score(twins: Twins) -> None:
    """Scores of all weeks are the largest part of a warehouse that is rewritten for nothing."""
    learned = twins.kept.read(f"select * from {SCORES} where scorecard = 'learned_004'")
    assert not learned.empty
    twins.kept.execute("select pg_stat_reset()")
    twins.builder.build(twins.kept, AS_OF, *SELECTION)
    assert not DIFFERING & set(written(twins.kept))
    assert twins.kept.read("select * from intermediate.int_due_scores").empty


OVERRIDDEN = """
with known as (select timestamptz '2026-01-17 06:00Z' as at), superseded as (
    update success.health_overrides set _superseded_at = known.at from known
    where override_id = 'h6'
)
insert into success.health_overrides (override_id, account_id, score, reason, author, set_at,
    expires_at, _recorded_at)
select 'late', 'a2', 55, 'Late', 'c', '2025-07-10 00:00Z', '2025-08-10 00:00Z', at from known
"""


def test_what_a_killed_build_has_computed_is_scored_by_the_next(twins: Twins) -> None:
    """The weeks remember that they are done: nothing but their list says what is unscored."""
    for change in (NEW_DAY, LATE, OVERRIDDEN):
        twins.execute(change)
    twins.builder.build(twins.kept, "2026-01-17", "--select", "+int_account_weeks", *ONLY_MODELS)
    build(twins, "2026-01-17")


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
    build(twins, "2026-01-17")
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


def test_scores_follow_rows_that_change_in_place_or_disappear(twins: Twins) -> None:
    twins.execute(IN_PLACE)
    twins.execute(DELETED)
    build(twins, "2026-01-29")
    accounts = twins.kept.read(f"select distinct account_id from {SCORES}")["account_id"]
    assert "a5" not in set(accounts)
    assert weights(twins.kept)["40"][1] == "2026-01-11"
    assert weights(twins.kept)["45"] == ["2026-01-18", "2026-01-29"]


def test_an_as_of_date_that_goes_back_scores_by_the_wording_of_then(twins: Twins) -> None:
    build(twins, "2026-01-16")
    assert set(weights(twins.kept)) == {"40"}


def test_a_policy_that_comes_back_is_adopted_again(twins: Twins) -> None:
    edit_seed(twins, [(new, old) for old, new in CHANGED])
    build(twins, "2026-01-29")
    assert weights(twins.kept)["40"][1] == "2026-01-29"
    assert weights(twins.kept)["45"] == ["2026-01-18", "2026-01-25"]
    versions = table(twins.kept, "marts.dim_score_policies")["row"]
    assert versions.str.startswith("(playbook_001").sum() == 2


def test_scores_of_a_wording_with_a_signal_that_is_no_more_stay(twins: Twins) -> None:
    """A signal that leaves the registry must neither stop a run nor empty the past."""
    before = table(twins.kept, SCORES)
    twins.kept.execute(
        "update marts.dim_score_policies set signals[1] = 'gone' where policy_version in"
        f" (select policy_version from {SCORES}"
        " where scorecard = 'playbook_001' and snapshot_date = '2026-01-25')"
    )
    twins.builder.build(twins.kept, "2026-01-29", *SELECTION, "--full-refresh")
    pd.testing.assert_frame_equal(before, table(twins.kept, SCORES))


def test_a_dated_adoption_scores_history_anew(twins: Twins) -> None:
    """While weights are being found on a fresh company, all weeks should show the newest."""
    seed = twins.builder.project / "seeds/scorecard_adoptions.csv"
    seed.write_text(seed.read_text() + "playbook_001,-infinity,Weights are being calibrated\n")
    twins.builder.manifest = None
    twins.builder.build(twins.kept, "2026-01-29", *SELECTION)
    assert set(weights(twins.kept)) == {"40"}

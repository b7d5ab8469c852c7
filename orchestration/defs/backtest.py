"""Scorecards on trial: how rightly each ranked the accounts that churned later."""

import dagster as dg
import pandas as pd

from ml.backtest import BACKTEST_COLUMNS, BacktestPolicy, BacktestRows, assemble, backtest
from ml.models.boosting import LIGHTGBM
from ml.pipeline import ModelFilesMissing
from ml.targets.churn import TARGET
from ml.targets.target import KEYS
from orchestration.defs.predictions import MODELS, SCORES, SNAPSHOTS, open_registry
from orchestration.lib import signatures
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import RunRequest, code_version, resolved_run
from warehouse import Settings, Warehouse

BACKTEST = dg.AssetKey(["ml", "scorecard_backtest"])
JUDGED_BY = [
    MODELS,
    SNAPSHOTS,
    SCORES,
    dg.AssetKey(["marts", "customer_health_history"]),
    dg.AssetKey(["marts", TARGET.outcomes]),
    *(
        dg.AssetKey(["seeds", name])
        for name in (
            "backtest_policy",
            "prediction_policy",
            "health_policy",
            "health_tiers",
            "scorecard_rules",
        )
    ),
]

POLICY_SQL = """
select backtest_policy.*, prediction_policy.horizon_days
from seeds.backtest_policy
cross join seeds.prediction_policy
where prediction_policy.target = 'churn'
"""

# The last week-end of each month whose outcome is known.
DATES_SQL = """
with dates as (
    select max(snapshot_date) as snapshot_date
    from marts.fct_churn_outcomes
    where
        churned_within_horizon is not null
        and snapshot_date > (
            select max(snapshots.snapshot_date) - max(policy.months_back) * interval '1 month'
            from marts.account_snapshots as snapshots
            cross join seeds.backtest_policy as policy
            where snapshots.is_latest
        )
    group by date_trunc('month', snapshot_date)
)
"""
OUTCOMES_SQL = f"""{DATES_SQL}
select
    outcomes.account_id,
    outcomes.snapshot_date,
    outcomes.churned_within_horizon as churned,
    outcomes.churn_date,
    snapshots.mrr,
    snapshots.days_to_renewal,
    snapshots.active_user_change_56d as usage_slope
from marts.fct_churn_outcomes as outcomes
inner join dates on outcomes.snapshot_date = dates.snapshot_date
inner join marts.account_snapshots as snapshots
    on
        outcomes.account_id = snapshots.account_id
        and outcomes.snapshot_date = snapshots.snapshot_date
"""
SCORES_SQL = f"""{DATES_SQL}
select
    scores.account_id,
    scores.snapshot_date,
    scores.scorecard,
    scores.health_score,
    case when scores.scorecard = policy.default_scorecard then tiers.lower_bound end as tier_bound
from marts.customer_health_history as scores
inner join dates on scores.snapshot_date = dates.snapshot_date
cross join seeds.health_policy as policy
left join seeds.health_tiers as tiers
    on
        scores.scorecard = tiers.scorecard
        and scores.tier = tiers.tier
"""


def out_of_time(warehouse: Warehouse, settings: Settings) -> pd.DataFrame:
    """What the churn champion predicted of accounts and weeks that it had not seen."""
    registry = open_registry(warehouse, settings, TARGET)
    version = registry.champion()
    try:
        rows = registry.load(version).out_of_time if version else None
    except ModelFilesMissing:
        rows = None
    if rows is None:
        return pd.DataFrame(columns=[*KEYS, "probability"])
    return rows[[*KEYS, LIGHTGBM]].rename(columns={LIGHTGBM: "probability"})


def read_rows(warehouse: Warehouse, settings: Settings) -> list[BacktestRows]:
    """What is tried: the accounts and dates of each set, and what every predictor said of them."""
    scorecards = warehouse.read("select scorecard from seeds.scorecard_rules order by scorecard")
    return assemble(
        warehouse.read(OUTCOMES_SQL),
        warehouse.read(SCORES_SQL),
        out_of_time(warehouse, settings),
        scorecards["scorecard"].tolist(),
    )


def run_backtest(warehouse: Warehouse, settings: Settings) -> pd.DataFrame:
    """The trial on what the marts hold; replaces ml.scorecard_backtest and returns its rows."""
    policy = BacktestPolicy.from_frame(warehouse.read(POLICY_SQL))
    found = backtest(read_rows(warehouse, settings), policy)
    warehouse.replace_table("ml.scorecard_backtest", found[BACKTEST_COLUMNS])
    return found


@dg.multi_asset(
    name="backtest_scorecards",
    specs=[
        dg.AssetSpec(
            BACKTEST,
            deps=JUDGED_BY,
            description=(
                "One row per set of rows and predictor: AUC, lift and early money of each "
                "scorecard, the churn model and plain rules, on the same accounts and dates."
            ),
            group_name="predictions",
            owners=["team:data-science"],
            kinds={"python"},
        )
    ],
)
def backtest_scorecards(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, request: RunRequest
) -> dg.MaterializeResult:
    """Try the scorecards on what is known by now of the past; skipped while nothing changed."""
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, as_of = resolved_run(warehouse, companies.settings, context, request)
        signature = signatures.built_from(warehouse, JUDGED_BY, [code_version(), as_of])
        name = signatures.asset_name(BACKTEST)
        if run.is_known_as_of_given or signatures.is_current(warehouse, run, name, signature):
            return signatures.unchanged(BACKTEST, signature)
        signatures.forget(warehouse, [name])
        found = run_backtest(warehouse, companies.settings)
        signatures.record(warehouse, {name: signature}, run.run_id)
    proven = found[found["is_proven"].astype(bool)]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(found),
            "unproven": int(len(found) - len(proven)),
            **{
                f"{row_set}_auc_{predictor}": float(auc)
                for row_set, predictor, auc in proven[["row_set", "predictor", "auc"]].itertuples(
                    index=False
                )
            },
        }
    )

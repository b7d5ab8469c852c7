"""Churn: train a challenger and promote it if it is better; score open accounts."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from ml.churn import score_company, train_company
from ml.registry import ChurnRegistry
from orchestration.defs.leaks import SUSPECTS
from orchestration.lib.company import as_of_date
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from warehouse import Settings, Warehouse

MODELS = dg.AssetKey(["ml", "churn_models"])
EVALUATIONS = dg.AssetKey(["ml", "churn_evaluations"])
PREDICTIONS = dg.AssetKey(["ml", "churn_predictions"])
SNAPSHOTS = dg.AssetKey(["marts", "account_snapshots"])
SCORES = dg.AssetKey(["marts", "fct_health_scores"])
OUTCOMES = dg.AssetKey(["marts", "fct_churn_outcomes"])
SIGNALS = dg.AssetKey(["marts", "dim_signals"])
POLICY = dg.AssetKey(["seeds", "churn_model_policy"])
LEAK_POLICY = dg.AssetKey(["seeds", "leak_policy"])
HEALTH_POLICY = dg.AssetKey(["seeds", "health_policy"])
POLICIES = [POLICY, LEAK_POLICY, HEALTH_POLICY]
TRAINED_ON = [SNAPSHOTS, SCORES, OUTCOMES, SIGNALS, *POLICIES, SUSPECTS]

SNAPSHOTS_SQL = """
select snapshots.*, scores.health_score
from marts.account_snapshots as snapshots
left join marts.fct_health_scores as scores
    on
        snapshots.account_id = scores.account_id
        and snapshots.snapshot_date = scores.snapshot_date
        and scores.scorecard = (select default_scorecard from seeds.health_policy)
where snapshots.is_open
"""
LATEST_SNAPSHOTS_SQL = f"{SNAPSHOTS_SQL} and snapshots.is_latest"
OUTCOMES_SQL = "select * from marts.fct_churn_outcomes"
SIGNALS_SQL = "select * from marts.dim_signals order by position"
POLICY_SQL = "select * from seeds.churn_model_policy cross join seeds.leak_policy"


def open_registry(warehouse: Warehouse, settings: Settings) -> ChurnRegistry:
    """The company's models in MLflow."""
    tracking_uri = warehouse.ensure_database(settings.mlflow_database)
    return ChurnRegistry(settings.company, tracking_uri, settings.mlflow_artifacts)


@dg.multi_asset(
    name="train_churn_model",
    specs=[
        dg.AssetSpec(
            MODELS,
            deps=TRAINED_ON,
            description="One row per trained churn model; one row saying why when there is none.",
            group_name="churn",
            owners=["team:data-science"],
            kinds={"lightgbm", "mlflow"},
        ),
        dg.AssetSpec(
            EVALUATIONS,
            deps=TRAINED_ON,
            description="One row per model version, predictor and metric, out of time.",
            group_name="churn",
            owners=["team:data-science"],
            kinds={"python", "mlflow"},
        ),
    ],
)
def train_churn_model(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse
) -> Iterator[dg.MaterializeResult]:
    """Train unless the same model is registered; replace the tables that describe all models."""
    with retried_on_connection_loss(), companies.open() as warehouse:
        training = train_company(
            open_registry(warehouse, companies.settings),
            snapshots=warehouse.read(SNAPSHOTS_SQL),
            outcomes=warehouse.read(OUTCOMES_SQL),
            signals=warehouse.read(SIGNALS_SQL),
            policy=warehouse.read(POLICY_SQL),
            as_of_date=as_of_date(warehouse, companies.settings),
        )
        warehouse.replace_tables(
            {"ml.churn_models": training.models, "ml.churn_evaluations": training.evaluations}
        )
    context.log.info(training.summary)
    yield dg.MaterializeResult(
        asset_key=MODELS,
        metadata={
            "summary": training.summary,
            "champion": training.champion_version or "none",
            "reused": training.is_reused,
            "left_out_features": training.left_out_features,
        },
    )
    auc = training.evaluations.query("metric == 'auc'").set_index("predictor")["metric_value"]
    yield dg.MaterializeResult(
        asset_key=EVALUATIONS,
        metadata={f"auc_{predictor}": float(value) for predictor, value in auc.items()},
    )


@dg.multi_asset(
    name="score_churn",
    specs=[
        dg.AssetSpec(
            PREDICTIONS,
            deps=[MODELS, SNAPSHOTS, SCORES, SIGNALS, *POLICIES],
            description="One row per open account: churn probability and its drivers, as of a day.",
            group_name="churn",
            owners=["team:data-science"],
            kinds={"python", "mlflow"},
        )
    ],
)
def score_churn(companies: CompanyWarehouse) -> dg.MaterializeResult:
    """Score with the champion; no champion leaves the table empty, and the score stands alone."""
    with retried_on_connection_loss(), companies.open() as warehouse:
        predictions = score_company(
            open_registry(warehouse, companies.settings),
            snapshots_latest=warehouse.read(LATEST_SNAPSHOTS_SQL),
            signals=warehouse.read(SIGNALS_SQL),
            policy=warehouse.read(POLICY_SQL),
            as_of_date=as_of_date(warehouse, companies.settings),
        )
        predictions = predictions.assign(scored_at=datetime.now(UTC))
        warehouse.replace_table("ml.churn_predictions", predictions)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(predictions)})


CHURN_MODEL_KEYS = [MODELS, EVALUATIONS]
churn_assets = [train_churn_model, score_churn]

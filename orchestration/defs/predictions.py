"""Predictions, target by target: train a challenger, promote it if better; score open accounts."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pandas as pd

from ml.pipeline import Registry, Scoring, Training, score, train, usable
from ml.serving.registry import ModelRegistry
from ml.targets import TARGETS, Target
from orchestration.defs.leaks import SUSPECTS
from orchestration.lib import signatures
from orchestration.lib.catalog import read_tables
from orchestration.lib.new_to_learn import (
    Champion,
    LearntFrom,
    is_nothing_new,
    nothing_new_in_words,
    rows_digest,
    state_name,
)
from orchestration.lib.ports import mlflow_page
from orchestration.lib.previews import calibration_preview
from orchestration.lib.progress import NOTES
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import Run, RunRequest, code_version, resolved_run
from warehouse import Settings, Warehouse
from warehouse.plain_text import log_line

MODELS = dg.AssetKey(["ml", "models"])
EVALUATIONS = dg.AssetKey(["ml", "evaluations"])
PREDICTIONS = dg.AssetKey(["ml", "predictions"])
SNAPSHOTS = dg.AssetKey(["marts", "account_snapshots"])
SCORES = dg.AssetKey(["marts", "fct_health_scores"])
OUTCOMES = [dg.AssetKey(["marts", target.outcomes]) for target in TARGETS]
SIGNALS = dg.AssetKey(["marts", "dim_signals"])
POLICY = dg.AssetKey(["seeds", "prediction_policy"])
LEAK_POLICY = dg.AssetKey(["seeds", "leak_policy"])
HEALTH_POLICY = dg.AssetKey(["seeds", "health_policy"])
POLICIES = [POLICY, LEAK_POLICY, HEALTH_POLICY]
TRAINED_ON = [SNAPSHOTS, SCORES, *OUTCOMES, SIGNALS, *POLICIES, SUSPECTS]
SCORED_ON = [MODELS, SNAPSHOTS, SCORES, SIGNALS, *POLICIES]
MODEL_KEYS = [MODELS, EVALUATIONS]

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
SIGNALS_SQL = "select * from marts.dim_signals order by position"
POLICY_SQL = """
select * from seeds.prediction_policy cross join seeds.leak_policy
where prediction_policy.target = %(target)s
"""
NEWEST_DIGEST_SQL = """
select input_digest
from ml.predictions
where
    target = %(target)s
    and horizon_days = (
        select horizon_days from seeds.prediction_policy where target = %(target)s
    )
    and as_of_date = %(as_of_date)s
order by scored_at desc, run_id desc
limit 1
"""


def open_registry(warehouse: Warehouse, settings: Settings, target: Target) -> ModelRegistry:
    """The company's models of one target, in MLflow."""
    tracking_uri = warehouse.ensure_database(settings.mlflow_database)
    return ModelRegistry(target, settings.company, tracking_uri, settings.mlflow_artifacts)


def read_learnt_from(warehouse: Warehouse, target: Target) -> LearntFrom:
    """What a target's training would read now."""
    return LearntFrom(
        rows_digest(warehouse, target, SNAPSHOTS_SQL),
        warehouse.read(SIGNALS_SQL).to_dict("records"),
        warehouse.read(POLICY_SQL, {"target": target.name}).to_dict("records"),
    )


def usable_champion(registry: Registry) -> Champion | None:
    """The version that serves, if its files are there."""
    version = registry.champion()
    candidate = usable(registry, version) if version else None
    if candidate is None:
        return None
    return Champion(candidate.version, date.fromisoformat(candidate.model.trained_as_of_date))


def train_if_new(
    warehouse: Warehouse, settings: Settings, target: Target, as_of: date, run: Run
) -> Training | str:
    """Train one target's model; a sentence instead where there is nothing new to learn from."""
    learnt_from = read_learnt_from(warehouse, target)
    champion = usable_champion(open_registry(warehouse, settings, target))
    name = state_name(target)
    recorded = None if run.is_full_refresh else signatures.recorded(warehouse).get(name)
    if champion and is_nothing_new(learnt_from, recorded, champion, as_of):
        return nothing_new_in_words(target, champion)
    signatures.forget(warehouse, [name])
    training = train_target(warehouse, settings, target, as_of)
    learnt = {name: learnt_from.digest(training.champion_version)}
    signatures.record(warehouse, learnt, run.run_id)
    return training


def train_target(warehouse: Warehouse, settings: Settings, target: Target, as_of: date) -> Training:
    """Train one target's model and replace its rows of the tables that describe models."""
    training = train(
        target,
        open_registry(warehouse, settings, target),
        snapshots=warehouse.read(SNAPSHOTS_SQL),
        outcomes=warehouse.read(f"select * from marts.{target.outcomes}"),
        signals=warehouse.read(SIGNALS_SQL),
        policy=warehouse.read(POLICY_SQL, {"target": target.name}),
        as_of_date=as_of,
    )
    warehouse.replace_tables(
        {"ml.models": training.models, "ml.evaluations": training.evaluations},
        where={"target": target.name},
    )
    return training


def run_links(
    warehouse: Warehouse, settings: Settings, trainings: Mapping[str, Training]
) -> dict[str, dg.UrlMetadataValue]:
    """The MLflow runs behind each target's champion and challenger, as links."""
    links = {}
    for target in TARGETS:
        training = trainings.get(target.name)
        if training is None:
            continue
        registry = open_registry(warehouse, settings, target)
        for role, version in (
            ("champion", training.champion_version),
            ("challenger", training.challenger_version),
        ):
            if version:
                page = mlflow_page(registry.run_path(version))
                links[f"{target.name}_{role}_in_mlflow"] = dg.MetadataValue.url(page)
    return links


def score_target(
    warehouse: Warehouse, settings: Settings, target: Target, as_of: date, run_id: str
) -> Scoring:
    """Score the open accounts and append the predictions under the run's name.

    A step that runs again within one run puts its rows in the place of its earlier ones; a run
    in which nothing changed appends none.
    """
    newest = warehouse.read(NEWEST_DIGEST_SQL, {"target": target.name, "as_of_date": as_of})
    scoring = score(
        target,
        open_registry(warehouse, settings, target),
        snapshots_latest=warehouse.read(LATEST_SNAPSHOTS_SQL),
        signals=warehouse.read(SIGNALS_SQL),
        policy=warehouse.read(POLICY_SQL, {"target": target.name}),
        as_of_date=as_of,
        newest_digest=None if newest.empty else newest["input_digest"].iloc[0],
    )
    if scoring.models is not None:
        warehouse.replace_rows("ml.models", scoring.models, where={"target": target.name})
    if not scoring.predictions.empty:
        append_predictions(warehouse, scoring.predictions, run_id)
    return scoring


def append_predictions(
    warehouse: Warehouse, predictions: pd.DataFrame, run_id: str, table: str = "ml.predictions"
) -> None:
    """Append one target's predictions by one model; in the place of the run's own, if any."""
    first = predictions.iloc[0]
    key = {
        name: first[name] for name in ("target", "horizon_days", "as_of_date", "model_version")
    } | {"run_id": run_id}
    rows = predictions.assign(run_id=run_id, scored_at=datetime.now(UTC))
    warehouse.replace_rows(table, rows, where=_plain(key))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.item() if hasattr(value, "item") else value for name, value in values.items()
    }


@dg.multi_asset(
    name="train_models",
    specs=[
        dg.AssetSpec(
            MODELS,
            deps=TRAINED_ON,
            description=(
                "One row per target and trained model; one row saying why where there is none."
            ),
            group_name="predictions",
            owners=["team:data-science"],
            kinds={"lightgbm", "mlflow"},
        ),
        dg.AssetSpec(
            EVALUATIONS,
            deps=TRAINED_ON,
            description="One row per target, model version, predictor and metric, out of time.",
            group_name="predictions",
            owners=["team:data-science"],
            kinds={"python", "mlflow"},
        ),
    ],
)
def train_models(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, request: RunRequest
) -> Iterator[dg.MaterializeResult]:
    """Train each target's model unless there is nothing new to learn from."""
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, as_of = resolved_run(warehouse, companies.settings, context, request)
        signature = signatures.built_from(warehouse, TRAINED_ON, [code_version(), as_of])
        names = [signatures.asset_name(key) for key in MODEL_KEYS]
        # Looking back at what was known then must not change the model that serves now.
        if run.is_known_as_of_given or signatures.is_current(warehouse, run, names[0], signature):
            yield from (signatures.unchanged(key, signature) for key in MODEL_KEYS)
            return
        signatures.forget(warehouse, names)
        ended = {
            target.name: train_if_new(warehouse, companies.settings, target, as_of, run)
            for target in TARGETS
        }
        signatures.record(warehouse, dict.fromkeys(names, signature), run.run_id)
    trainings = {name: end for name, end in ended.items() if isinstance(end, Training)}
    notes = [end for end in ended.values() if isinstance(end, str)]
    for note in notes:
        context.log.info(log_line(note))
    if not trainings:
        yield signatures.unchanged(MODELS, signature, {NOTES: notes})
        yield signatures.unchanged(EVALUATIONS, signature)
        return
    with retried_on_connection_loss(), companies.open() as warehouse:
        tables = read_tables(warehouse)
        links = run_links(warehouse, companies.settings, trainings)
    for training in trainings.values():
        context.log.info(log_line(training.summary))
    yield dg.MaterializeResult(
        asset_key=MODELS,
        metadata={
            **tables["ml/models"].metadata(),
            **links,
            NOTES: notes,
            **{
                name: {
                    "summary": training.summary,
                    "champion": training.champion_version or "none",
                    "reused": training.is_reused,
                    "left_out_features": training.left_out_features,
                }
                for name, training in trainings.items()
            },
        },
    )
    evaluations = pd.concat([training.evaluations for training in trainings.values()])
    auc = evaluations[evaluations["metric"] == "auc"]
    yield dg.MaterializeResult(
        asset_key=EVALUATIONS,
        metadata={
            **tables["ml/evaluations"].metadata(),
            **{
                f"{name}_calibration": dg.MetadataValue.md(
                    calibration_preview(training.calibration)
                )
                for name, training in trainings.items()
            },
            **{
                f"{target}_auc_{predictor}": float(value)
                for target, predictor, value in auc[
                    ["target", "predictor", "metric_value"]
                ].itertuples(index=False)
            },
        },
    )


@dg.multi_asset(
    name="score_accounts",
    specs=[
        dg.AssetSpec(
            PREDICTIONS,
            deps=SCORED_ON,
            description=(
                "One row per target, as-of date, open account, model version and run: a "
                "probability and its drivers. Rows are appended, never overwritten."
            ),
            group_name="predictions",
            owners=["team:data-science"],
            kinds={"python", "mlflow"},
        )
    ],
)
def score_accounts(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, request: RunRequest
) -> dg.MaterializeResult:
    """Score with each target's champion; without one the health score stands alone."""
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, as_of = resolved_run(warehouse, companies.settings, context, request)
        signature = signatures.built_from(warehouse, SCORED_ON, [code_version(), as_of])
        name = signatures.asset_name(PREDICTIONS)
        if run.is_known_as_of_given or signatures.is_current(warehouse, run, name, signature):
            return signatures.unchanged(PREDICTIONS, signature)
        signatures.forget(warehouse, [name])
        scorings = {
            target.name: score_target(warehouse, companies.settings, target, as_of, run.run_id)
            for target in TARGETS
        }
        signatures.record(warehouse, {name: signature}, run.run_id)
    with retried_on_connection_loss(), companies.open() as warehouse:
        tables = read_tables(warehouse)
    for scoring in scorings.values():
        context.log.info(log_line(scoring.summary))
    return dg.MaterializeResult(
        metadata={
            **tables["ml/predictions"].metadata(),
            "rows_appended": sum(len(scoring.predictions) for scoring in scorings.values()),
            **{name: scoring.summary for name, scoring in scorings.items()},
        }
    )


prediction_assets = [train_models, score_accounts]

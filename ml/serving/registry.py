"""Model versions in MLflow: the only module that knows MLflow."""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.metadata import version as installed
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Metric, Param
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

from ml.models.boosting import LIGHTGBM_PARAMETERS, LIGHTGBM_ROUNDS
from ml.models.training import TrainedModel
from ml.pipeline import ModelFilesMissing, ModelRecord
from ml.serving import served
from ml.serving.promotion import Candidate
from ml.targets.target import Target

CHAMPION = "champion"
FILES_MISSING = "files_missing"
# The name under which a version's own copy of ml/serving/served.py is imported.
SERVED_MODULE = "tenure_model"
EVALUATION_FILE = "evaluation.json"
OUT_OF_TIME_FILE = "out_of_time.parquet"
CALIBRATION_FILE = "calibration_curve.csv"
FEATURES_FILE = "features.json"


class ModelRegistry:
    """The versions of one company's model of one target, registered as `<target>-<company>`.

    A version's artifacts are complete before it is registered, and its fingerprint is written
    in the same transaction: whatever a killed run leaves behind, `find` returns whole versions.
    What earlier releases stored under other names is read by `target.former_names`.
    """

    def __init__(
        self, target: Target, company: str, tracking_uri: str, artifact_folder: Path
    ) -> None:
        """Connect; the first time, MLflow creates its tables in the database of `tracking_uri`.

        Args:
            tracking_uri: SQLAlchemy address of MLflow's database.
            artifact_folder: where artifacts of a new experiment are written.
        """
        self.target = target
        self.name = f"{target.name}-{company}"
        self._tracking_uri = tracking_uri
        with _quiet_migrations():
            self._client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
            self._experiment_id = self._experiment(artifact_folder)
        self._ensure_model()

    def find(self, fingerprint: str, as_of_date: date) -> str | None:
        """The oldest version trained from this fingerprint by a day whose files were not found
        missing."""
        matching = [
            version
            for version in self._versions()
            if version.tags.get("fingerprint") == fingerprint
            and FILES_MISSING not in version.tags
            and _trained_as_of(version) <= as_of_date
        ]
        return str(matching[0].version) if matching else None

    def register(self, trained: TrainedModel) -> str:
        """Log a run with parameters, metrics, tables and the model, then register it."""
        run = self._client.create_run(
            self._experiment_id,
            run_name=f"{self.name} {trained.model.trained_as_of_date}",
            tags={"fingerprint": trained.fingerprint},
        )
        run_id = run.info.run_id
        panel = trained.panel
        parameters = {
            **panel.policy.as_dict(),
            **LIGHTGBM_PARAMETERS,
            "num_boost_round": LIGHTGBM_ROUNDS,
            "feature_count": len(panel.features.used),
            "folds": len(panel.folds),
            "calibrator": trained.model.calibrator.method,
            "as_of_date": trained.model.trained_as_of_date,
        }
        self._client.log_batch(
            run_id,
            metrics=_metrics(trained.evaluations),
            params=[Param(key, str(value)) for key, value in parameters.items()],
        )
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            _write_tables(trained, folder / "tables")
            self._client.log_artifacts(run_id, str(folder / "tables"))
            model_uri, model_id = self._log_model(trained, run_id, folder)
        self._client.set_terminated(run_id)
        registered = self._client.create_model_version(
            self.name,
            source=model_uri,
            run_id=run_id,
            model_id=model_id,
            tags={
                "fingerprint": trained.fingerprint,
                "facts": json.dumps(_facts(trained)),
                "passes_quality_gate": str(trained.gate.passes_quality_gate).lower(),
                "reason": trained.gate.reason,
            },
            description=trained.gate.reason,
        )
        return str(registered.version)

    def champion(self) -> str | None:
        """The version behind the alias."""
        aliases = self._client.get_registered_model(self.name).aliases
        return str(aliases[CHAMPION]) if CHAMPION in aliases else None

    def load(self, version: str) -> Candidate:
        """A version's model and its out-of-time predictions.

        Raises:
            ModelFilesMissing: its files are gone from the local artifact folder. Whatever else is
                wrong with a file or a store stays an error: a champion is not cleared for it.
        """
        found = self._client.get_model_version(self.name, version)
        model_uri = self._client.get_model_version_download_uri(self.name, version)
        model_folder = self._downloaded(model_uri) / "data" / "model"
        for name in (served.BOOSTER_FILE, served.FACTS_FILE):
            if not (model_folder / name).exists():
                raise ModelFilesMissing(f"{model_uri}: {name}")
        self._artifact(found, EVALUATION_FILE)
        predictions = pd.read_parquet(self._artifact(found, OUT_OF_TIME_FILE)).rename(
            columns=self.target.former_names
        )
        return Candidate(
            version=version,
            model=served.ServedModel.load(model_folder),
            out_of_time=predictions,
        )

    def run_path(self, version: str) -> str:
        """Where MLflow's web page shows the run that trained a version, after its address."""
        found = self._client.get_model_version(self.name, version)
        return f"#/experiments/{self._experiment_id}/runs/{found.run_id}"

    def promote(self, version: str, reason: str) -> None:
        """Move the alias; last, so that a champion always has its reason."""
        self._client.set_model_version_tag(self.name, version, "promotion", reason)
        self._client.set_model_version_tag(self.name, version, "has_served", "true")
        self._client.set_registered_model_alias(self.name, CHAMPION, version)

    def reject_challenger(self, version: str, reason: str) -> None:
        """Record why a version does not serve."""
        self._client.set_model_version_tag(self.name, version, "promotion", reason)

    def clear_champion(self) -> None:
        """Remove the alias: the data no longer support a model, or its files are gone."""
        if self.champion():
            self._client.delete_registered_model_alias(self.name, CHAMPION)

    def mark_files_missing(self, version: str, reason: str) -> None:
        """Record that a version's files are gone; `find` passes it by."""
        self._client.set_model_version_tag(self.name, version, FILES_MISSING, "true")
        self._client.set_model_version_tag(self.name, version, "promotion", reason)

    def records(self) -> Sequence[ModelRecord]:
        """All versions, oldest first."""
        champion = self.champion()
        former_names = self.target.former_names
        return [_record(found, champion, former_names) for found in self._versions()]

    def evaluations(self, version: str) -> pd.DataFrame:
        """predictor, metric, metric_value, ci_low, ci_high; None where undefined."""
        found = self._client.get_model_version(self.name, version)
        rows = json.loads(self._artifact(found, EVALUATION_FILE).read_text(encoding="utf-8"))
        table = pd.DataFrame(rows)
        numbers = ["metric_value", "ci_low", "ci_high"]
        table[numbers] = table[numbers].astype(float)
        table["metric"] = table["metric"].replace(dict(self.target.former_names))
        return table

    def _experiment(self, artifact_folder: Path) -> str:
        found = self._client.get_experiment_by_name(self.name)
        if found is not None:
            return found.experiment_id
        location = (artifact_folder / self.name).absolute().as_uri()
        return self._client.create_experiment(self.name, artifact_location=location)

    def _ensure_model(self) -> None:
        try:
            self._client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self._client.create_registered_model(self.name, description=self.target.description)

    def _versions(self) -> list[ModelVersion]:
        found: list[ModelVersion] = []
        token = None
        while True:
            page = self._client.search_model_versions(f"name='{self.name}'", page_token=token)
            found += page
            token = page.token
            if not token:
                return sorted(found, key=lambda v: int(v.version))

    def _artifact(self, version: ModelVersion, name: str) -> Path:
        run = self._client.get_run(str(version.run_id))
        return self._downloaded(f"{run.info.artifact_uri}/{name}")

    def _downloaded(self, uri: str) -> Path:
        """The local path of an artifact, downloaded where it lies elsewhere."""
        if is_local_uri(uri) and not Path(local_file_uri_to_path(uri)).exists():
            raise ModelFilesMissing(uri)
        return Path(download_artifacts(artifact_uri=uri, tracking_uri=self._tracking_uri))

    def _log_model(
        self, trained: TrainedModel, run_id: str, folder: Path
    ) -> tuple[str, str | None]:
        """Log the model into the run; (its address, its id)."""
        code = folder / f"{SERVED_MODULE}.py"
        code.write_text(Path(served.__file__).read_text(encoding="utf-8"), encoding="utf-8")
        trained.model.save(folder / "model")
        columns = [
            ColSpec(DataType.double, name, required=False) for name in trained.model.features
        ]
        mlflow.set_tracking_uri(self._tracking_uri)
        mlflow.set_registry_uri(self._tracking_uri)
        # Else the files go to the default experiment's folder: `mlruns` wherever one stands.
        mlflow.set_experiment(experiment_id=self._experiment_id)
        with warnings.catch_warnings():
            # The signature is stated below; an input example would be a real customer's row.
            warnings.filterwarnings("ignore", message=".*input example was not provided")
            logged = Model.log(
                artifact_path=None,
                flavor=mlflow.pyfunc,
                name=self.target.name,
                run_id=run_id,
                loader_module=SERVED_MODULE,
                data_path=str(folder / "model"),
                code_paths=[str(code)],
                signature=ModelSignature(
                    inputs=Schema([*columns]),
                    outputs=Schema([ColSpec(DataType.double, "probability")]),
                ),
                # Stated, not inferred: the inference starts a process and takes 6 s.
                pip_requirements=[
                    f"{package}=={installed(package)}"
                    for package in ("lightgbm", "numpy", "pandas")
                ],
            )
        return logged.model_uri, logged.model_id


def _facts(trained: TrainedModel) -> dict[str, str | int | float | None]:
    panel = trained.panel
    return {
        "trained_as_of_date": trained.model.trained_as_of_date,
        "horizon_days": trained.model.horizon_days,
        "snapshot_count": panel.snapshot_count,
        "account_count": panel.account_count,
        "positive_account_count": panel.positive_account_count,
        "base_rate": panel.base_rate,
    }


def _trained_as_of(version: ModelVersion) -> date:
    return date.fromisoformat(json.loads(version.tags["facts"])["trained_as_of_date"])


def _record(
    version: ModelVersion, champion: str | None, former_names: Mapping[str, str]
) -> ModelRecord:
    stored = json.loads(version.tags["facts"])
    facts = {former_names.get(name, name): value for name, value in stored.items()}
    # Releases before predictions had a target called the quality gate trust.
    passes = version.tags.get("passes_quality_gate") or version.tags["has_earned_trust"]
    if str(version.version) == champion:
        status = "champion"
    else:
        is_retired = not version.tags.keys().isdisjoint({"has_served", FILES_MISSING})
        status = "retired" if is_retired else "challenger"
    reasons = [version.tags["reason"], version.tags.get("promotion", "")]
    return ModelRecord(
        model_version=str(version.version),
        status=status,
        reason=" ".join(filter(None, reasons)),
        passes_quality_gate=passes == "true",
        trained_as_of_date=_trained_as_of(version),
        horizon_days=facts["horizon_days"],
        snapshot_count=facts["snapshot_count"],
        account_count=facts["account_count"],
        positive_account_count=facts["positive_account_count"],
        base_rate=facts["base_rate"],
        fingerprint=version.tags["fingerprint"],
        trained_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
    )


def _metrics(evaluations: pd.DataFrame) -> list[Metric]:
    """`<predictor>.<metric>` with `.low` and `.high`; undefined values are left out."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    named = {}
    for row in evaluations.to_dict("records"):
        name = f"{row['predictor']}.{row['metric']}"
        named |= {
            name: row["metric_value"],
            f"{name}.low": row["ci_low"],
            f"{name}.high": row["ci_high"],
        }
    return [
        Metric(name, float(value), now, 0) for name, value in named.items() if not np.isnan(value)
    ]


def _write_tables(trained: TrainedModel, folder: Path) -> None:
    folder.mkdir()
    rows = trained.evaluations.astype(object).where(trained.evaluations.notna(), None)
    (folder / EVALUATION_FILE).write_text(
        json.dumps(rows.to_dict("records"), indent=1), encoding="utf-8"
    )
    trained.out_of_time.to_parquet(folder / OUT_OF_TIME_FILE, index=False)
    trained.calibration.to_csv(folder / CALIBRATION_FILE, index=False)
    features = {
        "used": trained.panel.features.used,
        "trends": trained.panel.features.trends,
        "left_out": trained.panel.features.left_out,
    }
    (folder / FEATURES_FILE).write_text(json.dumps(features, indent=1), encoding="utf-8")


@contextmanager
def _quiet_migrations() -> Iterator[None]:
    """Alembic lists 60 migrations on a new database, which are of no use to readers."""
    loggers = [logging.getLogger(name) for name in ("alembic", "mlflow.store.db.utils")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

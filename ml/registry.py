"""Model versions in MLflow: the only module that knows MLflow."""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
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

from ml.churn import served
from ml.churn.company import ModelRecord
from ml.churn.models import LIGHTGBM_PARAMETERS, LIGHTGBM_ROUNDS
from ml.churn.promotion import Contender
from ml.churn.training import TrainedChurn

CHAMPION = "champion"
# The name under which a version's own copy of ml/churn/served.py is imported.
SERVED_MODULE = "tenure_churn_model"
EVALUATION_FILE = "evaluation.json"
OUT_OF_TIME_FILE = "out_of_time.parquet"
CALIBRATION_FILE = "calibration_curve.csv"
FEATURES_FILE = "features.json"


class ChurnRegistry:
    """The versions of one company's churn model, registered as `churn-<company>`.

    A version's artifacts are complete before it is registered, and its fingerprint is written
    in the same transaction: whatever a killed run leaves behind, `find` returns whole versions.
    """

    def __init__(self, company: str, tracking_uri: str, artifact_folder: Path) -> None:
        """Connect; the first time, MLflow creates its tables in the database of `tracking_uri`.

        Args:
            tracking_uri: SQLAlchemy address of MLflow's database.
            artifact_folder: where artifacts of a new experiment are written.
        """
        self.name = f"churn-{company}"
        self._tracking_uri = tracking_uri
        with _quiet_migrations():
            self._client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
            self._experiment_id = self._experiment(artifact_folder)
        self._ensure_model()

    def find(self, fingerprint: str) -> str | None:
        """The oldest version trained from this fingerprint."""
        matching = [v for v in self._versions() if v.tags.get("fingerprint") == fingerprint]
        return str(matching[0].version) if matching else None

    def register(self, trained: TrainedChurn) -> str:
        """Log a run with parameters, metrics, tables and the model, then register it."""
        run = self._client.create_run(
            self._experiment_id,
            run_name=f"{self.name} {trained.model.trained_as_of_date}",
            tags={"fingerprint": trained.fingerprint},
        )
        run_id = run.info.run_id
        data = trained.data
        parameters = {
            **data.policy.as_dict(),
            **LIGHTGBM_PARAMETERS,
            "num_boost_round": LIGHTGBM_ROUNDS,
            "feature_count": len(data.features.used),
            "folds": len(data.folds),
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
                "has_earned_trust": str(trained.trust.has_earned_trust).lower(),
                "reason": trained.trust.reason,
            },
            description=trained.trust.reason,
        )
        return str(registered.version)

    def champion(self) -> str | None:
        """The version behind the alias."""
        aliases = self._client.get_registered_model(self.name).aliases
        return str(aliases[CHAMPION]) if CHAMPION in aliases else None

    def load(self, version: str) -> Contender:
        """A version's model and its out-of-time predictions."""
        found = self._client.get_model_version(self.name, version)
        model_folder = Path(
            download_artifacts(
                artifact_uri=self._client.get_model_version_download_uri(self.name, version),
                tracking_uri=self._tracking_uri,
            )
        )
        predictions = pd.read_parquet(self._artifact(found, OUT_OF_TIME_FILE))
        return Contender(
            version=version,
            model=served.ServedChurnModel.load(model_folder / "data" / "model"),
            out_of_time=predictions,
        )

    def promote(self, version: str, reason: str) -> None:
        """Move the alias; last, so that a champion always has its reason."""
        self._client.set_model_version_tag(self.name, version, "promotion", reason)
        self._client.set_model_version_tag(self.name, version, "has_served", "true")
        self._client.set_registered_model_alias(self.name, CHAMPION, version)

    def keep(self, version: str, reason: str) -> None:
        """Record why a version does not serve."""
        self._client.set_model_version_tag(self.name, version, "promotion", reason)

    def stand_down(self) -> None:
        """Remove the alias: the data no longer support a model."""
        if self.champion():
            self._client.delete_registered_model_alias(self.name, CHAMPION)

    def records(self) -> Sequence[ModelRecord]:
        """All versions, oldest first."""
        champion = self.champion()
        return [_record(found, champion) for found in self._versions()]

    def evaluations(self, version: str) -> pd.DataFrame:
        """predictor, metric, metric_value, ci_low, ci_high; None where undefined."""
        found = self._client.get_model_version(self.name, version)
        rows = json.loads(self._artifact(found, EVALUATION_FILE).read_text(encoding="utf-8"))
        table = pd.DataFrame(rows)
        numbers = ["metric_value", "ci_low", "ci_high"]
        table[numbers] = table[numbers].astype(float)
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
            self._client.create_registered_model(
                self.name, description="Probability that a customer churns within the horizon."
            )

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
        return Path(
            download_artifacts(
                run_id=version.run_id, artifact_path=name, tracking_uri=self._tracking_uri
            )
        )

    def _log_model(
        self, trained: TrainedChurn, run_id: str, folder: Path
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
                name="churn",
                run_id=run_id,
                loader_module=SERVED_MODULE,
                data_path=str(folder / "model"),
                code_paths=[str(code)],
                signature=ModelSignature(
                    inputs=Schema([*columns]),
                    outputs=Schema([ColSpec(DataType.double, "churn_probability")]),
                ),
                # Stated, not inferred: the inference starts a process and takes 6 s.
                pip_requirements=[
                    f"{package}=={installed(package)}"
                    for package in ("lightgbm", "numpy", "pandas")
                ],
            )
        return logged.model_uri, logged.model_id


def _facts(trained: TrainedChurn) -> dict[str, str | int | float | None]:
    data = trained.data
    return {
        "trained_as_of_date": trained.model.trained_as_of_date,
        "horizon_days": trained.model.horizon_days,
        "snapshot_count": data.snapshot_count,
        "account_count": data.account_count,
        "churned_account_count": data.churned_account_count,
        "base_rate": data.base_rate,
    }


def _record(version: ModelVersion, champion: str | None) -> ModelRecord:
    facts = json.loads(version.tags["facts"])
    if str(version.version) == champion:
        status = "champion"
    else:
        status = "retired" if "has_served" in version.tags else "challenger"
    reasons = [version.tags["reason"], version.tags.get("promotion", "")]
    return ModelRecord(
        model_version=str(version.version),
        status=status,
        reason=" ".join(filter(None, reasons)),
        has_earned_trust=version.tags["has_earned_trust"] == "true",
        trained_as_of_date=date.fromisoformat(facts["trained_as_of_date"]),
        horizon_days=facts["horizon_days"],
        snapshot_count=facts["snapshot_count"],
        account_count=facts["account_count"],
        churned_account_count=facts["churned_account_count"],
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


def _write_tables(trained: TrainedChurn, folder: Path) -> None:
    folder.mkdir()
    rows = trained.evaluations.astype(object).where(trained.evaluations.notna(), None)
    (folder / EVALUATION_FILE).write_text(
        json.dumps(rows.to_dict("records"), indent=1), encoding="utf-8"
    )
    trained.out_of_time.to_parquet(folder / OUT_OF_TIME_FILE, index=False)
    trained.calibration.to_csv(folder / CALIBRATION_FILE, index=False)
    features = {
        "used": trained.data.features.used,
        "trends": trained.data.features.trends,
        "left_out": trained.data.features.left_out,
    }
    (folder / FEATURES_FILE).write_text(json.dumps(features, indent=1), encoding="utf-8")


@contextmanager
def _quiet_migrations() -> Iterator[None]:
    """Alembic tells of 60 migrations on a new database; nobody needs to read them."""
    loggers = [logging.getLogger(name) for name in ("alembic", "mlflow.store.db.utils")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

"""Companies whose causes are known, small enough to train on in a second or two."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.models.training import TrainedModel, train
from ml.panel.panel import Panel, prepare_panel
from ml.policy import ModelPolicy
from ml.targets import Target
from ml.targets.churn import TARGET as CHURN

FIRST_SUNDAY = pd.Timestamp("2024-01-07")


@dataclass(frozen=True)
class Company:
    """Frames as the warehouse hands them over."""

    snapshots: pd.DataFrame
    outcomes: pd.DataFrame
    signals: pd.DataFrame
    policy: pd.DataFrame
    as_of_date: date

    @property
    def rules(self) -> ModelPolicy:
        return ModelPolicy.from_frame(self.policy)

    @property
    def latest(self) -> pd.DataFrame:
        rows = self.snapshots[self.snapshots["snapshot_date"] == pd.Timestamp(self.as_of_date)]
        return rows.reset_index(drop=True)

    @property
    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, date]:
        """What training reads, in its order."""
        return self.snapshots, self.outcomes, self.signals, self.policy, self.as_of_date

    @property
    def latest_frames(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, date]:
        """What scoring reads, in its order."""
        return self.latest, self.signals, self.policy, self.as_of_date

    def panel(self, target: Target = CHURN, **changes: pd.DataFrame) -> Panel:
        frames = {"snapshots": self.snapshots, "outcomes": self.outcomes} | changes
        return prepare_panel(
            target,
            frames["snapshots"],
            frames["outcomes"],
            self.signals,
            self.rules,
            self.as_of_date,
        )

    def trained(self) -> TrainedModel:
        return train(self.panel())

    def until(self, as_of_date: date) -> "Company":
        """The same company as it was known on an earlier day."""
        end = pd.Timestamp(as_of_date)
        outcomes = self.outcomes[self.outcomes["snapshot_date"] <= end].copy()
        known = outcomes["snapshot_date"] + pd.Timedelta(days=90) <= end
        outcomes["churned_within_horizon"] = outcomes["churned_within_horizon"].where(known)
        return replace(
            self,
            snapshots=self.snapshots[self.snapshots["snapshot_date"] <= end],
            outcomes=outcomes,
            as_of_date=as_of_date,
        )


def signal_rows() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (
                "usage",
                "Active users",
                "few active users",
                "many active users",
                "users",
                True,
                "low",
            ),
            ("tickets", "Tickets", "few tickets", "many tickets", "tickets", True, "high"),
            (
                "share",
                "Active share",
                "seats mostly unused",
                "seats well used",
                "share",
                True,
                "low",
            ),
            ("noise_1", "Noise", "little noise", "much noise", "points", True, "either"),
            (
                "noise_2",
                "Other noise",
                "little other noise",
                "much other noise",
                "points",
                True,
                "either",
            ),
            ("silent", "Never delivered", "low", "high", "points", True, "low"),
            ("mrr", "MRR", "small contract", "large contract", "money", False, "neither"),
        ],
        columns=[
            "signal",
            "label",
            "phrase_low",
            "phrase_high",
            "unit",
            "is_model_feature",
            "risk_when",
        ],
    )


def policy_row(**changes: object) -> pd.DataFrame:
    values = {
        "horizon_days": 90,
        "minimum_positive_accounts": 30,
        "time_folds": 3,
        "fold_days": 28,
        "account_groups": 5,
        "training_rows": 200_000,
        "bootstrap_samples": 60,
        "interval_level": 0.9,
        "calibration": "isotonic",
        "drivers_per_account": 3,
        "promotion_margin": 0.0,
        "single_feature_auc_limit": 0.9,
    }
    return pd.DataFrame([values | changes])


def make_company(
    accounts: int = 300, weeks: int = 60, seed: int = 1, effect: float = 1.5
) -> Company:
    """Weekly hazard rises with latent trouble; usage falls and tickets rise with it.

    effect 0 makes churn pure chance. Accounts leave for good at the end of their last week.
    """
    random = np.random.default_rng(seed)
    account = np.repeat(np.arange(accounts), weeks)
    week = np.tile(np.arange(weeks), accounts)
    trouble = np.repeat(random.normal(size=accounts), weeks)
    hazard = 1 / (1 + np.exp(4.6 - effect * trouble))
    leaves = random.random(account.size) < hazard
    last = np.full(accounts, 10**6)
    np.minimum.at(last, account[leaves], week[leaves])
    rows = account.size
    frame = pd.DataFrame(
        {
            "account_id": [f"a{number:04d}" for number in account],
            "snapshot_date": FIRST_SUNDAY + pd.to_timedelta(7 * week, unit="D"),
            "usage": np.exp(2 - 0.6 * trouble + 0.4 * random.normal(size=rows)).round(),
            "tickets": random.poisson(np.exp(0.4 * trouble)).astype(float),
            "share": np.where(
                random.random(rows) < 0.3,
                np.nan,
                1 / (1 + np.exp(trouble + random.normal(size=rows))),
            ),
            "noise_1": random.normal(size=rows),
            "noise_2": random.normal(size=rows),
            "silent": np.nan,
            "mrr": np.repeat(random.integers(100, 10_000, accounts), weeks).astype(float),
            "health_score": np.clip(50 - 8 * trouble + 25 * random.normal(size=rows), 0, 100),
            "weeks_left": last[account] - week,
        }
    )
    frame = frame[frame["weeks_left"] >= 0].reset_index(drop=True)
    as_of = frame["snapshot_date"].max()
    churned = pd.array(7 * (frame.pop("weeks_left") + 1) <= 90, dtype="boolean")
    known = (frame["snapshot_date"] + pd.Timedelta(days=90) <= as_of).to_numpy()
    churned[~known] = pd.NA
    outcomes = frame[["account_id", "snapshot_date"]].assign(
        churned_within_horizon=churned, churned_mrr=frame["mrr"]
    )
    return Company(frame, outcomes, signal_rows(), policy_row(), as_of.date())


@pytest.fixture(scope="session")
def company() -> Company:
    """A company with a strong, known cause of churn."""
    return make_company()


@pytest.fixture(scope="session")
def trained(company: Company) -> TrainedModel:
    return company.trained()


@pytest.fixture(scope="session")
def build_company() -> Callable[..., Company]:
    return make_company


@pytest.fixture(scope="session")
def build_policy() -> Callable[..., pd.DataFrame]:
    return policy_row


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Puts an empty database of MLflow's into a folder; its address.

    MLflow brings each new one up through all of its own versions, and waits for the disk at each:
    that is done once.
    """
    from mlflow import MlflowClient

    empty = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{empty}").search_experiments()

    def put(folder: Path) -> str:
        shutil.copy(empty, folder)
        return f"sqlite:///{folder}/{empty.name}"

    return put

"""Apply a model to the accounts that are open today."""

import json
from datetime import date

import pandas as pd

from ml.churn.explain import account_drivers
from ml.churn.served import ServedChurnModel

PREDICTION_COLUMNS = [
    "account_id",
    "as_of_date",
    "horizon_days",
    "churn_probability",
    "drivers",
    "model_version",
]


def score_accounts(
    model: ServedChurnModel,
    model_version: str,
    snapshots_latest: pd.DataFrame,
    signals: pd.DataFrame,
    drivers_per_account: int,
    as_of_date: date,
) -> pd.DataFrame:
    """One row per account, as ml.churn_predictions wants it (but for scored_at).

    Args:
        snapshots_latest: account_id and the signals of the accounts open on the as-of date.
        signals: marts.dim_signals.

    Returns:
        PREDICTION_COLUMNS, ordered by account; `drivers` is a JSON list (see `account_drivers`).

    Raises:
        ValueError: an account stands twice, or the model was trained after the as-of date and
            would predict from facts that were not known yet.
    """
    if snapshots_latest["account_id"].duplicated().any():
        raise ValueError("snapshots_latest: an account stands more than once")
    if date.fromisoformat(model.trained_as_of_date) > as_of_date:
        raise ValueError(
            f"model {model_version} was trained on facts up to {model.trained_as_of_date}; "
            f"it cannot score {as_of_date} honestly"
        )
    rows = snapshots_latest.sort_values("account_id", ignore_index=True)
    drivers = account_drivers(model, rows, signals, drivers_per_account)
    return pd.DataFrame(
        {
            "account_id": rows["account_id"].astype(str),
            "as_of_date": as_of_date,
            "horizon_days": model.horizon_days,
            "churn_probability": model.probabilities(rows),
            "drivers": [json.dumps(found, ensure_ascii=False) for found in drivers],
            "model_version": model_version,
        },
        columns=PREDICTION_COLUMNS,
    )

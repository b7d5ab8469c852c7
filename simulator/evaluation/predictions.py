"""Anyone's predictions: a table of account, day, and a probability or a score."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from simulator.evaluation.errors import EvaluationError
from simulator.evaluation.truth import DAY, Truth

KEYS = ["account_id", "as_of_date"]
PROBABILITY = "probability"
HEALTH_SCORE = "health_score"
NOT_OVER = "rows whose horizon is not over when the company's data ends"
NO_CUSTOMER = "rows of accounts that were no customers at the end of that day"

_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": lambda path: pd.read_csv(path, dtype=str, keep_default_na=False),
    ".parquet": pd.read_parquet,
}


def read_predictions(path: Path) -> pd.DataFrame:
    """The file's table as it is; raises EvaluationError for what is no CSV or Parquet table."""
    if path.suffix not in _READERS:
        raise EvaluationError(f"{path} is neither .csv nor .parquet")
    try:
        return _READERS[path.suffix](path)
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from error


def check_predictions(table: pd.DataFrame, truth: Truth, name: str) -> tuple[pd.DataFrame, str]:
    """The predictions in their types, and the column that is evaluated.

    Rows keep their order. `name` is what messages call the table. Raises EvaluationError naming
    the row (the first is 1) and the rule that is broken.
    """
    evaluated = next((column for column in (PROBABILITY, HEALTH_SCORE) if column in table), None)
    missing = [column for column in KEYS if column not in table]
    if evaluated is None:
        missing.append(f"{PROBABILITY} or {HEALTH_SCORE}")
    if missing or evaluated is None:
        raise EvaluationError(f"{name} has no column {', '.join(missing)}")
    if table.empty:
        raise EvaluationError(f"{name} has no rows")

    def forbid(broken: pd.Series, column: str, rule: str) -> None:
        count = int(broken.sum())
        if count:
            row = int(np.flatnonzero(broken)[0])
            others = f" (and {count - 1:,} more such rows)" if count > 1 else ""
            value = table[column].iloc[row]
            shown = f" '{value}'" if pd.notna(value) and value != "" else ""
            raise EvaluationError(f"{name}, row {row + 1}: {column}{shown} {rule}{others}")

    account_id = table["account_id"].astype(str)
    forbid(~account_id.isin(truth.accounts), "account_id", "is no account of this company")
    moment = pd.to_datetime(table["as_of_date"], errors="coerce", utc=True, format="ISO8601")
    day = moment.dt.tz_localize(None).astype(DAY)
    forbid(day.isna() | (day != day.dt.normalize()), "as_of_date", "is no day like 2026-03-29")
    # The oracle speaks at the end of Sundays. Rows of other days would be held against an oracle
    # that knows up to six days less, and the share of its AUC would flatter them.
    forbid(day.dt.day_of_week != 6, "as_of_date", "is no Sunday, and the truth is known on Sundays")
    number = pd.to_numeric(table[evaluated], errors="coerce").astype(float)
    forbid(~number.abs().lt(np.inf), evaluated, "is no number")
    if evaluated == PROBABILITY:
        forbid(~number.between(0, 1), evaluated, "lies outside 0 to 1")
    checked = pd.DataFrame({"account_id": account_id, "as_of_date": day, evaluated: number})
    forbid(checked.duplicated(KEYS), "account_id", "has two predictions for one day")
    return checked.reset_index(drop=True), evaluated


def match(predictions: pd.DataFrame, truth: Truth) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that can be judged, with `oracle` and `left`, and how many cannot, by reason."""
    is_over = predictions["as_of_date"] <= truth.last_judged
    rows = predictions[is_over].merge(
        truth.weeks.rename(columns={"week_end": "as_of_date"}), on=KEYS, how="left"
    )
    is_customer = rows["oracle"].notna()
    left_out = {NOT_OVER: int((~is_over).sum()), NO_CUSTOMER: int((~is_customer).sum())}
    rows = rows[is_customer].reset_index(drop=True)
    rows["left"] = truth.left(rows["account_id"], rows["as_of_date"])
    return rows, left_out

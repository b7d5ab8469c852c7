"""What is known about a simulated company, read from the `truth/` beside its data."""

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from simulator.evaluation.errors import EvaluationError

# pandas keeps times in the unit they came in, and does not match one unit with another.
DAY = "datetime64[s]"


@dataclass(frozen=True)
class Truth:
    """True probabilities and losses.

    `weeks`: account_id, week_end (a Sunday) and `oracle`, the true probability of leaving within
    `horizon_days` after it; a row stands for each Sunday at whose end an account is a customer.
    `losses`: account_id, churned_on, one row per customer lost. `last_day`: the last simulated.
    """

    horizon_days: int
    weeks: pd.DataFrame
    losses: pd.DataFrame
    accounts: frozenset[str]
    last_day: date

    @classmethod
    def read(cls, folder: Path, horizon_days: int = 90) -> "Truth":
        """Read a company that `tenure simulate` wrote.

        Raises EvaluationError for a folder without truth and for a horizon that it does not cover.
        """
        truth = folder / "truth"
        if not (truth / "simulation.json").is_file():
            raise EvaluationError(
                f"{folder} holds no simulated company with its truth; "
                "`tenure simulate --out FOLDER` writes one"
            )
        oracle = f"churn_probability_{horizon_days}d"
        path = truth / "account_weeks.parquet"
        known = pq.read_schema(path).names
        if oracle not in known:
            days = ", ".join(re.findall(r"churn_probability_(\d+)d", " ".join(known)))
            raise EvaluationError(f"the truth is known {days} days ahead, not {horizon_days}")
        weeks = pd.read_parquet(path, columns=["account_id", "week_end", oracle])
        causes = pd.read_csv(truth / "churn_causes.csv", usecols=["account_id", "churned_on"])
        accounts = pd.read_csv(truth / "accounts.csv", usecols=["account_id"])
        facts = json.loads((truth / "simulation.json").read_text())
        return cls(
            horizon_days=horizon_days,
            weeks=weeks.rename(columns={oracle: "oracle"}).astype({"week_end": DAY}),
            losses=causes.astype({"account_id": "str", "churned_on": DAY}),
            accounts=frozenset(accounts["account_id"]),
            last_day=date.fromisoformat(facts["end_date"]),
        )

    @property
    def last_judged(self) -> pd.Timestamp:
        """The last day whose horizon is over."""
        return pd.Timestamp(self.last_day) - pd.Timedelta(days=self.horizon_days)

    def left(self, account_id: pd.Series, day: pd.Series) -> np.ndarray:
        """Whether each account left after the end of the day, at most `horizon_days` later.

        A loss on the day itself has happened already; one on the last day of the horizon counts.
        """
        asked = pd.DataFrame(
            {
                "account_id": account_id.to_numpy(),
                "day": day.to_numpy(DAY),
                "row": np.arange(len(day)),
            }
        ).astype({"account_id": "str"})
        following = pd.merge_asof(
            asked.sort_values("day"),
            self.losses.sort_values("churned_on"),
            left_on="day",
            right_on="churned_on",
            by="account_id",
            direction="forward",
            allow_exact_matches=False,
        ).sort_values("row")
        wait = following["churned_on"] - following["day"]
        return (wait <= pd.Timedelta(days=self.horizon_days)).to_numpy()

    def evaluated_weeks(self) -> pd.DataFrame:
        """Every row of `weeks` whose horizon is over, with `left`: whether the account left."""
        over = self.weeks[self.weeks["week_end"] <= self.last_judged].reset_index(drop=True)
        return over.assign(left=self.left(over["account_id"], over["week_end"]))

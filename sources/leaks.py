"""Columns that know the outcome: how well one column alone tells who has left. Pure.

A CRM field that is filled in once a customer has gone looks like the best signal there is, until
the model has to do without it. What gives it away is that it is better than any honest signal.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

POLICY_FILE = Path(__file__).resolve().parents[1] / "dbt_project" / "seeds" / "leak_policy.csv"

How = Literal["value", "presence"]

# Accounts are dealt into so many groups; a category is measured by the accounts of the others.
GROUPS = 5
# Rows are compared with others of their time: up to two years of months, of 25 rows at least.
MOST_PERIODS = 24
ROWS_PER_PERIOD = 25


@dataclass(frozen=True)
class LeakPolicy:
    """The one row of the seed `leak_policy`."""

    single_feature_auc_limit: float
    minimum_ended_accounts: int

    def __post_init__(self) -> None:
        if not 0.5 < self.single_feature_auc_limit <= 1:
            raise ValueError("leak_policy: single_feature_auc_limit must lie between 0.5 and 1")
        if self.minimum_ended_accounts < 1:
            raise ValueError("leak_policy: minimum_ended_accounts must be at least 1")


@dataclass(frozen=True)
class Evidence:
    """How well one reading of a column ranks ended accounts apart from the others.

    `auc` is 0.5 for what tells nothing and 1 for what tells all. `accounts` are those it rests
    on, `ended_accounts` those of them that have ended.
    """

    how: How
    auc: float
    accounts: int
    ended_accounts: int


def read_leak_policy(file: Path = POLICY_FILE) -> LeakPolicy:
    """The policy from the seed's own file: ingestion runs before dbt has loaded any seed.

    Raises ValueError when the file has not exactly one row, or a limit makes no sense.
    """
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if len(rows) != 1:
        raise ValueError(f"leak_policy must have one row, it has {len(rows)}")
    return LeakPolicy(
        single_feature_auc_limit=float(rows[0]["single_feature_auc_limit"]),
        minimum_ended_accounts=int(rows[0]["minimum_ended_accounts"]),
    )


def strongest_evidence(
    rows: pd.DataFrame, ended: pd.Series, minimum_accounts: int
) -> Evidence | None:
    """The reading of a column that tells most; None where too few accounts could tell anything.

    Where accounts have several rows, those of accounts that have ended are the older ones, and
    whatever grows with time would rank them. So only rows of one time are compared with each
    other: first all rows of ended accounts, then the last one of each, since a field is often
    filled in there alone.

    Args:
        rows: account_id, happened_at (NaT where a row has no time) and value (text, None where
            the column has none), oldest first within an account.
        ended: whether an account has ended, by account_id; rows of other accounts do not count.
        minimum_accounts: how many accounts that have ended, and how many that have not, a
            reading must rest on.
    """
    examined = rows[rows["account_id"].isin(ended.index)].reset_index(drop=True)
    if examined.empty:
        return None
    accounts = examined["account_id"]
    has_ended = ended.reindex(accounts).to_numpy(dtype=bool)
    several = accounts.duplicated().any()
    period = _periods(examined["happened_at"]) if several else np.zeros(len(examined))
    readings: list[tuple[How, pd.Series, bool]] = [
        ("presence", examined["value"].notna().astype(float), False),
        ("value", _numbers(examined["value"]), False),
        ("value", _categories(examined["value"], accounts, has_ended, period), True),
    ]
    found = []
    for how, score, has_direction in readings:
        scored = pd.DataFrame(
            {"account": accounts, "period": period, "ended": has_ended, "score": score}
        ).dropna(subset="score")
        of_period = scored.groupby(["period", "account"], as_index=False, sort=False).mean()
        found.append(_evidence(how, of_period, has_direction, minimum_accounts))
        if several:
            last = scored[scored["ended"]].drop_duplicates("account", keep="last")
            others = of_period[of_period["ended"] == 0]
            compared = pd.concat([last.astype({"ended": float}), others])
            found.append(_evidence(how, compared, has_direction, minimum_accounts))
    known = [evidence for evidence in found if evidence]
    return max(known, key=lambda evidence: evidence.auc, default=None)


def stratified_auc(scored: pd.DataFrame) -> float:
    """Share of pairs of one period, one ended and one not, in which the ended has the higher
    score; ties count half. Columns period, ended (0 or 1) and score; NaN without any pair."""
    ranks = scored.groupby("period")["score"].rank()
    above = (ranks * scored["ended"]).groupby(scored["period"]).sum()
    sizes = scored.groupby("period")["ended"].agg(["sum", "size"])
    ended, others = sizes["sum"], sizes["size"] - sizes["sum"]
    pairs = float((ended * others).sum())
    wins = float((above - ended * (ended + 1) / 2).sum())
    return wins / pairs if pairs else float("nan")


def _evidence(
    how: How, scored: pd.DataFrame, has_direction: bool, minimum_accounts: int
) -> Evidence | None:
    """What the accounts tell that can be compared with one of the other kind in their period."""
    kinds = scored.groupby("period")["ended"].transform("nunique")
    compared = scored[kinds == 2]
    ended_accounts = int(compared.loc[compared["ended"] == 1, "account"].nunique())
    accounts = int(compared["account"].nunique())
    if min(ended_accounts, accounts - ended_accounts) < minimum_accounts:
        return None
    auc = stratified_auc(compared)
    return Evidence(how, auc if has_direction else max(auc, 1 - auc), accounts, ended_accounts)


def _numbers(value: pd.Series) -> pd.Series:
    """Text as numbers, else as moments; NaN where it is neither, or mostly is not."""
    numbers = pd.to_numeric(value, errors="coerce").astype(float)
    if 2 * numbers.notna().sum() > value.notna().sum():
        return numbers
    moments = pd.to_datetime(value, errors="coerce", utc=True, format="ISO8601")
    seconds = (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    if 2 * seconds.notna().sum() > value.notna().sum():
        return seconds
    return pd.Series(np.nan, index=value.index)


def _categories(
    value: pd.Series, accounts: pd.Series, has_ended: np.ndarray, period: np.ndarray
) -> pd.Series:
    """Each value as how much oftener than usual it goes with an end, among other accounts.

    Accounts are dealt into groups, and a value is read as its rows in the other groups say. One
    that those do not have stands in the middle: a key, which each account has of its own, tells
    nothing.
    """
    outcome = pd.Series(has_ended, dtype=float)
    excess = outcome - outcome.groupby(period).transform("mean")
    group = pd.Series(pd.util.hash_array(accounts.to_numpy(dtype=object)) % GROUPS)
    encoded = pd.Series(np.nan, index=value.index)
    for number in range(GROUPS):
        others = group != number
        own = ~others & value.notna()
        means = excess[others].groupby(value[others]).mean()
        encoded[own] = value[own].map(means).astype(float).fillna(0.0)
    return encoded


def _periods(happened_at: pd.Series) -> np.ndarray:
    """Number of the period that each row lies in; rows without a time are one of their own."""
    count = int(np.clip(happened_at.notna().sum() // ROWS_PER_PERIOD, 1, MOST_PERIODS))
    share = happened_at.rank(method="max", pct=True)
    return np.ceil(share.fillna(0).to_numpy() * count)

"""The trial itself: figures with intervals, or the reason that there are none."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.backtest.panel import BacktestPolicy, BacktestRows
from ml.backtest.ranking import Ranking

SEED = 90
METRICS = ("auc", "lift", "early_share")
BACKTEST_COLUMNS = [
    "row_set",
    "predictor",
    "kind",
    "is_proven",
    "first_date",
    "last_date",
    "dates",
    "accounts",
    "outcomes",
    "early_outcomes",
    "known_outcomes",
    "known_share",
    *(name + bound for name in METRICS for bound in ("", "_low", "_high")),
    "horizon_days",
    "alert_share",
    "days_early",
    "minimum_outcomes",
]


@dataclass(frozen=True)
class _Events:
    """Churns with a row at least `days_early` before: rows, their event, its account and MRR."""

    rows: np.ndarray
    event: np.ndarray
    account: np.ndarray
    amount: np.ndarray

    def caught(self, alerts: np.ndarray) -> np.ndarray:
        """Per event, how surely one of its early rows was among the alerts."""
        missed = np.ones(self.account.size)
        np.multiply.at(missed, self.event, 1 - alerts[self.rows])
        return 1 - missed


def backtest(every: list[BacktestRows], policy: BacktestPolicy) -> pd.DataFrame:
    """One row per set of rows and predictor: BACKTEST_COLUMNS.

    AUC compares accounts of one date. Alerts are the riskiest `alert_share` of each date; `lift`
    is the churn rate among them over that of all; `early_share` is the share of churned MRR that
    an alert named at least `days_early` before. Intervals come from accounts drawn anew; alerts
    stay as they were sent. A predictor that knew fewer than `minimum_outcomes` of the churns has
    no figure, and none has an `early_share` where fewer have a date that is early enough.
    """
    found = [row for rows in every if len(rows.account) for row in _evaluated(rows, policy)]
    return pd.DataFrame(found, columns=BACKTEST_COLUMNS)


def _evaluated(rows: BacktestRows, policy: BacktestPolicy) -> list[dict[str, object]]:
    _, account = np.unique(rows.account, return_inverse=True)
    dates, day = np.unique(rows.date, return_inverse=True)
    count = int(account.max()) + 1
    events = _early_events(rows, account, policy.days_early)
    random = np.random.default_rng(SEED)
    times = random.multinomial(count, np.full(count, 1 / count), size=policy.bootstrap_samples)
    shared = {
        "row_set": rows.name,
        "first_date": pd.Timestamp(dates[0]).date(),
        "last_date": pd.Timestamp(dates[-1]).date(),
        "dates": len(dates),
        "accounts": count,
        "outcomes": _churns(rows, account, rows.churned),
        "early_outcomes": events.account.size,
        "horizon_days": policy.horizon_days,
        "alert_share": policy.alert_share,
        "days_early": policy.days_early,
        "minimum_outcomes": policy.minimum_outcomes,
    }
    found = []
    for name, kind in rows.kinds.items():
        risk = rows.risks[name].to_numpy(dtype=float)
        is_known = ~np.isnan(risk)
        known_outcomes = _churns(rows, account, rows.churned & is_known)
        is_proven = known_outcomes >= policy.minimum_outcomes
        row: dict[str, object] = {
            "predictor": name,
            "kind": kind,
            "is_proven": is_proven,
            "known_outcomes": known_outcomes,
            "known_share": float(is_known.mean()),
        }
        if is_proven:
            ranking = Ranking.of(risk, day)
            row |= _figures(ranking, rows.churned, account, events, times.astype(float), policy)
        found.append(shared | row)
    return found


def _churns(rows: BacktestRows, account: np.ndarray, counted: np.ndarray) -> int:
    """Churns behind these rows; several dates may look ahead to one."""
    day = rows.date[counted] + rows.days_to_churn[counted].astype("timedelta64[D]")
    return len(pd.DataFrame({"account": account[counted], "day": day}).drop_duplicates())


def _early_events(rows: BacktestRows, account: np.ndarray, days_early: int) -> _Events:
    # comparisons with NaN are false: rows without a churn are no early ones
    early = np.flatnonzero((rows.days_to_churn >= days_early) & ~np.isnan(rows.mrr))
    churned_on = rows.date[early] + rows.days_to_churn[early].astype("timedelta64[D]")
    frame = pd.DataFrame(
        {"account": account[early], "churned_on": churned_on, "date": rows.date[early]}
    ).assign(mrr=rows.mrr[early])
    event = frame.groupby(["account", "churned_on"], sort=True).ngroup().to_numpy()
    first = frame.sort_values("date").groupby(["account", "churned_on"], sort=True).first()
    return _Events(
        rows=early,
        event=event,
        account=first.index.get_level_values("account").to_numpy(),
        amount=first["mrr"].to_numpy(dtype=float),
    )


def _figures(
    ranking: Ranking,
    churned: np.ndarray,
    account: np.ndarray,
    events: _Events,
    times: np.ndarray,
    policy: BacktestPolicy,
) -> dict[str, float]:
    """METRICS with their bounds; `times` says how often each sample holds each account."""
    accounts = times.shape[1]
    alerts = ranking.alerts(policy.alert_share)
    caught = events.caught(alerts)

    def per_account(of: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.bincount(of, values, accounts)

    sums = np.column_stack(
        [
            per_account(account, alerts * churned),
            per_account(account, alerts),
            per_account(account, churned.astype(float)),
            per_account(account, np.ones(account.size)),
            per_account(events.account, caught * events.amount),
            per_account(events.account, events.amount),
        ]
    )
    weights = np.vstack([np.ones(accounts), times])
    hits, alerted, positives, seen, caught_mrr, churned_mrr = (weights @ sums).T
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {
            "auc": _aucs(ranking, churned, account, weights),
            "lift": (hits / alerted) / (positives / seen),
            "early_share": caught_mrr / churned_mrr,
        }
    if events.account.size < policy.minimum_outcomes:
        values["early_share"] = np.full(len(weights), np.nan)
    tail = (1 - policy.interval_level) / 2
    found: dict[str, float] = {}
    for name, drawn in values.items():
        known = drawn[1:][np.isfinite(drawn[1:])]
        low, high = np.quantile(known, [tail, 1 - tail]) if known.size else (np.nan, np.nan)
        found |= {name: float(drawn[0]), f"{name}_low": float(low), f"{name}_high": float(high)}
    return found


def _aucs(
    ranking: Ranking, churned: np.ndarray, account: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The AUC under each row of account weights."""
    of_row, left = account[ranking.order], np.flatnonzero(churned[ranking.order])
    found = np.empty(len(weights))
    for sample, weight in enumerate(weights):
        stayed = weight[of_row]
        lost = stayed[left]
        stayed[left] = 0
        found[sample] = ranking.auc_in_order(left, lost, stayed)
    return found

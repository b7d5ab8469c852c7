"""Rows of a portfolio that never was, one frame per mart, for the app's tests."""

import json

import numpy as np
import pandas as pd

AS_OF = pd.Timestamp("2026-03-11")
WEEKS = 78
SEGMENTS = {"smb": (0.55, 600), "mid_market": (0.32, 2600), "enterprise": (0.13, 11000)}
NAMES = (
    "Aldermere",
    "Brightwater",
    "Corvane",
    "Dunmore",
    "Eastholm",
    "Farrow",
    "Glenhaven",
    "Harrowgate",
    "Inverlane",
    "Juniper Hill",
    "Kestrel",
    "Larkspur",
    "Marlowe",
    "Northgate",
)
KINDS = ("Foods", "Logistics", "Health", "Robotics", "Software", "Media", "Energy", "Retail")
ENDS = ("Ltd", "Group", "Inc")
FAILURE = "survey.responses: not so: *Answers* lie on their <b>own</b> scale; found 30."
CONSEQUENCE = (
    "Held back, for they need it or new predictions, still as of 2026-03-04: customer_health."
)
REASONS = (
    "seats mostly unused",
    "falling number of active users",
    "executive sponsor left",
    "urgent tickets",
    "low NPS answer",
    "renewal soon",
    "failed payments",
    "success reviews missed",
)


def make_marts(accounts: int = 90, seed: int = 7) -> dict[str, pd.DataFrame]:
    """A book of business with all tiers, an unknown here and there, and a trusted model."""
    rng = np.random.default_rng(seed)
    book = _accounts(rng, accounts)
    weeks = [AS_OF - pd.Timedelta(weeks=week) for week in range(WEEKS, -1, -1)]
    scores = _scores(rng, book, weeks)
    health = _customer_health(rng, book, scores)
    return {
        "customer_health": health,
        "customer_health_history": scores.drop(
            columns=["segment", "mrr", "pillar_scores", "coverage"]
        ),
        "portfolio_weekly": _portfolio_weekly(scores),
        "fct_mrr_movements": _movements(rng, book),
        "retention_trailing": _retention(),
        "churn_cohorts": _cohorts(rng),
        "data_trust": _trust(),
        "quarantine_summary": _quarantine(),
        "score_basis": pd.DataFrame([{"sentence": None}]),
        "source_outages": _outages(),
        "source_coverage": _sources(),
        "data_balances": _balances(),
        "correction_summary": _corrections(),
        "data_findings": _findings(),
        "failed_checks": pd.DataFrame(
            {"failures": [json.dumps([FAILURE])], "consequence": [CONSEQUENCE]}
            | {"source": ["survey"], "table_name": ["responses"]}
        ),
        "dim_signals": _signals(),
        "suspected_leaks": _suspected_leaks(),
        "model_evaluation": _evaluation(),
    }


def _accounts(rng: np.random.Generator, count: int) -> pd.DataFrame:
    shares = [share for share, _ in SEGMENTS.values()]
    segment = rng.choice(list(SEGMENTS), size=count, p=shares)
    typical = np.array([SEGMENTS[name][1] for name in segment])
    return pd.DataFrame(
        {
            "account_id": [f"acc_{number:04d}" for number in range(count)],
            "account_name": [
                f"{NAMES[n % len(NAMES)]} {KINDS[n // 14 % len(KINDS)]} {ENDS[n // 112 % 3]}"
                for n in range(count)
            ],
            "segment": segment,
            "industry": rng.choice(["software", "retail", "health_care", "finance"], size=count),
            "region": rng.choice(["North America", "Europe", "Asia Pacific"], size=count),
            "csm_name": rng.choice(
                ["Ada Osei", "Bruno Keller", "Chiara Rossi", "Dev Patel"], size=count
            ),
            "mrr": (typical * rng.lognormal(0, 0.35, size=count)).round(2),
            "level": rng.choice([88, 76, 62, 40], size=count, p=[0.22, 0.38, 0.26, 0.14]),
        }
    )


def _scores(rng: np.random.Generator, book: pd.DataFrame, weeks: list) -> pd.DataFrame:
    frames = []
    walk = np.zeros(len(book))
    for place, week in enumerate(weeks):
        walk = 0.93 * walk + rng.normal(0, 2.4, size=len(book))
        here = book["account_id"].index < len(book) * (0.55 + 0.45 * place / len(weeks))
        score = (book["level"] + walk).clip(4, 99).round(2)
        frame = book.assign(snapshot_date=week, health_score=score)[here]
        frames.append(frame[["account_id", "snapshot_date", "health_score", "segment", "mrr"]])
    scores = pd.concat(frames, ignore_index=True)
    rounded = scores["health_score"].round()
    scores["tier"] = np.select(
        [rounded >= 85, rounded >= 70, rounded >= 50], ["Excellent", "Good", "At Risk"], "Critical"
    )
    is_unknown = scores["account_id"].isin(list(book["account_id"].iloc[[3, 11]]))
    scores.loc[is_unknown, ["tier", "health_score"]] = ["Unknown", np.nan]
    colours = {"Excellent": "green", "Good": "green", "At Risk": "yellow", "Critical": "red"}
    scores["colour"] = scores["tier"].map(colours).fillna("grey")
    scores["scorecard"] = "strategy_002"
    scores["coverage"] = np.where(is_unknown, 0.21, 0.86)
    scores["pillar_scores"] = [
        json.dumps({"Usage": None, "Engagement": 44.0, "Business": None})
        if pd.isna(score)
        else json.dumps({"Usage": score, "Engagement": max(score - 9, 0), "Business": None})
        for score in scores["health_score"]
    ]
    return scores


def _customer_health(
    rng: np.random.Generator, book: pd.DataFrame, scores: pd.DataFrame
) -> pd.DataFrame:
    newest = scores[scores["snapshot_date"] == AS_OF].drop(columns=["segment", "mrr"])
    health = book.drop(columns="level").merge(newest, on="account_id").drop(columns="snapshot_date")
    count = len(health)
    risk = 1 / (1 + np.exp((health["health_score"].fillna(55) - 38) / 9))
    probability = (risk * rng.uniform(0.6, 1.2, size=count)).clip(0.004, 0.93).round(4)
    days = rng.integers(3, 360, size=count)
    health["is_open"] = True
    health["trend"] = rng.choice(["rising", "steady", "falling", "unknown"], size=count)
    health["score_change_28d"] = rng.normal(0, 4, size=count).round(2)
    health["churn_probability"] = probability
    health["drivers"] = [
        "; ".join(rng.choice(REASONS, size=3, replace=False)) for _ in range(count)
    ]
    health["reasons"] = "4 urgent tickets in 90 days (usual: 0)"
    health["currency"] = "USD"
    health["mrr_at_risk"] = (health["mrr"] * probability).round(2)
    health["arr_at_risk"] = (12 * health["mrr_at_risk"]).round(2)
    health["renewal_date"] = AS_OF + pd.to_timedelta(days, unit="D")
    health["days_to_renewal"] = days
    health["as_of_date"] = AS_OF
    health["model_version"] = "3"
    health.loc[5, ["renewal_date", "days_to_renewal", "csm_name"]] = [pd.NaT, None, None]
    health["days_to_renewal"] = health["days_to_renewal"].astype("Int64")
    closed = health.iloc[[0]].assign(
        account_id="acc_closed", account_name="Closed Account", is_open=False, mrr=0, mrr_at_risk=0
    )
    closed = closed.assign(priority=None)
    ranked = health.sort_values(
        ["mrr_at_risk", "mrr", "account_id"], ascending=[False, False, True]
    )
    health["priority"] = pd.Series(range(1, count + 1), index=ranked.index, dtype="Int64")
    return pd.concat([health, closed], ignore_index=True)


def _portfolio_weekly(scores: pd.DataFrame) -> pd.DataFrame:
    weekly = scores.groupby(["snapshot_date", "segment", "tier", "colour"]).agg(
        accounts=("account_id", "count"), mrr=("mrr", "sum")
    )
    same = {"currency": "USD", "scorecard": "strategy_002", "accounts_without_mrr": 0}
    return weekly.reset_index().assign(**same)


def _movements(rng: np.random.Generator, book: pd.DataFrame) -> pd.DataFrame:
    months = pd.date_range(end=AS_OF, periods=18, freq="MS")
    opening = int(book["mrr"].sum() * 60)
    rows = []
    for month in months:
        moved = {
            "new_cents": int(rng.uniform(0.02, 0.05) * opening),
            "expansion_cents": int(rng.uniform(0.01, 0.03) * opening),
            "contraction_cents": -int(rng.uniform(0.003, 0.012) * opening),
            "churn_cents": -int(rng.uniform(0.006, 0.022) * opening),
            "reactivation_cents": int(rng.uniform(0, 0.004) * opening),
        }
        closing = opening + sum(moved.values())
        rows.append(
            {
                "account_id": "acc_0001",
                "month": month,
                "closing_date": min(month + pd.DateOffset(months=1), AS_OF),
                "currency": "USD",
                "reporting_currency": "USD",
                "reporting_per_cent": 0.01,
            }
            | moved
            | {"opening_mrr_cents": opening, "closing_mrr_cents": closing}
        )
        opening = closing
    return pd.DataFrame(rows)


def _retention() -> pd.DataFrame:
    end = AS_OF.replace(day=1)
    year = {
        "months": 12,
        "segment": "all",
        "from_date": end - pd.DateOffset(months=12),
        "to_date": end,
        "period": "12 months to 1 Mar 2026",
        "cohort_accounts": 70,
        "churned_accounts": 12,
        "reason_not_shown": None,
        "nrr": 1.06,
        "grr": 0.916,
        "logo_churn": 12 / 70,
        "currency": "USD",
        "is_shown": True,
        "is_headline": True,
    }
    quarter = {"months": 3, "period": "3 months to 1 Mar 2026", "nrr": 0.5, "is_headline": False}
    smb = {"segment": "smb", "cohort_accounts": 40, "churned_accounts": 9, "nrr": 1.01}
    few = {"segment": "enterprise", "cohort_accounts": 4, "is_shown": False}
    few |= dict.fromkeys(["churned_accounts", "nrr", "grr", "logo_churn"])
    few["reason_not_shown"] = "too early to say: 4 accounts paid on 1 Mar 2025, and 12 do today"
    rows = pd.DataFrame([year, year | quarter, year | smb, year | few])
    return rows.astype({"churned_accounts": "Int64"})


def _cohorts(rng: np.random.Generator) -> pd.DataFrame:
    quarters = pd.period_range(end=AS_OF, periods=9, freq="Q")
    oldest = (AS_OF.to_period("M") - quarters[0].asfreq("M", "start")).n
    rows = []
    for quarter in quarters:
        # The youngest account of the quarter signed up in its last month.
        known = max((AS_OF.to_period("M") - quarter.asfreq("M", "end")).n, -1)
        logos = np.cumprod(np.r_[1, rng.uniform(0.97, 1.0, size=oldest)])
        revenue = logos * np.linspace(1, 1.18, oldest + 1)
        accounts = int(rng.integers(14, 60))
        rows += [
            {
                "signup_quarter": quarter.start_time,
                "months_since": month,
                "accounts": accounts,
                "currency": "USD",
                "is_censored": month > known,
                "logo_retention": logos[month] if month <= known else None,
                "revenue_retention": revenue[month] if month <= known else None,
                "gross_revenue_retention": logos[month] * 0.98 if month <= known else None,
                "as_of_date": AS_OF,
            }
            for month in range(oldest + 1)
        ]
    return pd.DataFrame(rows)


def _trust() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "as_of_date": AS_OF,
                "last_loaded_at": AS_OF + pd.Timedelta(hours=30, minutes=5),
                "rows_in": 1_204_331,
                "rows_loaded": 1_204_290,
                "rows_quarantined": 41,
                "rows_duplicate": 0,
                "checks_passed": 24,
                "checks_failed": 0,
                "columns_suspected": 1,
                "model_version": "3",
                "passes_quality_gate": True,
                "horizon_days": 90,
                "reason": "Beats both baselines on the newest fold.",
            }
        ]
    )


def _quarantine() -> pd.DataFrame:
    rows = [
        (
            "canonical",
            "billing",
            "subscriptions",
            "not_before",
            29,
            "ended_at is before started_at",
        ),
        ("canonical", "support", "tickets", "relationship", 12, "no account has the id acc_9999"),
    ]
    names = ("system", "source", "table_name", "rule", "rows_rejected", "example_message")
    frame = pd.DataFrame(rows, columns=list(names))
    return frame.assign(example_file="export.csv", example_row=pd.array([3, None], "Int64"))


def _balances() -> pd.DataFrame:
    loaded = {"system": "canonical", "cells_corrected": 2}
    loaded |= {"loaded_at": AS_OF + pd.Timedelta(hours=30, minutes=5), "rows_duplicate": 5}
    note = json.dumps(["billing.subscriptions.csv: 2 cells of quantity <b>cannot</b> be used"])
    rows = [
        ("billing", "subscriptions", 320, 286, 29, AS_OF, note),
        ("support", "tickets", 1_204_021, 1_204_004, 12, None, "[]"),
    ]
    names = ["source", "table_name", "rows_in", "rows_loaded", "rows_quarantined"]
    return pd.DataFrame(rows, columns=[*names, "newest_fact_date", "notes"]).assign(**loaded)


def _corrections() -> pd.DataFrame:
    row = {"system": "canonical", "source": "billing", "table_name": "subscriptions"}
    row |= {"column_name": "quantity", "cells_corrected": 2, "example_file": "export.csv"}
    return pd.DataFrame([row | {"example_row": 7, "example_message": "quantity: 'many'"}])


def _findings() -> pd.DataFrame:
    row = {"system": "canonical", "source": "billing", "table_name": "invoices"}
    row |= {"finding": "no_due_date", "rows_affected": 4, "example": "inv_1, open"}
    row |= {"is_correction": False, "sentence": "are owed and have no due date"}
    otherwise = {"finding": "paid_without_payment", "is_correction": True, "first_step": None}
    return pd.DataFrame(
        [
            row | {"first_step": "Fill due_at."},
            row | otherwise | {"sentence": "are paid by their status"},
        ]
    )


def _signals() -> pd.DataFrame:
    words = (
        "topic",
        "label",
        "phrase_low",
        "phrase_high",
        "unit",
        "risk_when",
        "when_none",
        "about",
    )
    flags = ("is_model_feature", "is_backfilled", "is_actionable", "has_peers")
    row = dict.fromkeys(words, "tickets") | dict.fromkeys(flags, True)
    row |= {"signal": "open_tickets", "source_tables": "{support.tickets}", "position": 1}
    row |= {"alternative_of": "{}"}
    return pd.DataFrame([row])


def _sources() -> pd.DataFrame:
    product = {"source": "product", "is_connected": True, "missing_signals": 0}
    training = {"source": "training", "is_connected": False, "missing_signals": 2}
    return pd.DataFrame([product, training | {"missing_tables": "enrollments"}])


def _outages() -> pd.DataFrame:
    outage = {
        "source": "product",
        "measure": "all",
        "label": "Product events",
        "first_missing_date": AS_OF - pd.Timedelta(days=40),
        "last_missing_date": AS_OF - pd.Timedelta(days=27),
        "missing_days": 14,
        "is_over": True,
        "is_within_90d": True,
        "sentence": "Product events are missing for 14 days, from 30 Jan 2026 to 12 Feb 2026",
    }
    old = outage | {"label": "Support tickets", "source": "support", "is_within_90d": False}
    return pd.DataFrame([outage, old])


def _suspected_leaks() -> pd.DataFrame:
    column = {"system": "canonical", "source": "crm", "table_name": "accounts"}
    column |= {"column_name": "offboarding_items_done", "auc": 0.97, "told_by": "value"}
    return pd.DataFrame([column | {"accounts": 90, "ended_accounts": 31}])


def _evaluation() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "target": "churn",
                "model_version": "3",
                "status": "champion",
                "passes_quality_gate": True,
                "trained_as_of_date": AS_OF,
                "horizon_days": 90,
                "predictor": "model",
                "metric": "auc",
                "metric_value": 0.81,
                "ci_low": 0.78,
                "ci_high": 0.84,
            }
        ]
    )

"""Companies on their first day: five exports, no churn yet, and who is at risk, by seed.

Made like the one beside the project (`../shared/cold_start`), whose description says: December is
slow for all, some at risk only complain, some were quiet from the start, and some with falling use
are fine. Nothing here looks at who is at risk there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

AS_OF = "2026-03-31"
MONTHS = [str(month) for month in pd.period_range("2025-08", "2026-03", freq="M")]
DECEMBER = MONTHS.index("2025-12")
METRICS = ("Active Users", "API Calls", "Items Created")
PRIORITIES = {"P1": "urgent", "P2": "high", "P3": "normal", "P4": "low"}
KINDS = ("falling", "complaining", "quiet")


@dataclass(frozen=True)
class Exports:
    """What people export: customers, usage by month, tickets, an NPS sheet; and the truth."""

    customers: pd.DataFrame
    usage: pd.DataFrame
    tickets: pd.DataFrame
    nps: pd.DataFrame
    truth: pd.DataFrame


def read(folder: Path) -> Exports:
    """The exports of a folder, under the names that they have in ../shared/cold_start."""
    names = ("Customer List", "usage by month", "tickets", "NPS March", "truth")
    return Exports(*(pd.read_csv(folder / f"{name}.csv") for name in names))


def simulate(seed: int, accounts: int = 60, at_risk: int = 18) -> Exports:
    """A sister of it, from another seed."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"C-{number}" for number in range(101, 101 + accounts)])
    kinds = np.full(accounts, "fine", dtype=object)
    chosen = rng.permutation(accounts)
    kinds[chosen[:at_risk]] = rng.choice(KINDS, size=at_risk, p=[0.78, 0.12, 0.1])
    # use that falls for a reason of its own: a project ended, a team moved
    kinds[chosen[at_risk : at_risk + 3]] = "fine, falling"

    annual = np.exp(rng.normal(10.3, 0.9, accounts)).round(-2)
    customers = pd.DataFrame(
        {
            "Customer ID": ids,
            "Customer Name": [f"Customer {name}" for name in ids],
            "Annual Value (USD)": [f"{value:,.0f}" for value in annual],
            "Contract End": _days(rng, "2026-04-10", 270, accounts),
            "Plan": rng.choice(["Starter", "Growth", "Enterprise"], accounts),
            "Customer Since": _days(rng, "2021-01-01", 1500, accounts),
        }
    )
    truth = pd.DataFrame({"Customer ID": ids, "at_risk": np.isin(kinds, KINDS).astype(int)})
    return Exports(
        customers, _usage(rng, ids, kinds), _tickets(rng, ids, kinds), _nps(rng, ids, kinds), truth
    )


def _days(rng: np.random.Generator, first: str, within: int, count: int) -> list[str]:
    days = pd.Timestamp(first) + pd.to_timedelta(rng.integers(0, within, count), unit="D")
    return [f"{day:%Y-%m-%d}" for day in days]


def _usage(rng: np.random.Generator, ids: np.ndarray, kinds: np.ndarray) -> pd.DataFrame:
    rows = []
    for account, kind in zip(ids, kinds, strict=True):
        levels = np.exp(rng.normal([2.8, 8.4, 4.0], [0.7, 0.8, 0.7]))
        if kind == "quiet":
            levels *= 0.3
        falls = rng.uniform(0.1, 0.25) if kind in ("falling", "fine, falling") else 0.0
        begins = rng.integers(2, 4)
        drift = rng.normal(0, 0.015)
        for place, month in enumerate(MONTHS):
            trend = np.exp(drift * place) * (1 - falls) ** max(place - begins, 0)
            season = 0.85 if place == DECEMBER else 1.0
            noise = rng.normal(1, [0.04, 0.18, 0.1])
            counts = rng.poisson(np.maximum(levels * trend * season * noise, 0))
            rows.append((account, month, *counts))
    return pd.DataFrame(rows, columns=["Customer ID", "Month", *METRICS])


def _tickets(rng: np.random.Generator, ids: np.ndarray, kinds: np.ndarray) -> pd.DataFrame:
    rows = []
    for account, kind in zip(ids, kinds, strict=True):
        complains = kind == "complaining"
        for day in _days(rng, "2025-10-01", 180, rng.poisson(7 if complains else 2.8)):
            shares = [0.4, 0.3, 0.2, 0.1] if complains else [0.1, 0.18, 0.42, 0.3]
            hours = round(float(rng.exponential(30)), 1)
            is_open = rng.random() < (0.3 if complains else 0.12)
            priority = rng.choice(list(PRIORITIES), p=shares)
            rows.append((account, day, priority, None if is_open else hours))
    tickets = pd.DataFrame(rows, columns=["Customer ID", "Opened", "Priority", "Hours to Resolve"])
    tickets.insert(0, "Ticket #", [f"T{number:05}" for number in range(1, len(tickets) + 1)])
    return tickets


def _nps(rng: np.random.Generator, ids: np.ndarray, kinds: np.ndarray) -> pd.DataFrame:
    means = {"complaining": 4.5, "falling": 6.0, "quiet": 6.5}
    scores = [rng.normal(means.get(kind, 7.0), 2.0) for kind in kinds]
    sheet = pd.DataFrame(
        {"Customer ID": ids, "Score": np.clip(np.round(scores), 0, 10).astype(int)}
    )
    return sheet[rng.random(len(ids)) < 0.8]


def deliver(exports: Exports, folder: Path) -> Path:
    """The exports as files in contract form; the folder. The truth stays out."""
    folder.mkdir(parents=True, exist_ok=True)
    customers, tickets = exports.customers, exports.tickets
    ids = customers["Customer ID"]
    annual = customers["Annual Value (USD)"].str.replace(",", "").astype(float)
    usage = exports.usage.melt(["Customer ID", "Month"], METRICS, "metric", "value")
    opened = pd.to_datetime(tickets["Opened"])
    hours = pd.to_timedelta(tickets["Hours to Resolve"], unit="h")
    tables = {
        "crm.accounts": {
            "account_id": ids,
            "account_name": customers["Customer Name"],
            "signed_at": customers["Customer Since"],
        },
        "billing.subscriptions": {
            "subscription_id": ids,
            "account_id": ids,
            "product": "platform",
            "plan": customers["Plan"],
            "mrr_cents": (annual * 100 / 12).round().astype("int64"),
            "currency": "USD",
            "started_at": customers["Customer Since"],
            "renewal_date": customers["Contract End"],
        },
        "product.usage_metrics": {
            "account_id": usage["Customer ID"],
            "metric": usage["metric"],
            "period_start": usage["Month"] + "-01",
            "grain": "month",
            "value": usage["value"],
        },
        "support.tickets": {
            "ticket_id": tickets["Ticket #"],
            "account_id": tickets["Customer ID"],
            "priority": tickets["Priority"].map(PRIORITIES),
            "created_at": tickets["Opened"],
            "solved_at": opened + hours,
        },
        "survey.responses": {
            "response_id": exports.nps["Customer ID"],
            "account_id": exports.nps["Customer ID"],
            "survey_type": "nps",
            "score": exports.nps["Score"],
            "scale_min": 0,
            "scale_max": 10,
            "submitted_at": AS_OF,
        },
    }
    for name, columns in tables.items():
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv", index=False)
    return folder

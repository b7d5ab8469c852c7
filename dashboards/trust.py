"""The trust strip's content: how far the numbers on a page may be believed, as short facts.

Pure. The strip stands on every page, so that nobody has to ask how old the data are, whether the
checks passed or which model spoke.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dashboards.formatting import count, counted, day, days_old


@dataclass(frozen=True)
class Outage:
    """A row of `source_outages`: what is missing, for how many days, and the whole sentence."""

    label: str
    days: int
    sentence: str


@dataclass(frozen=True)
class Trust:
    """The one row of `data_trust`, read, and the outages that signals may still miss by."""

    as_of_date: date | None
    data_age_days: int | None
    last_loaded_at: datetime | None
    checks_passed: int | None
    checks_failed: int | None
    rows_loaded: int | None
    rows_quarantined: int | None
    columns_suspected: int | None
    model_version: str | None
    passes_quality_gate: bool
    reason: str | None
    horizon_days: int | None
    outages: tuple[Outage, ...] = ()

    @property
    def is_model_there(self) -> bool:
        """Whether a model has scored the accounts at all."""
        return self.model_version is not None


@dataclass(frozen=True)
class Retention:
    """The headline row of `retention_trailing`; shares are None where unknown or not shown."""

    period: str
    cohort_accounts: int
    churned_accounts: int | None = None
    nrr: float | None = None
    grr: float | None = None
    logo_churn: float | None = None
    reason_not_shown: str | None = None


@dataclass(frozen=True)
class Fact:
    """One badge of the strip: a short text, its colour and icon, and the longer story."""

    text: str
    colour: Literal["gray", "green", "yellow", "red"]
    icon: str
    story: str


def facts(trust: Trust) -> list[Fact]:
    """The strip's badges, in reading order."""
    outages = [_outage(outage) for outage in trust.outages]
    every = (
        _age(trust),
        *outages,
        _checks(trust),
        _quarantine(trust),
        _leaks(trust),
        _model(trust),
    )
    return [fact for fact in every if fact]


def notice(trust: Trust) -> str | None:
    """What a reader must know before using probabilities, or None when all is well."""
    reason = (trust.reason or "No reason was recorded").strip().rstrip(".")
    reason = reason.removeprefix("Not trusted: ")
    if not trust.is_model_there:
        return f"Accounts are ranked by health score alone. {reason}."
    if not trust.passes_quality_gate:
        return (
            f"This model does not pass its quality gate: {reason}. What it predicts is not shown; "
            "accounts are ranked by health score."
        )
    return None


def _age(trust: Trust) -> Fact:
    if trust.as_of_date is None:
        return Fact("Age of data unknown", "gray", ":material/schedule:", "No load is recorded.")
    loaded = (
        f" Last loaded on {day(trust.last_loaded_at)} at {trust.last_loaded_at:%H:%M} UTC."
        if trust.last_loaded_at
        else ""
    )
    return Fact(
        f"Data to {day(trust.as_of_date)}, {days_old(trust.data_age_days)}",
        "gray",
        ":material/schedule:",
        f"Health scores count only facts known by {day(trust.as_of_date)}.{loaded}",
    )


def _outage(outage: Outage) -> Fact:
    return Fact(
        f"{outage.label} missing for {counted(outage.days, 'day')}",
        "yellow",
        ":material/signal_disconnected:",
        f"{outage.sentence}. Signals that are counted over these days are unknown, not zero; "
        "scores rest on what is known.",
    )


def _checks(trust: Trust) -> Fact:
    icon = ":material/fact_check:"
    passed, failed = trust.checks_passed, trust.checks_failed
    if passed is None or failed is None or passed + failed == 0:
        return Fact("No checks recorded", "gray", icon, "No data check has run on this company.")
    if failed:
        return Fact(
            f"{count(failed)} of {count(passed + failed)} checks failed",
            "red",
            ":material/error:",
            "The page Data says what each of them found, and what it holds back.",
        )
    return Fact(
        f"{count(passed)} of {count(passed)} checks passed",
        "green",
        icon,
        "Every check of the raw tables and of the predictions held in the newest run.",
    )


def _quarantine(trust: Trust) -> Fact:
    icon = ":material/rule:"
    rows = trust.rows_quarantined
    if rows is None:
        return Fact("Quarantine unknown", "gray", icon, "No load is recorded.")
    if not trust.rows_loaded and rows == 0:
        return Fact("Nothing loaded", "gray", icon, "No row of any table has been loaded.")
    if rows == 0:
        return Fact(
            "No rows quarantined",
            "green",
            icon,
            f"All {counted(trust.rows_loaded, 'row')} kept the contract.",
        )
    return Fact(
        f"{counted(rows, 'row')} quarantined",
        "yellow",
        icon,
        f"Rows loaded: {count(trust.rows_loaded)}. Rows that broke a rule of the contract and are "
        f"kept aside with the reason: {count(rows)}.",
    )


def _leaks(trust: Trust) -> Fact | None:
    suspected = trust.columns_suspected
    if not suspected:
        return None
    return Fact(
        f"{count(suspected)} {'column' if suspected == 1 else 'columns'} not to learn from",
        "yellow",
        ":material/water_drop:",
        "Alone they tell who has left, too well to be honest: they look as if they were filled "
        "in afterwards. No number here was made from them.",
    )


def _model(trust: Trust) -> Fact:
    icon = ":material/network_node:"
    if not trust.is_model_there:
        return Fact("No churn model", "gray", icon, notice(trust) or "")
    if not trust.passes_quality_gate:
        return Fact(
            f"Model {trust.model_version}, not trusted", "yellow", icon, notice(trust) or ""
        )
    horizon = f" within {trust.horizon_days} days" if trust.horizon_days else ""
    return Fact(
        f"Model {trust.model_version}",
        "green",
        icon,
        f"Probability of churn{horizon}, by a model that proved itself on newer data than it was "
        "trained on.",
    )

"""Sentences about the numbers: notes under a figure, descriptions for a screen reader.

Pure functions; plain text without Markdown unless said otherwise.
"""

from collections.abc import Callable, Hashable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from dashboards.figures import tier_name
from dashboards.formatting import UNKNOWN, count, counted, day, is_unknown, money, percent, words
from dashboards.frames import column, rows
from dashboards.trust import Retention

TRENDS = {"rising": "↗ Rising", "steady": "→ Steady", "falling": "↘ Falling"}
RANKING_LABELS = {
    "priority": "Priority",
    "health": "Lowest health",
    "renewal": "Next renewal",
    "mrr": "Largest MRR",
}


def only_currency(frame: pd.DataFrame) -> str | None:
    """The one currency of a frame of converted amounts, or None when it is unknown."""
    known = column(frame, "currency").dropna().unique()
    return str(known[0]) if len(known) == 1 else None


def change_since(totals: pd.Series, write: Callable[[float], str], days: int = 28) -> str:
    """The change of a weekly series over `days`: `+12 in 28 days`."""
    known: list[tuple[Any, float]] = list(totals.dropna().items())
    if not known:
        return ""
    newest_day, newest = known[-1]
    earlier = [value for known_day, value in known if known_day <= newest_day - timedelta(days)]
    return f"{write(newest - earlier[-1])} in {days} days" if earlier else ""


def retention_period(retention: Retention | None) -> str:
    """The period of a retention figure, or why there is none."""
    if retention is None:
        return "no closed period yet"
    return retention.reason_not_shown or retention.period


def retention_missing(retention: Retention | None) -> str:
    """Why there is no retention, as a sentence, or nothing: a card has no room for it."""
    if retention is None or retention.reason_not_shown is None:
        return ""
    return f" Retention: {retention.reason_not_shown}."


def by_segment(retentions: pd.DataFrame) -> pd.DataFrame:
    """Retentions as they stand in a table: the segment in words, the reason for a period."""
    shown = ["segment", "nrr", "grr", "logo_churn", "cohort_accounts", "period"]
    return retentions.assign(
        segment=retentions["segment"].map(words),
        period=retentions["reason_not_shown"].fillna(retentions["period"]),
    )[shown]


def accounts_lost(retention: Retention | None) -> str:
    """The counts behind logo churn: `34 of 317 accounts`, or why there are none."""
    if retention is None or retention.reason_not_shown:
        return retention_period(retention)
    return f"{count(retention.churned_accounts)} of {counted(retention.cohort_accounts, 'account')}"


def share_of_mrr(part: float | None, whole: float | None) -> str:
    """A part as a share of MRR, or nothing when either is unknown."""
    if part is None or not whole:
        return ""
    return f"{percent(part / whole)} of MRR"


def left_out(months: pd.DataFrame) -> str:
    """The currencies that movements are missing, as a sentence, or nothing."""
    names = {
        name
        for listed in column(months, "unconverted").dropna()
        for name in str(listed).split(", ")
    }
    if not names:
        return ""
    return f" Left out, because no exchange rate is known: {', '.join(sorted(names))}."


def opening_book(opening: pd.DataFrame, currency: str) -> str:
    """The opening months that a chart of movements leaves out, as a sentence, or nothing."""
    if opening.empty:
        return ""
    first, last = opening.iloc[0]["month"], opening.iloc[-1]["month"]
    name = f"{first:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"
    arrived = money(float(column(opening, "net").sum()), currency, compact=True)
    return f" Left out: {name}, when the book opened with {arrived}."


def without_mrr(accounts: pd.DataFrame) -> str:
    """How many accounts the MRR leaves out because theirs is unknown, or nothing."""
    unknown = int(column(accounts, "mrr").isna().sum())
    if not unknown:
        return ""
    return f"MRR leaves out {counted(unknown, 'account')} whose currency has no exchange rate."


def tier_sentence(tiers: pd.DataFrame, measure: str) -> str:
    """Each tier's share in one sentence."""
    share = "account_share" if measure == "accounts" else "mrr_share"
    parts = [f"{words(row.tier)} {percent(getattr(row, share), 0)}" for row in rows(tiers)]
    of = "accounts" if measure == "accounts" else "MRR"
    return f"share of {of}: {', '.join(parts)}."


def movement_sentence(months: pd.DataFrame, currency: str) -> str:
    """The newest month of the movements in one sentence."""
    newest = months.iloc[-1]
    return (
        f"Stacked bars of MRR movements from {day(months.iloc[0]['month'])} on. Newest month, "
        f"{newest['month']:%B %Y}: net change {money(newest['net'], currency)}."
    )


def risk_sentence(groups: pd.DataFrame, measure: str, currency: str | None) -> str:
    """The risk of each group in one sentence."""
    parts = [
        f"{words(group)} {money(value, currency)}"
        for group, value in zip(groups["group"], groups[measure], strict=True)
    ]
    return f"Bars of MRR at risk: {', '.join(parts)}."


def trend(value: str | None) -> str:
    """A trend with its arrow; anything else is unknown."""
    return TRENDS.get(str(value), UNKNOWN)


def tier_labels(tiers: pd.DataFrame) -> dict[str, str]:
    """Each tier as it stands in tables and filters, best first: symbol and name."""
    return {row.tier: tier_name(row.tier, row.colour) for row in rows(tiers)}


def renewal(due: Any, today: date) -> str:
    """A renewal with its distance from today: `renews 1 Mar 2023 (in 90 days)`, `was due …`."""
    if is_unknown(due):
        return "renewal date unknown"
    away = (pd.Timestamp(due).date() - today).days
    if away < 0:
        return f"renewal was due {day(due)} ({counted(-away, 'day')} ago)"
    return f"renews {day(due)} (in {counted(away, 'day')})"


def renewal_window(mrr: str, as_of: date, days: int, today: date) -> str:
    """Which renewals are counted, by their dates: `$1K MRR, from 1 Apr 2026 to 30 Jun 2026`."""
    last = pd.Timestamp(as_of).date() + timedelta(days)
    text = f"{mrr} MRR, from {day(as_of)} to {day(last)}"
    return f"{text}, which has passed" if last < today else text


def options(values: pd.Series) -> dict[str, str]:
    """The known values of a column as filter options, in order: value to label."""
    return {str(value): words(value) for value in sorted(values.dropna().unique())}


def account_line(account: Mapping[Hashable, Any], currency: str | None, today: date) -> str:
    """One account in one line: segment, manager, MRR, renewal."""
    parts = [
        words(account["segment"]),
        words(account["industry"]) if not is_unknown(account["industry"]) else None,
        account["csm_name"] if not is_unknown(account["csm_name"]) else "no success manager",
        f"{money(account['mrr'], currency)} MRR",
        renewal(account["renewal_date"], today),
    ]
    return " · ".join(part for part in parts if part)


def pillar_sentence(scores: Mapping[str, float | None]) -> str:
    """Each pillar's score in one sentence."""
    parts = [
        f"{words(pillar)} {'unknown' if score is None else f'{score:.0f}'}"
        for pillar, score in scores.items()
    ]
    return f"{', '.join(parts)}, of 100."

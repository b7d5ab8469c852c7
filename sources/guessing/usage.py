"""Usage that was added up before: a row per account and period, a column per metric. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sources.guessing.columns import ACCOUNT, Match, is_of_loader
from sources.guessing.names import own_words, words_of
from sources.guessing.values import MONTHS, Profile
from sources.guessing.words import vocabulary

METRICS = "product.usage_metrics"
MONTHS_AS_COLUMNS = 3


@dataclass(frozen=True)
class Wide:
    """Columns that are values: of a metric each (`period` is a column), or of a month each.

    `values` are metrics by header, or the first days of months by header; `grain` says how long a
    period is. Where months are columns, `metric` names the one that all rows are of, or
    `metric_header` the column that says it.
    """

    period: str | None
    values: dict[str, str]
    grain: str
    metric: str | None = None
    metric_header: str | None = None


def find_wide(
    profiles: Sequence[Profile], matches: Mapping[str, Match], file_words: Sequence[str]
) -> Wide | None:
    """How a file lays usage out; None where it is no such file."""
    if ACCOUNT not in matches or ("value" in matches and "metric" in matches):
        return None
    account = matches[ACCOUNT].header
    others = [
        profile
        for profile in profiles
        if profile.header != account and not is_of_loader(profile.header)
    ]
    months = {p.header: day for p in others if (day := month_of(p.header)) and p.numbers >= 0.8}
    if len(months) >= MONTHS_AS_COLUMNS:
        name = metric_name(" ".join(file_words)) or "usage"
        return Wide(None, months, "month", name, metric_header(profiles, matches, months))
    period = matches.get("period_start")
    if period is None:
        return None
    numbers = [
        p
        for p in others
        if p.header != period.header and p.numbers >= 0.95 and words_of(p.header)[-1] != "id"
    ]
    values = {p.header: metric_name(p.header) for p in numbers}
    if not values or len(set(values.values())) < len(values):
        return None
    found = next(profile for profile in profiles if profile.header == period.header)
    return Wide(period.header, values, grain_of(found))


def metric_header(
    profiles: Sequence[Profile], matches: Mapping[str, Match], months: Mapping[str, str]
) -> str | None:
    """The column that says which metric the months of a row are of: the one with such a name, else
    the only text of few values where accounts have several rows, if one of them is a known metric:
    regions and plans are such texts too, and EU is no metric."""
    if "metric" in matches:
        return matches["metric"].header
    named = {match.header for match in matches.values()} | set(months)
    account = next(p for p in profiles if p.header == matches[ACCOUNT].header)
    if len(account.known) == len(account.values):
        return None
    most = len(account.values) / max(len(account.known), 1)
    few = [p for p in profiles if p.header not in named and 2 <= len(p.known) <= most]
    if len(few) != 1 or few[0].numbers or few[0].dates:
        return None
    codes = vocabulary().codes(METRICS, "metric")
    known = {*codes, *codes.values()}
    return few[0].header if any(text.casefold() in known for text in few[0].known) else None


def metric_name(header: str) -> str:
    """A metric's name: the contract's where one is known, else the header's words."""
    own = own_words(header)
    codes = vocabulary().codes(METRICS, "metric")
    spoken = " ".join(own), " ".join(words_of(header))
    # the words of a file's name are in the singular
    found = (codes.get(name) or codes.get(f"{name}s") for name in spoken)
    return next(filter(None, found), "_".join(own))


def month_of(header: str) -> str | None:
    """The first day of the month that a header names, in ISO form."""
    for pattern, written in MONTHS.items():
        if re.fullmatch(pattern, header.strip(), re.A):
            for form in (written, written.replace(" ", "-")):
                try:
                    return datetime.strptime(header.strip(), form).date().isoformat()
                except ValueError:
                    continue
    return None


def grain_of(period: Profile) -> str:
    """How long the periods of a column are, by the days on which they begin; where days can be read
    day-first and month-first, the reading that has a rhythm is the right one."""
    if period.month_format or any(all(day.day == 1 for day in days) for days in period.days):
        return "month"
    weekdays = [{day.weekday() for day in days} for days in period.days if len(days) > 1]
    return "week" if any(len(found) == 1 for found in weekdays) else "day"

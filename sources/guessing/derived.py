"""What a table requires and no column gives: from other columns, from the file's name, or assumed.

Pure. What is assumed is marked, so that the report can name it.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sources.contract import Table
from sources.guessing.columns import Match
from sources.guessing.languages import in_english, without_accents
from sources.guessing.names import MONTHS, words_of
from sources.guessing.tables import FileLook
from sources.guessing.values import PLAIN_NUMBER
from sources.guessing.written_numbers import number_form, plain_number
from sources.landing import literal, quoted
from sources.mapping import FILE_NAME

CURRENCY = re.compile(r"\(([A-Z]{3})\)|\b(USD|EUR|GBP|CHF|CAD|AUD|JPY|SEK|NOK|DKK|INR|BRL)\b")
CODE = re.compile(r"^[A-Z]{3}\b|\b[A-Z]{3}$")
SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
# What a header says of its scale: (1-5), 0 to 10.
SCALE = re.compile(r"(?<!\d)([01]) ?(?:-|\u2013|to|bis|\u00e0|/) ?(5|7|10|100)(?!\d)")
BEYOND_THE_SCALE = 0.4
# Of these a row needs no key of its own: its place in its file will do.
NUMBERED = frozenset(
    {"response_id", "invitation_id", "activity_id", "task_id", "post_id", "enrollment_id",
     "goal_id", "override_id", "payment_id"}
)  # fmt: skip
ACTIVITIES = {"call": "call", "email": "email", "meeting": "meeting", "note": "note",
              "event": "meeting", "qbr": "business_review"}  # fmt: skip
DURATIONS = {"second": "second", "seconds": "second", "sec": "second", "secs": "second",
             "minute": "minute", "minutes": "minute", "min": "minute", "mins": "minute",
             "hour": "hour", "hours": "hour", "hr": "hour", "hrs": "hour",
             "day": "day", "days": "day"}  # fmt: skip
DURATION_ENDS = {
    "solved_at": {"resolve", "resolution", "solve", "close", "resolved", "solved"},
    "first_response_at": {"response", "respond", "reply", "answer"},
}


@dataclass(frozen=True)
class Line:
    """One column of a mapping: its SQL, why, which headers it uses, and whether it is assumed."""

    column: str
    sql: str
    why: str
    headers: tuple[str, ...] = ()
    is_assumed: bool = False


def derive(  # noqa: PLR0911 (one return for each column)
    table: Table,
    column: str,
    file: FileLook,
    matches: Mapping[str, Match],
    newest: date | None,
) -> Line | None:
    """A line for a required column without a match; None where nothing gives it.

    `newest` is the newest day of which the folder reports anything.
    """
    match column:
        case "subscription_id" if "account_id" in matches:
            return _subscription_key(file, matches)
        case _ if column in NUMBERED:
            return Line(column, "_file || '/' || _row", "no key: file and row number are one")
        case "account_name" if "account_id" in matches:
            header = matches["account_id"].header
            return Line(column, quoted(header), "no name: the key is one", (header,))
        case "csm_name" | "full_name":
            return _full_name(column, file, matches)
        case "signed_at" if "created_at" in matches:
            return _instead(column, matches["created_at"].header)
        case "product" if table.source == "billing":
            return Line(column, "'platform'", "no product is named: all is one", (), True)
        case "currency":
            return currency(file, matches)
        case "survey_type" | "scale_min" | "scale_max":
            return _survey(column, file, matches)
        case "submitted_at":
            return _by_name_of_month(column, file, newest)
        case "activity_type":
            found = next((ACTIVITIES[word] for word in file.words if word in ACTIVITIES), None)
            return Line(column, literal(found), "the file's name", (), True) if found else None
        case "opportunity_type" if "renewal" in file.words:
            return Line(column, "'renewal'", "the file's name")
        case "started_at" if "signed_at" in matches:
            return _instead(column, matches["signed_at"].header)
    return None


def _instead(column: str, header: str) -> Line:
    return Line(column, quoted(header), "no day of its own is given", (header,), True)


def _subscription_key(file: FileLook, matches: Mapping[str, Match]) -> Line:
    account = matches["account_id"].header
    if file.profile(account).is_unique or "started_at" not in matches:
        return Line("subscription_id", quoted(account), "one row per customer", (account,))
    start = matches["started_at"].header
    sql = f"concat_ws('/', {quoted(account)}, {quoted(start)})"
    return Line("subscription_id", sql, "no key: customer and start are one", (account, start))


def _full_name(column: str, file: FileLook, matches: Mapping[str, Match]) -> Line | None:
    by_words = {words_of(header): header for header in file.headers}
    first, last = by_words.get(("first", "name")), by_words.get(("last", "name"))
    if first and last:
        sql = f"concat_ws(' ', {quoted(first)}, {quoted(last)})"
        return Line(column, sql, "first and last name", (first, last))
    if column == "csm_name" and "csm_id" in matches:
        header = matches["csm_id"].header
        return Line(column, quoted(header), "no name: the key is one", (header,))
    return None


def currency(file: FileLook, matches: Mapping[str, Match]) -> Line:
    """The currency of a file's amounts: in a header, a sign before the values, or assumed."""
    amounts = [match.header for column, match in matches.items() if column.endswith("_cents")]
    for header in amounts:
        if found := CURRENCY.search(header):
            return Line("currency", literal(found[1] or found[2]), f"named in {shown(header)}")
        profile = file.profile(header)
        signs = [sign for sign in SIGNS if any(sign in text for text in profile.known)]
        has_codes = any(map(CODE.search, profile.known))
        if len(signs) == 1 and not has_codes:
            why = f"amounts are written with {signs[0]}"
            return Line("currency", literal(SIGNS[signs[0]]), why)
        if signs or profile.share(lambda text: bool(CODE.search(text))) >= 0.8:
            sql = _currency_of_row(quoted(header), signs)
            return Line("currency", sql, "written beside the amounts", (header,))
    return Line("currency", "'USD'", "no currency is given", (), True)


def _currency_of_row(name: str, signs: Sequence[str]) -> str:
    """SQL: the currency that stands beside an amount, as a sign or as a code; null where none."""
    code = f"nullif(regexp_extract({name}, '[A-Z]{{3}}'), '')"
    whens = " ".join(
        f"when contains({name}, {literal(sign)}) then {literal(SIGNS[sign])}" for sign in signs
    )
    return f"case {whens} else {code} end" if signs else code


def _survey(column: str, file: FileLook, matches: Mapping[str, Match]) -> Line | None:
    kind, why = survey_kind(file, matches)
    if kind is None:
        return None
    if column == "survey_type":
        return Line(column, literal(kind), why, (), is_assumed=why.startswith("scores"))
    (low, high), why, is_assumed = survey_scale(kind, file, matches["score"].header)
    return Line(column, str(low if column == "scale_min" else high), why, (), is_assumed)


def survey_scale(kind: str, file: FileLook, header: str) -> tuple[tuple[int, int], str, bool]:
    """The scale of a survey's scores, why, and whether it is assumed: as the header says it, as
    such surveys have it, or where scores go beyond that, the next that holds them all."""
    if found := SCALE.search(header):
        return (int(found[1]), int(found[2])), f"named in {shown(header)}", False
    usual = SCALES[kind]
    profile = file.profile(header)
    low, high = profile.extent or usual
    # a few beyond it are slips of the pen, and the contract names them
    beyond = profile.share(lambda text: _is_beyond(text, usual))
    if beyond <= BEYOND_THE_SCALE:
        return usual, f"the scale of {kind}", False
    scales = [scale for scale in (*SCALES.values(), (0, 100), (-100, 100))
              if scale[0] <= low and high <= scale[1]]  # fmt: skip
    nearest = min(scales, key=lambda scale: scale[1] - scale[0], default=usual)
    return nearest, f"scores lie from {low:g} to {high:g}", True


def _is_beyond(text: str, scale: tuple[int, int]) -> bool:
    return bool(PLAIN_NUMBER.fullmatch(text)) and not scale[0] <= float(text) <= scale[1]


def survey_kind(file: FileLook, matches: Mapping[str, Match]) -> tuple[str | None, str]:
    """Which survey it was: by the file's name, by the score's header, or by the scores."""
    score = matches.get("score")
    if score is None:
        return None, ""
    for words, why in ((file.words, "the file's name"), (words_of(score.header), "the header")):
        for kind in SCALES:
            if kind in words:
                return kind, why
    extent = file.profile(score.header).extent
    if extent is None or extent[0] < 0 or extent[1] > 10:
        return None, ""
    if extent[1] > 7:
        return "nps", "scores go up to 10"
    if extent[0] >= 1 and extent[1] <= 5:
        return "csat", "scores lie from 1 to 5"
    return None, ""


def _by_name_of_month(column: str, file: FileLook, newest: date | None) -> Line | None:
    """The first day of the month in the file's name: it is never after the answers."""
    text = " ".join(in_english(tuple(re.findall(r"[^\W_]+", without_accents(file.names[0])))))
    year = re.search(r"(?<!\d)(20\d\d)(?!\d)", text)
    number = re.search(r"(?<!\d)20\d\d[-_. ]?(0[1-9]|1[0-2])(?!\d)", text)
    named = [
        place
        for place, name in enumerate(MONTHS, start=1)
        if re.search(rf"(?<![a-z])({name}|{name[:3]})(?![a-z])", text)
    ]
    month = int(number[1]) if number else named[0] if len(named) == 1 else None
    if month is None or (year is None and newest is None):
        return None
    if year:
        day = date(int(year[1]), month, 1)
        why = "the month in the file's name"
    else:
        assert newest is not None
        day = date(newest.year - (month > newest.month), month, 1)
        why = f"{calendar.month_name[month]} in the file's name; the folder reaches {newest}"
    return Line(column, literal(day.isoformat()), why, (), True)


def durations(table: Table, file: FileLook, matches: Mapping[str, Match]) -> list[Line]:
    """Times that a file gives as hours or minutes after `created_at`."""
    if "created_at" not in matches:
        return []
    start = quoted(matches["created_at"].header)
    lines = []
    for column, ends in DURATION_ENDS.items():
        if column in matches or column not in table.column_names:
            continue
        for profile in file.profiles:
            # the unit is often in brackets: First reply time (min)
            words = words_of(re.sub(r"[()\[\]]", " ", profile.header))
            unit = next((DURATIONS[word] for word in words if word in DURATIONS), None)
            if unit and ends & set(words) and profile.numbers >= 0.8:
                name = quoted(profile.header)
                form = number_form(profile.values, file.delimiter)
                number = plain_number(name, profile, form)
                # what is no number stays as it is, so that the contract names it
                time = f"{start} + try_cast({number} as double) * interval 1 {unit}"
                sql = f"coalesce(({time})::varchar, {name})"
                why = f"{unit}s after it was opened" + (f"; {form.doubt}" if form.doubt else "")
                lines.append(Line(column, sql, why, (profile.header,), bool(form.doubt)))
                break
    return lines


def is_quotable(header: str) -> bool:
    """Whether a mapping can hold a header: one that looks like a file's name would be read as one,
    and a line end, of whichever kind, would end the comment that names it."""
    return not FILE_NAME.search(quoted(header)) and not re.search(r"[\r\n]", header)


def shown(text: str) -> str:
    """A header or name as a comment or a terminal may hold it: on one line, printable, short."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
                    for letter in text)  # fmt: skip
    return '"' + (plain if len(plain) <= 60 else plain[:57] + "…") + '"'

"""Values as a reader sees them: money with its currency, shares, dates; unknown as a dash.

Pure text functions. Anything that may be missing (None, NaN, NaT, pandas.NA) is accepted and
shown as `UNKNOWN`, because an unknown number printed as 0 is a wrong number.
"""

from datetime import date

import pandas as pd

from warehouse.plain_text import visible

UNKNOWN = "—"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
# Minus sign, not a hyphen: it is as wide as the plus and does not break a line.
MINUS = "\u2212"
ACRONYMS = {"smb": "SMB", "csm": "CSM", "api": "API", "it": "IT"}


def is_unknown(value: object) -> bool:
    """Whether a scalar carries no information: None, NaN, NaT or pandas.NA."""
    return value is None or bool(pd.isna(value))  # pyright: ignore[reportCallIssue, reportArgumentType]


def count(value: float | None) -> str:
    """A whole number with thousands separators."""
    if value is None or is_unknown(value):
        return UNKNOWN
    return f"{round(value):,}".replace("-", MINUS)


def counted(value: float | None, thing: str) -> str:
    """A count with its thing, in number: `1 account`, `2 accounts`; the thing takes an s."""
    is_one = value is not None and not is_unknown(value) and round(abs(value)) == 1
    return f"{count(value)} {thing if is_one else f'{thing}s'}"


def money(value: float | None, currency: str | None, *, compact: bool = False) -> str:
    """An amount in units of `currency`, without minor units; compact gives `$1.2M`.

    A currency without a common symbol is written by its ISO code; an amount whose currency is
    unknown is written without one.
    """
    if value is None or is_unknown(value):
        return UNKNOWN
    code = "" if is_unknown(currency) else str(currency)
    sign = MINUS if round(value) < 0 else ""
    amount = abs(value)
    digits = _compact(amount) if compact else f"{amount:,.0f}"
    symbol = SYMBOLS.get(code)
    if symbol is not None:
        return f"{sign}{symbol}{digits}"
    return f"{sign}{code}\u00a0{digits}" if code else f"{sign}{digits}"


def _compact(amount: float) -> str:
    for size, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        # 999,950 would print as 1000.0K; it is 1.0M.
        if amount >= size * 0.99995:
            scaled = amount / size
            return f"{scaled:,.1f}{suffix}" if scaled < 99.95 else f"{scaled:,.0f}{suffix}"
    return f"{amount:,.0f}"


def column_format(currency: str | None) -> str:
    """The number format of a table column of amounts, in the table widget's own notation."""
    if currency is None or is_unknown(currency):
        return "%,.0f"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}%,.0f" if symbol else f"{currency}\u00a0%,.0f"


def signed_count(change: float) -> str:
    """A change of a count with its sign: `+3`."""
    return count(change) if change < 0 else f"+{count(change)}"


def signed_money(change: float, currency: str | None) -> str:
    """A change of an amount with its sign, compact: `+$1.2K`."""
    text = money(change, currency, compact=True)
    return text if change < 0 else f"+{text}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share (1 = 100 %) as a percentage."""
    if share is None or is_unknown(share):
        return UNKNOWN
    smallest = 10.0**-digits
    # Some, but too little to print, is not none.
    if 0 < share * 100 < smallest / 2:
        return f"<{smallest:.{digits}f}%"
    return f"{share * 100:.{digits}f}%".replace("-", MINUS)


def day(value: date | None) -> str:
    """A day as `1 Dec 2022`; months are words because 01/12 reads two ways."""
    if value is None or is_unknown(value):
        return UNKNOWN
    return f"{value.day} {value:%b %Y}"


def quarter(first_day: date | None) -> str:
    """A quarter by its first day: `Q1 2026`."""
    if first_day is None or is_unknown(first_day):
        return UNKNOWN
    return f"Q{(first_day.month + 2) // 3} {first_day.year}"


def days_old(days: int | None) -> str:
    """How old data are, in words."""
    if days is None or is_unknown(days):
        return "age unknown"
    if days <= 0:
        return "up to date"
    return "1 day old" if days == 1 else f"{days:,} days old"


def words(identifier: str | None) -> str:
    """A warehouse value as words: `mid_market` becomes `Mid market`."""
    if identifier is None or is_unknown(identifier) or not str(identifier).strip():
        return "Unknown"
    text = visible(identifier).replace("_", " ").strip()
    if text in ACRONYMS:
        return ACRONYMS[text]
    return text[0].upper() + text[1:]

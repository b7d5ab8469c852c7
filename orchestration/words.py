"""What `tenure` says of numbers and days, and the rows that it says it of."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from warehouse import Warehouse


def as_of(day: date) -> str:
    """The as-of date with its age, once that is more than a day: all else is as old."""
    age = (datetime.now(UTC).date() - pd.Timestamp(day).date()).days
    return f"{day:%Y-%m-%d}" + (f", {age:,} days ago" if age > 1 else "")


def records(
    warehouse: Warehouse, sql: str, params: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a query, each by column name; unknown is NaN, NaT or None."""
    return warehouse.read(sql, params).to_dict("records")  # type: ignore[return-value]


def money(amount: float | None, currency: str | None) -> str:
    """An amount of whole units, or that it is unknown."""
    if amount is None or pd.isna(amount):
        return "unknown"
    return f"{float(amount):,.0f} {currency or ''}".strip()


def share(value: float | None) -> str:
    """A share in percent, or that it is unknown."""
    return "unknown" if value is None or pd.isna(value) else f"{float(value):.1%}"

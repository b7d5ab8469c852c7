"""The same companies where the product sends events: days of use in place of months' numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sources import ingest, load_contract
from tests.first_day.companies import AS_OF, MONTHS, Exports, deliver
from warehouse import Warehouse

FIRST_DAY = f"{MONTHS[0]}-01"
# An active user comes on so many of twenty weekdays.
SHARE_OF_WEEKDAYS = 0.3


def account_days(exports: Exports, seed: int) -> pd.DataFrame:
    """The rows of product.account_days that would give the months' numbers of the exports.

    Who is counted in a month comes on some weekdays of it; items are created on days with users,
    and integrations call on every day.
    """
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST_DAY, AS_OF)
    months = days.strftime("%Y-%m")
    frames = [
        _days_of(rng, account, usage.set_index("Month"), days, months)
        for account, usage in exports.usage.groupby("Customer ID", sort=True)
    ]
    return pd.concat(frames, ignore_index=True)


def _days_of(
    rng: np.random.Generator,
    account: object,
    usage: pd.DataFrame,
    days: pd.DatetimeIndex,
    months: pd.Index,
) -> pd.DataFrame:
    of_day = usage.loc[months]
    users = of_day["Active Users"].to_numpy()
    is_weekday = (days.day_of_week < 5)[None, :]
    is_user = np.arange(max(users.max(), 1))[:, None] < users[None, :]
    comes = is_user & is_weekday & (rng.random(is_user.shape) < SHARE_OF_WEEKDAYS)
    active = comes.sum(axis=0)
    share = active / np.maximum(pd.Series(active).groupby(months).transform("sum").to_numpy(), 1)
    items = rng.poisson(of_day["Items Created"].to_numpy() * share)
    calls = rng.poisson(of_day["API Calls"].to_numpy() / days.days_in_month)
    return pd.DataFrame(
        {
            "account_id": account,
            "usage_date": days.date,
            "events": items + calls + 3 * active,
            "active_users": active,
            "api_calls": calls,
            "active_users_7d": _seen(comes, 7),
            "active_users_28d": _seen(comes, 28),
        }
    )


def _seen(comes: np.ndarray, within: int) -> np.ndarray:
    """Distinct users of the days up to each."""
    counted = np.cumsum(comes, axis=1)
    before = np.pad(counted, ((0, 0), (within, 0)))[:, : counted.shape[1]]
    return (counted > before).sum(axis=0)


def load_days(warehouse: Warehouse, exports: Exports, days: pd.DataFrame, folder: Path) -> None:
    """The exports with days of use in place of months' numbers; some of the customers are small."""
    files = deliver(exports, folder / "files")
    (files / "product.usage_metrics.csv").unlink()
    accounts = pd.read_csv(files / "crm.accounts.csv")
    accounts["employee_count"] = [40 if place % 2 else 4000 for place in accounts.index]
    accounts.loc[accounts.index % 5 == 0, "employee_count"] = None
    accounts.to_csv(files / "crm.accounts.csv", index=False)
    ingest(warehouse, warehouse.settings, load_contract(), "canonical", files)
    provenance = {
        "_source": "canonical",
        "_recorded_at": pd.Timestamp(AS_OF, tz="UTC"),
        "_row_hash": "made up",
    }
    warehouse.bulk_load(days.assign(**provenance), "product.account_days")

"""Defects about who a customer is: one that is none, one by another key, one too well known."""

import numpy as np
import pyarrow as pa

from simulator.calendar import DAY_SECONDS, Calendar
from simulator.columns import missing, strings, whole
from simulator.defects.counts import ALARMED, QUARANTINED
from simulator.defects.defect import Defect, Parcel, ended, is_among, seconds, some
from simulator.randomness import Randomness

ACCOUNTS = "crm.accounts"
LEAKY_COLUMN = "offboarding_items_done"
# Under these names nothing was ever sold. Names of customers are made of syllables, never so.
TEST_NAMES = ("Sandbox (do not use)", "Test account", "Internal use only")
# The systems that may know customers by a key of their own, and when a row of theirs was written.
KEYED_ELSEWHERE = {
    "support.tickets": "created_at",
    "training.enrollments": "scheduled_at",
    "community.posts": "posted_at",
}


class LeakyColumn(Defect):
    """A list of things to do for a customer that leaves, nearly always begun once it has left."""

    name = "leaky-column"

    def on_table(self, parcel: Parcel) -> Parcel:
        if parcel.table != ACCOUNTS:
            return parcel
        rng = self._draw(parcel.table)
        has_left = np.asarray(parcel.rows["closed_at"].is_valid())
        is_begun = rng.random(len(has_left)) < np.where(has_left, 0.97, 0.03)
        done = is_begun * (1 + rng.poisson(np.where(has_left, 4.0, 0.5)))
        self._count(parcel.table, "columns", 1, ALARMED, "leak")
        return parcel.with_column(LEAKY_COLUMN, whole(done, kind=pa.int32()))


class TestAccounts(Defect):
    """Accounts for trying things out: copies of small customers, with rows in every system."""

    name = "test-accounts"
    _SHARE, _LEAST = 0.01, 3
    _SMALL = 100
    # A sandbox is hardly used.
    _EVENT_SHARE = 0.02
    # Keys of what is not the customer's own: a copy of the customer keeps them.
    _SHARED_KEYS = ("csm_id", "parent_account_id")

    def __init__(self, calendar: Calendar, randomness: Randomness) -> None:
        super().__init__(calendar, randomness)
        self._owned = {"account_id": missing(0), "invoice_id": missing(0)}

    def on_table(self, parcel: Parcel) -> Parcel:
        if parcel.table == ACCOUNTS:
            return self._opened(parcel)
        owner = next((key for key in self._owned if key in parcel.rows.column_names), None)
        if owner is None:
            return parcel
        is_theirs = is_among(parcel.rows[owner], self._owned[owner])
        theirs = parcel.rows.filter(pa.array(is_theirs))
        if parcel.table == "billing.invoices":
            self._owned["invoice_id"] = theirs["invoice_id"].combine_chunks()
        return self._added(parcel, self._copies(theirs), f"relationships({owner})")

    def on_events(self, parcel: Parcel, month: int) -> Parcel:
        theirs = np.flatnonzero(is_among(parcel.rows["account_id"], self._owned["account_id"]))
        used = self._draw(parcel.table, month).random(len(theirs)) < self._EVENT_SHARE
        copies = self._copies(parcel.rows.take(theirs[used]))
        return self._added(parcel, copies, "relationships(account_id)")

    def _opened(self, parcel: Parcel) -> Parcel:
        rng = self._draw(parcel.table)
        is_small = np.asarray(parcel.rows["employee_count"]) < self._SMALL
        everyone = np.ones(len(is_small), dtype=bool)
        eligible = is_small if is_small.sum() >= self._LEAST else everyone
        wanted = self._SHARE * len(is_small) / eligible.sum()
        theirs = parcel.rows.take(some(rng, eligible, wanted, self._LEAST))
        self._owned["account_id"] = theirs["account_id"].combine_chunks()
        size = theirs.num_rows
        names = [f"{TEST_NAMES[n % len(TEST_NAMES)]} {n + 1}" for n in range(size)]
        copies = Parcel.of(parcel.table, self._copies(theirs))
        copies = copies.with_column("account_name", pa.array(names))
        copies = copies.with_column("parent_account_id", missing(size))
        return self._added(parcel, copies.rows, "not_matching(account_name)")

    def _added(self, parcel: Parcel, copies: pa.Table, rule: str) -> Parcel:
        self._count(parcel.table, "rows", copies.num_rows, QUARANTINED, rule)
        return parcel.with_more(copies)

    def _copies(self, rows: pa.Table) -> pa.Table:
        """The rows with keys of their own."""
        own = [
            name
            for name in rows.column_names
            if name.endswith("_id") and name not in self._SHARED_KEYS
        ]
        renamed = {name: ended(rows[name], "-test") for name in own}
        columns = {name: renamed.get(name, rows[name]) for name in rows.column_names}
        return pa.table(columns).cast(rows.schema)


class ChangedKeys(Defect):
    """From a day on, some systems know a few customers by a key that the CRM does not have."""

    name = "changed-keys"
    _SHARE, _LEAST = 0.01, 3
    _FROM = 0.6

    def __init__(self, calendar: Calendar, randomness: Randomness) -> None:
        super().__init__(calendar, randomness)
        day = calendar.start + int(self._FROM * (calendar.end - calendar.start))
        self._from = day * DAY_SECONDS
        self._changed = missing(0)

    def on_table(self, parcel: Parcel) -> Parcel:
        if parcel.table == ACCOUNTS:
            # Customers who are still there, so that there are rows from that day on.
            stays = parcel.is_whole & ~np.asarray(parcel.rows["closed_at"].is_valid())
            rows = some(self._draw(parcel.table), stays, self._SHARE, self._LEAST)
            self._changed = parcel.rows["account_id"].take(rows).combine_chunks()
        if parcel.table not in KEYED_ELSEWHERE:
            return parcel
        written = seconds(parcel.rows[KEYED_ELSEWHERE[parcel.table]])
        is_theirs = is_among(parcel.rows["account_id"], self._changed)
        rows = np.flatnonzero(is_theirs & (written >= self._from) & parcel.is_whole)
        keys = np.array(parcel.rows["account_id"], dtype=object)
        keys[rows] = "CRM-" + keys[rows]
        self._count(parcel.table, "rows", len(rows), QUARANTINED, "relationships(account_id)")
        return parcel.with_column("account_id", strings(keys)).touched(rows)

"""Defects of the way: what is not sent, sent late, sent twice, or sent in no order."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from simulator.calendar import DAY_SECONDS, Calendar
from simulator.columns import MOMENT, missing, moments
from simulator.defects.counts import DROPPED, QUARANTINED, REPAIRED, UNKNOWN, Count
from simulator.defects.customers import ACCOUNTS
from simulator.defects.defect import EVENTS, Defect, Parcel, seconds, some
from simulator.randomness import Randomness

NOT_DELIVERED = ("community.posts", "success.goals")
STOPPED_DAYS = 14


class MissingTables(Defect):
    """Tables that are not exported: what they would say is unknown, not zero."""

    name = "missing-tables"

    def on_table(self, parcel: Parcel) -> Parcel | None:
        if parcel.table not in NOT_DELIVERED:
            return parcel
        self._count(parcel.table, "tables", 1, UNKNOWN, "not delivered")
        return None


class StoppedSource(Defect):
    """Two weeks of which no product event was recorded, after two thirds of the calendar.

    Not in the middle of the last year, where the pandemic week may be.
    """

    name = "stopped-source"

    def __init__(self, calendar: Calendar, randomness: Randomness) -> None:
        super().__init__(calendar, randomness)
        days = calendar.end - calendar.start + 1
        self._first = calendar.start + max(0, (2 * days) // 3 - STOPPED_DAYS // 2)
        self._after = min(self._first + STOPPED_DAYS, calendar.end)
        self._count(EVENTS, "days", self._after - self._first, UNKNOWN, "silent_days")

    def on_events(self, parcel: Parcel, month: int) -> Parcel:
        day = seconds(parcel.rows["occurred_at"]) // DAY_SECONDS
        is_lost = (day >= self._first) & (day < self._after)
        self._count(EVENTS, "rows", is_lost.sum(), UNKNOWN, "silent_days")
        return parcel.only(~is_lost) if is_lost.any() else parcel


class LateEvents(Defect):
    """Some events arrive 1 to 30 days after they happened, in the file of the month they arrive.

    What would arrive after the last day has not arrived.
    """

    name = "late-events"
    _SHARE = 0.01
    _RULE = "late"

    def __init__(self, calendar: Calendar, randomness: Randomness) -> None:
        super().__init__(calendar, randomness)
        self._ends = [(last + 1) * DAY_SECONDS for _, _, last in calendar.months()]
        self._under_way: pa.Table | None = None

    def on_events(self, parcel: Parcel, month: int) -> Parcel:
        rng = self._draw(parcel.table, month)
        parcel = parcel.with_column("received_at", missing(parcel.rows.num_rows, MOMENT))
        rows = some(rng, parcel.is_whole, self._SHARE)
        late = Parcel.of(parcel.table, parcel.rows.take(rows))
        delay = rng.integers(DAY_SECONDS, 30 * DAY_SECONDS, size=len(rows), endpoint=True)
        received = seconds(late.rows["occurred_at"]) + delay
        late = late.with_column("received_at", moments(received))
        if self._under_way is not None:
            late = late.with_more(self._under_way)
        arrives = seconds(late.rows["received_at"]) < self._ends[month]
        self._under_way = late.only(~arrives).rows
        self._count(parcel.table, "rows", arrives.sum(), REPAIRED, self._RULE)
        on_time = np.ones(parcel.rows.num_rows, dtype=bool)
        on_time[rows] = False
        return parcel.only(on_time).with_more(late.only(arrives).rows)

    def counts(self) -> list[Count]:
        waiting = self._under_way.num_rows if self._under_way is not None else 0
        return [
            *super().counts(),
            Count(self.name, EVENTS, "rows", waiting, UNKNOWN, self._RULE),
        ]


class Duplicates(Defect):
    """Rows that are delivered twice, alike in every column; at least one of each table."""

    name = "duplicates"
    _SHARE = 0.003

    def on_table(self, parcel: Parcel) -> Parcel:
        return self._repeated(parcel, 0)

    def on_events(self, parcel: Parcel, month: int) -> Parcel:
        return self._repeated(parcel, month)

    def _repeated(self, parcel: Parcel, part: int) -> Parcel:
        rows = some(self._draw(parcel.table, part), parcel.is_whole, self._SHARE)
        self._count(parcel.table, "rows", len(rows), DROPPED, "duplicate")
        return parcel.touched(rows).with_more(parcel.rows.take(rows))


class OutOfOrder(Defect):
    """Rows in no order, and old versions of some customers after the new ones."""

    name = "out-of-order"
    _SHARE = 0.02

    def on_table(self, parcel: Parcel) -> Parcel:
        self._count(parcel.table, "tables", 1, REPAIRED, "order means nothing")
        rng = self._draw(parcel.table)
        shuffled = replace(parcel, rows=parcel.rows.take(rng.permutation(parcel.rows.num_rows)))
        if parcel.table != ACCOUNTS:
            return shuffled
        old = self._older(parcel, some(rng, parcel.is_whole, self._SHARE), rng)
        self._count(parcel.table, "rows", old.num_rows, QUARANTINED, "unique(account_id)")
        return shuffled.with_more(old)

    def on_events(self, parcel: Parcel, month: int) -> Parcel:
        rng = self._draw(parcel.table, month)
        return replace(parcel, rows=parcel.rows.take(rng.permutation(parcel.rows.num_rows)))

    def _older(self, parcel: Parcel, rows: np.ndarray, rng: np.random.Generator) -> pa.Table:
        """The customers as they were months ago: half the staff, perhaps another manager."""
        version = Parcel.of(parcel.table, parcel.rows.take(rows))
        employees = np.asarray(version.rows["employee_count"]) // 2
        managers = parcel.rows["csm_id"].take(rng.integers(parcel.rows.num_rows, size=len(rows)))
        age = rng.integers(30, 400, size=len(rows)) * DAY_SECONDS
        changed = seconds(version.rows["updated_at"]) - age
        version = version.with_column("employee_count", pa.array(employees, pa.int32()))
        version = version.with_column("csm_id", managers)
        return version.with_column("updated_at", moments(changed)).rows

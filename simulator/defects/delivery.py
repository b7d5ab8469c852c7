"""The way of the tables from the company's systems to its files, and what befalls them on it."""

import pyarrow as pa

from simulator.calendar import Calendar
from simulator.defects.counts import Count
from simulator.defects.customers import ChangedKeys, LeakyColumn, TestAccounts
from simulator.defects.defect import EVENTS, Parcel
from simulator.defects.switches import Switches
from simulator.defects.transport import (
    Duplicates,
    LateEvents,
    MissingTables,
    OutOfOrder,
    StoppedSource,
)
from simulator.randomness import Randomness
from simulator.writing import CompanyFolder

# In the order in which they happen: a lost event cannot be late, a copy is a copy of what is sent.
_DEFECTS = (
    MissingTables,
    StoppedSource,
    LeakyColumn,
    TestAccounts,
    ChangedKeys,
    LateEvents,
    Duplicates,
    OutOfOrder,
)


class Delivery:
    """Writes tables to the folder, with the defects that are on; `counts` says what they did.

    Tables come parents first, then the events, the calendar's months in order.
    """

    def __init__(
        self, folder: CompanyFolder, switches: Switches, calendar: Calendar, randomness: Randomness
    ) -> None:
        self._folder = folder
        self._defects = [kind(calendar, randomness) for kind in _DEFECTS if kind.name in switches]
        self._months = 0

    def write(self, name: str, table: pa.Table) -> int:
        """Deliver a table; returns the rows in its file."""
        parcel = Parcel.of(name, table)
        for defect in self._defects:
            parcel = defect.on_table(parcel)
            if parcel is None:
                return 0
        return self._folder.write(name, parcel.rows)

    def write_events(self, month: str, events: pa.Table) -> int:
        """Deliver the events of a month; returns the rows in its file."""
        parcel = Parcel.of(EVENTS, events)
        for defect in self._defects:
            parcel = defect.on_events(parcel, self._months)
        self._months += 1
        return self._folder.write_part(EVENTS, month, parcel.rows)

    def counts(self) -> list[Count]:
        """What was done to the files, once everything is written."""
        return [count for defect in self._defects for count in defect.counts()]

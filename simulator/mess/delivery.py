"""The way of the tables from the company's systems to its files, and what befalls them on it."""

import pyarrow as pa

from simulator.calendar import Calendar
from simulator.mess.counts import Count
from simulator.mess.switches import Mess
from simulator.randomness import Randomness
from simulator.writing import CompanyFolder


class Delivery:
    """Writes tables to the folder, with the defects that are on; `counts` says what was done.

    Tables come parents first, then the events month by month.
    """

    def __init__(
        self, folder: CompanyFolder, mess: Mess, calendar: Calendar, randomness: Randomness
    ) -> None:
        self._folder, self._mess = folder, mess
        self._calendar, self._randomness = calendar, randomness
        self.counts: list[Count] = []

    def write(self, name: str, table: pa.Table) -> int:
        """Deliver a table; returns the rows in its file."""
        return self._folder.write(name, table)

    def write_events(self, month: str, events: pa.Table) -> int:
        """Deliver the events of a month; returns the rows in its file."""
        return self._folder.write_part("product.events", month, events)

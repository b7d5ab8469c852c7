"""What every defect is: rows on their way come in, rows leave, and what was done is counted."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.calendar import NEVER, Calendar
from simulator.defects.counts import Count
from simulator.randomness import Randomness

EVENTS = "product.events"


@dataclass(frozen=True)
class Parcel:
    """Rows of one table on their way. `is_whole`: those that no defect has touched.

    Defects choose among whole rows, so that each broken row is broken in one way and counted once.
    """

    table: str
    rows: pa.Table
    is_whole: np.ndarray

    @classmethod
    def of(cls, table: str, rows: pa.Table) -> "Parcel":
        return cls(table, rows, np.ones(rows.num_rows, dtype=bool))

    def only(self, kept: np.ndarray) -> "Parcel":
        return replace(self, rows=self.rows.filter(pa.array(kept)), is_whole=self.is_whole[kept])

    def touched(self, rows: np.ndarray) -> "Parcel":
        is_whole = self.is_whole.copy()
        is_whole[rows] = False
        return replace(self, is_whole=is_whole)

    def with_more(self, rows: pa.Table) -> "Parcel":
        """With rows at the end that a defect made."""
        return replace(
            self,
            rows=pa.concat_tables([self.rows, rows]).unify_dictionaries(),
            is_whole=np.concatenate([self.is_whole, np.zeros(rows.num_rows, dtype=bool)]),
        )

    def with_column(self, name: str, values: pa.Array | pa.ChunkedArray) -> "Parcel":
        """With a column in place of the one of that name, or at the end."""
        place = self.rows.schema.get_field_index(name)
        if place < 0:
            return replace(self, rows=self.rows.append_column(name, values))
        return replace(self, rows=self.rows.set_column(place, name, values))


class Defect:
    """One kind of damage. Tables come parents first, then the events, a month at a time."""

    name: str

    def __init__(self, calendar: Calendar, randomness: Randomness) -> None:
        self._calendar, self._randomness = calendar, randomness
        self._tally: Counter[tuple[str, str, str, str]] = Counter()

    def on_table(self, parcel: Parcel) -> Parcel | None:
        """What is delivered of a table; None: nothing, not even an empty file."""
        return parcel

    def on_events(self, parcel: Parcel, month: int) -> Parcel:
        """What is delivered of the events of the calendar's month of this number."""
        return parcel

    def counts(self) -> list[Count]:
        """What was done, table by table, once all has passed."""
        return [
            Count(self.name, table, unit, number, fate, rule)
            for (table, unit, fate, rule), number in self._tally.items()
        ]

    def _count(self, table: str, unit: str, number: int, fate: str, rule: str) -> None:
        self._tally[table, unit, fate, rule] += int(number)

    def _draw(self, table: str, *numbers: int) -> np.random.Generator:
        return self._randomness.stream(f"{self.name}: {table}", *numbers)


def some(
    rng: np.random.Generator, eligible: np.ndarray, share: float, least: int = 1
) -> np.ndarray:
    """The numbers, ascending, of a share of the eligible rows, rounded up to `least`."""
    rows = np.flatnonzero(eligible)
    wanted = max(least, int(np.ceil(share * len(rows))))
    return np.sort(rng.choice(rows, size=min(wanted, len(rows)), replace=False, shuffle=False))


def is_among(column: pa.ChunkedArray, values: pa.Array) -> np.ndarray:
    return np.asarray(pc.call_function("is_in", [column], pc.SetLookupOptions(values)))


def ended(column: pa.ChunkedArray, ending: str) -> pa.ChunkedArray:
    """Texts with an ending; unknown ones stay unknown."""
    texts = [column.cast(pa.string()), pa.scalar(ending), pa.scalar("")]
    return pc.call_function("binary_join_element_wise", texts)


def seconds(times: pa.ChunkedArray) -> np.ndarray:
    """Seconds since 1970; a time that is not known lies before all others."""
    return np.asarray(times.cast(pa.int64()).fill_null(NEVER)) // 10**6

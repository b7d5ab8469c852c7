"""Days, weeks and months as integers: days since 1970-01-01, weeks from Monday to Sunday."""

from dataclasses import dataclass
from datetime import date

import numpy as np

DAY_SECONDS = 86_400
# The value that numpy and Arrow read as "no time".
NEVER = np.iinfo(np.int64).min
# A day beyond every calendar: "not yet".
FAR = 10**7


def to_day(value: date) -> int:
    return int(np.datetime64(value, "D").astype(np.int64))


def to_date(day: int) -> date:
    return np.datetime64(int(day), "D").astype(date)


def add_months(days: np.ndarray, months: np.ndarray | int) -> np.ndarray:
    """The same day of the month so many months later; days of the month must be 1 to 28."""
    moments = np.asarray(days, dtype=np.int64).astype("M8[D]")
    month = moments.astype("M8[M]")
    day_of_month = moments - month.astype("M8[D]")
    later = (month + np.asarray(months, dtype=np.int64)).astype("M8[D]") + day_of_month
    return later.astype(np.int64)


@dataclass(frozen=True)
class Calendar:
    """The days that the company's systems cover, both ends included."""

    start: int
    end: int

    @classmethod
    def of_months(cls, months: int, end_date: date) -> "Calendar":
        """The `months` months that end with `end_date`."""
        following = np.datetime64(end_date, "D") + 1
        month = following.astype("M8[M]")
        start = (month - months).astype("M8[D]")
        last_of_month = (month - months + 1).astype("M8[D]") - 1
        start = min(start + (following - month.astype("M8[D]")), last_of_month)
        return cls(start=int(start.astype(np.int64)), end=to_day(end_date))

    @property
    def first_monday(self) -> int:
        # 1970-01-01 was a Thursday.
        return self.start - (self.start + 3) % 7

    @property
    def weeks(self) -> int:
        return (self.end - self.first_monday) // 7 + 1

    def monday(self, week: int) -> int:
        return self.first_monday + 7 * week

    def week_of(self, days: np.ndarray) -> np.ndarray:
        """Week of each day, held within the calendar."""
        return np.clip((days - self.first_monday) // 7, 0, self.weeks - 1)

    def months(self) -> list[tuple[str, int, int]]:
        """Each calendar month as its name (YYYY-MM), first and last covered day."""
        first = np.datetime64(self.start, "D").astype("M8[M]")
        last = np.datetime64(self.end, "D").astype("M8[M]")
        spans = []
        for month in np.arange(first, last + 1):
            begin = int(month.astype("M8[D]").astype(np.int64))
            finish = int((month + 1).astype("M8[D]").astype(np.int64)) - 1
            spans.append((str(month), max(begin, self.start), min(finish, self.end)))
        return spans

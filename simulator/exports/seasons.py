"""When people work: weekends, summers, the turn of the year, and a week of a pandemic."""

import numpy as np

from simulator.calendar import Calendar, to_date
from simulator.defects import Count, Switches
from simulator.defects.counts import FACT

# Monday to Sunday.
_WEEKDAYS = np.array([1.0, 1.06, 1.05, 1.02, 0.90, 0.16, 0.11])
# How much of the use is left in AMER, EMEA and APAC.
_JULY = np.array([0.93, 0.90, 0.97])
_AUGUST = np.array([0.94, 0.72, 0.95])
_TURN_OF_THE_YEAR = np.array([0.35, 0.30, 0.45])
# What the pandemic week leaves of use and of meetings, and what it makes of tickets.
_PANDEMIC_USE = 1 / 3
_PANDEMIC_MEETINGS = 1 / 5
_PANDEMIC_TICKETS = 1.7


class Seasons:
    """How much is done on each day, against an ordinary day. Health knows nothing of it.

    `pandemic_week` is a week of the calendar, None where there was none.
    """

    def __init__(self, calendar: Calendar, switches: Switches) -> None:
        self._calendar = calendar
        self._has_seasons = "seasonality" in switches
        last_year = min(365, calendar.end - calendar.start + 1)
        middle = np.array([calendar.end - last_year // 2])
        self.pandemic_week = (
            int(calendar.week_of(middle)[0]) if "pandemic-week" in switches else None
        )

    @property
    def pandemic_monday(self) -> str | None:
        """The week's first day in ISO form."""
        if self.pandemic_week is None:
            return None
        return to_date(self._calendar.monday(self.pandemic_week)).isoformat()

    def use(self, day: int, region: np.ndarray) -> np.ndarray:
        """How much of its product each account uses on a day, by its region."""
        level = _WEEKDAYS[(day + 3) % 7] * np.ones(3)
        if self._has_seasons:
            level *= _season(day)
        if self._is_pandemic(np.array([day]))[0]:
            level *= _PANDEMIC_USE
        return level[region]

    def programs(self, day: int) -> float:
        """How much the programs do that customers run, which take no weekends."""
        return _PANDEMIC_USE if self._is_pandemic(np.array([day]))[0] else 1.0

    def ticket_rate(self) -> np.ndarray:
        """Tickets against an ordinary week, week by week."""
        weeks = np.arange(self._calendar.weeks)
        return np.where(weeks == self.pandemic_week, _PANDEMIC_TICKETS, 1.0)

    def takes_place(self, rng: np.random.Generator, day: np.ndarray) -> np.ndarray:
        """Whether a meeting planned for each day takes place."""
        return ~self._is_pandemic(day) | (rng.random(len(day)) < _PANDEMIC_MEETINGS)

    def counts(self) -> list[Count]:
        counts = []
        if self._has_seasons:
            days = range(self._calendar.start, self._calendar.end + 1)
            quiet = sum(bool((_season(day) < 1).any()) for day in days)
            counts.append(Count("seasonality", "product.events", "days", quiet, FACT))
        if self.pandemic_week is not None:
            counts.append(Count("pandemic-week", "product.events", "weeks", 1, FACT))
        return counts

    def _is_pandemic(self, day: np.ndarray) -> np.ndarray:
        if self.pandemic_week is None:
            return np.zeros(len(day), dtype=bool)
        return (day - self._calendar.first_monday) // 7 == self.pandemic_week


def _season(day: int) -> np.ndarray:
    """Summers (August in EMEA) and the turn of the year: what is left of use, by region."""
    moment = np.datetime64(day, "D")
    month = int(moment.astype("M8[M]").astype(np.int64)) % 12 + 1
    day_of_year = int((moment - moment.astype("M8[Y]").astype("M8[D]")).astype(np.int64))
    level = np.ones(3)
    if month == 8:
        level = level * _AUGUST
    elif month == 7:
        level = level * _JULY
    if day_of_year >= 356 or day_of_year <= 2:
        level = level * _TURN_OF_THE_YEAR
    return level

"""When the jobs run: stated once, for Dagster's schedules and for `tenure status`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Cadence:
    """A job, the days on which it runs (0 is Monday), and the hour in UTC."""

    job: str
    weekdays: tuple[int, ...]
    hour: int

    @property
    def cron(self) -> str:
        """As cron writes it, where 0 is Sunday."""
        days = ",".join(str((day + 1) % 7) for day in self.weekdays)
        return f"0 {self.hour} * * {days}"

    def next_after(self, moment: datetime) -> datetime:
        """The first time it is due after a moment."""
        day = moment.astimezone(UTC).replace(hour=self.hour, minute=0, second=0, microsecond=0)
        while day <= moment or day.weekday() not in self.weekdays:
            day += timedelta(days=1)
        return day


DAILY = Cadence("daily", weekdays=(0, 1, 2, 3, 4, 5), hour=5)
WEEKLY = Cadence("weekly", weekdays=(6,), hour=5)
CADENCES = (DAILY, WEEKLY)


def schedule_name(job: str) -> str:
    """What Dagster calls a job's schedule."""
    return f"{job}_schedule"

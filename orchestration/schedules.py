"""Whether the schedules run: Dagster's own memory, in words."""

from collections.abc import Collection
from datetime import UTC, datetime

from orchestration.lib.cadence import CADENCES, schedule_name
from warehouse import Settings, Warehouse

SCHEDULER = "SCHEDULER"


def schedules_in_words(running: Collection[str], is_scheduler_up: bool, now: datetime) -> list[str]:
    """A line for each schedule, and one where none of them can start anything."""
    lines = []
    for cadence in CADENCES:
        is_running = schedule_name(cadence.job) in running
        due = f"next {cadence.next_after(now):%A %Y-%m-%d %H:%M} UTC"
        lines.append(f"Schedule {cadence.job}: {f'running, {due}' if is_running else 'stopped'}")
    if not is_scheduler_up:
        lines.append("No scheduler is running: nothing starts by itself until `tenure dev` does")
    elif not running:
        lines.append("The scheduler is running: turn schedules on in Dagster, under Automation")
    return lines


def schedule_lines(settings: Settings, warehouse: Warehouse) -> list[str]:
    """The schedules of this home as Dagster knows them now."""
    known = warehouse.read(
        "select 1 as found from pg_database where datname = %(name)s",
        {"name": settings.dagster_database},
    )
    now = datetime.now(UTC)
    if known.empty:
        return schedules_in_words((), False, now)
    # Imported here: Dagster takes two seconds, which a new home need not wait for.
    from dagster._core.scheduler.instigation import InstigatorStatus, InstigatorType

    from orchestration.instance import open_instance

    with open_instance(settings) as instance:
        states = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
        scheduler = instance.get_daemon_statuses([SCHEDULER])[SCHEDULER]
    running = {
        state.instigator_name for state in states if state.status == InstigatorStatus.RUNNING
    }
    return schedules_in_words(running, bool(scheduler.healthy), now)

"""What Dagster shows of quarantine, calibration and schedules."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from orchestration.lib.cadence import DAILY, WEEKLY, Cadence
from orchestration.lib.previews import calibration_preview, quarantine_preview
from orchestration.schedules import schedules_in_words

FRIDAY = datetime(2026, 11, 27, 18, tzinfo=UTC)


def test_quarantine_is_counted_by_table_and_rule() -> None:
    counts = pd.DataFrame(
        {"of_table": ["crm.accounts"], "rule": ["not_null"], "row_count": [1200], "file_count": [2]}
    )
    shown = quarantine_preview(counts).replace("\\", "")
    assert "| crm.accounts | not_null | 1,200 | 2 |" in shown
    assert quarantine_preview(counts[:0]) == "No row is in quarantine."


def test_calibration_is_a_line_for_each_tenth() -> None:
    bins = pd.DataFrame({"bin": [1], "predicted": [0.31], "observed": [0.295], "rows": [80]})
    assert "| 1 | 31.0% | 29.5% | 80 |" in calibration_preview(bins)
    assert calibration_preview(bins[:0]) == "No model was trained."


@pytest.mark.parametrize(
    ("cadence", "due"),
    [(DAILY, "2026-11-28 05:00"), (WEEKLY, "2026-11-29 05:00")],
    ids=["daily", "weekly"],
)
def test_a_job_is_next_due(cadence: Cadence, due: str) -> None:
    assert f"{cadence.next_after(FRIDAY):%Y-%m-%d %H:%M}" == due
    sunday = datetime(2026, 11, 29, 5, tzinfo=UTC)
    assert cadence.next_after(sunday) > sunday


def test_cron_counts_from_sunday() -> None:
    assert (DAILY.cron, WEEKLY.cron) == ("0 5 * * 1,2,3,4,5,6", "0 5 * * 0")


def test_schedules_say_what_starts_next_and_what_cannot() -> None:
    """A schedule that is on while no scheduler runs looks like one that works."""
    assert schedules_in_words(["daily_schedule"], True, FRIDAY) == [
        "Schedule daily: running, next Saturday 2026-11-28 05:00 UTC",
        "Schedule weekly: stopped",
    ]
    assert "No scheduler is running" in schedules_in_words(["daily_schedule"], False, FRIDAY)[-1]
    assert "turn schedules on" in schedules_in_words([], True, FRIDAY)[-1]

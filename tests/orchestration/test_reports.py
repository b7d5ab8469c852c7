"""What a run and `tenure status` say to people."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from orchestration.doctor import locked_versions
from orchestration.lib.progress import step_in_words
from orchestration.status import freshness, interval
from orchestration.words import money, share

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "words", "is_late"),
    [
        (timedelta(minutes=5), "5 minutes", False),
        (timedelta(hours=35), "35 hours", False),
        (timedelta(hours=37), "37 hours", True),
        (timedelta(days=9), "9 days", True),
    ],
)
def test_age_of_data_is_late_after_the_daily_job_was_missed(
    age: timedelta, words: str, is_late: bool
) -> None:
    told = freshness(NOW - age, NOW)
    assert (told.words, told.is_late) == (words, is_late)


def test_unknown_is_a_word_and_not_a_zero() -> None:
    assert money(None, "USD") == "unknown"
    assert money(float("nan"), "USD") == "unknown"
    assert share(None) == "unknown"
    assert interval(pd.Series({"metric_value": None, "ci_low": None, "ci_high": None})) == "unknown"


def test_a_metric_is_shown_with_its_interval() -> None:
    row = pd.Series({"metric_value": 0.812, "ci_low": 0.78, "ci_high": 0.84})
    assert interval(row) == "0.812 (0.780 to 0.840)"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("ingest_crm", "load crm"),
        ("expect_billing", "check billing"),
        ("dbt_models", "dbt: staging, intermediate, marts"),
        ("find_leaks", "find leaks"),
    ],
)
def test_steps_are_told_in_words(step: str, words: str) -> None:
    assert step_in_words(step) == words


def test_the_doctor_reads_pins_from_the_lock() -> None:
    lock = (
        "dagster==1.13.27 \\\n    --hash=sha256:00\ngql[requests]==4.4.0 ; python_version > '3'\n"
    )
    assert locked_versions(lock) == {"dagster": "1.13.27", "gql": "4.4.0"}

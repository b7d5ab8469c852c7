"""A run's steps as lines a person can follow; everything else goes to a log file."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster import DagsterEvent, DagsterEventType

from orchestration.terminal import Terminal, styled


@contextmanager
def output_to(log: Path) -> Iterator[Terminal]:
    """Send this process's output, and its children's, to a file; yield a console to the person.

    dbt, MLflow and Great Expectations each print hundreds of lines; redirecting the descriptors
    is the one place that catches them all.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept_out, kept_err = os.dup(1), os.dup(2)
    with log.open("ab", buffering=0) as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    person = os.fdopen(os.dup(kept_out), "w", buffering=1)
    try:
        yield Terminal(file=person)
    finally:
        person.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(kept_out, 1)
        os.dup2(kept_err, 2)
        os.close(kept_out)
        os.close(kept_err)
        person.close()


STEP_WORDS = {
    "record_load_audit": "record the load audit",
    "finish_run": "finish the run",
    "dbt_models": "dbt: staging, intermediate, marts",
    "train_models": "train the models",
    "score_accounts": "score open accounts",
    "expect_ml": "check the predictions",
    "dbt_models_with_predictions": "dbt: customer health",
    "redo_weeks": "compute and score past weeks",
}

# Under these names of an asset's metadata stand sentences for the person: what was left out and
# why, and what was found wrong in the files without stopping the run.
NOTES = "notes"
PROBLEMS = "problems"

# Step events go through this logger, so that whoever runs a job in process can listen.
STEP_LOG = logging.getLogger("tenure.steps")


def step_in_words(step: str) -> str:
    """What a step does, for people: `ingest_crm` is 'load crm'."""
    if step in STEP_WORDS:
        return STEP_WORDS[step]
    verb, _, subject = step.partition("_")
    verb = {"ingest": "load", "expect": "check"}.get(verb, verb)
    return f"{verb} {subject}"


class _StepEvents(logging.Handler):
    """Forwards Dagster's step events, and what steps say, to STEP_LOG."""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(getattr(record, "dagster_event", None), DagsterEvent):
            STEP_LOG.handle(record)


def _step_logger(_init: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("dagster_steps")
    logger.addHandler(_StepEvents())
    return logger


step_logger = dg.LoggerDefinition(
    _step_logger, description="Step events for whoever runs the job in this process."
)


class StepLines(logging.Handler):
    """Prints one line per finished step: how it ended, what it was, how long it took."""

    def __init__(self, console: Terminal, step_count: int) -> None:
        super().__init__()
        self.console = console
        self.step_count = step_count
        self.done = 0
        self.status = console.status("starting")

    def emit(self, record: logging.LogRecord) -> None:
        event: DagsterEvent = record.dagster_event  # type: ignore[attr-defined]
        words = step_in_words(event.step_key or "")
        kind = event.event_type
        if kind == DagsterEventType.STEP_START:
            self.status.update(f"[{self.done + 1}/{self.step_count}] {words}")
        elif kind == DagsterEventType.STEP_SUCCESS:
            self.done += 1
            seconds = event.step_success_data.duration_ms / 1000
            self._print("✓", "green", f"{words:<40} ", f"{seconds:6.1f} s")
        elif kind == DagsterEventType.STEP_FAILURE:
            self.done += 1
            self._print("✗", "red", words)
        elif kind == DagsterEventType.STEP_SKIPPED:
            self.done += 1
            self._print("–", "dim", f"{words:<40} ", "skipped")
        elif kind == DagsterEventType.STEP_UP_FOR_RETRY:
            self._print("↻", "yellow", f"{words}: connection lost, trying again")

    def _print(self, mark: str, style: str, words: str, aside: str = "") -> None:
        self.console.print(styled("  ", (mark, style), f" {words}", (aside, "dim")))


@contextmanager
def step_lines(console: Terminal, step_count: int) -> Iterator[None]:
    """Print the steps of the jobs that run inside this context."""
    lines = StepLines(console, step_count)
    STEP_LOG.addHandler(lines)
    try:
        with lines.status:
            yield
    finally:
        STEP_LOG.removeHandler(lines)

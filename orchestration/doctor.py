"""`tenure doctor`: can this machine run Tenure, and if not, what to do."""

import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from orchestration.services import all_services
from warehouse import Settings, Warehouse, WarehouseError
from warehouse.readers import unbounded

LEAST_DISK_GB = 5
LEAST_MEMORY_GB = 4
LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is good, what was seen, what to do if not."""

    subject: str
    is_good: bool
    seen: str
    remedy: str = ""


def check_python() -> Finding:
    """Python's version."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", sys.version_info >= (3, 11), version, "Tenure needs Python 3.11+.")


def check_machine(settings: Settings) -> list[Finding]:
    """Disk and memory."""
    existing = settings.home
    while not existing.exists():
        existing = existing.parent
    disk = shutil.disk_usage(existing).free / 1e9
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return [
        Finding(
            "free disk",
            disk >= LEAST_DISK_GB,
            f"{disk:.0f} GB",
            f"Free {LEAST_DISK_GB} GB at least.",
        ),
        Finding(
            "memory",
            memory >= LEAST_MEMORY_GB,
            f"{memory:.0f} GB",
            f"{LEAST_MEMORY_GB} GB is the least that the demonstration company runs in.",
        ),
    ]


def locked_versions(lock_text: str) -> dict[str, str]:
    """Package name to pinned version, from the text of requirements.lock."""
    pins = {}
    for line in lock_text.splitlines():
        name, separator, rest = line.partition("==")
        if separator and not line.startswith((" ", "#")):
            pins[name.split("[")[0].strip()] = rest.split()[0].rstrip("\\").strip()
    return pins


def check_packages(names: list[str]) -> list[Finding]:
    """Whether what is installed is what the lock pins."""
    pins = locked_versions(LOCK.read_text())
    findings = []
    for name in names:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = "missing"
        findings.append(
            Finding(
                name,
                version == pins.get(name),
                version,
                f"requirements.lock pins {pins.get(name)}; run: make setup",
            )
        )
    return findings


def check_lightgbm() -> Finding:
    """LightGBM needs the system's OpenMP library, which slim images leave out."""
    try:
        import lightgbm
    except OSError as error:
        return Finding("LightGBM", False, str(error), "Install libgomp1 with your package manager.")
    return Finding("LightGBM", True, lightgbm.__version__)


def check_warehouse(settings: Settings) -> Finding:
    """Whether the warehouse opens, and which server answers."""
    try:
        with Warehouse.open(settings) as warehouse:
            version = warehouse.read("show server_version")["server_version"].iloc[0]
    except WarehouseError as error:
        return Finding("warehouse", False, str(error), f"See the logs in {settings.logs}")
    return Finding("warehouse", True, f"PostgreSQL {version}, database {settings.database}")


def check_readers(settings: Settings) -> list[Finding]:
    """Whether readers are kept from stopping runs and each other."""
    try:
        with Warehouse.open(settings) as warehouse:
            missing = unbounded(warehouse)
    except WarehouseError:
        return []  # the warehouse is a finding of its own
    # What only a superuser may set is nothing that must be fixed on somebody else's server.
    is_good = not missing or not settings.is_embedded
    by_superuser = " (a superuser may run warehouse/bounds.sql)" if missing and is_good else ""
    seen = "; ".join(missing) or "in force"
    remedy = "Open the warehouse as its owner: tenure status"
    return [Finding("bounds of tenure_reader", is_good, f"{seen}{by_superuser}", remedy)]


def check_ports(settings: Settings, host: str = "127.0.0.1") -> list[Finding]:
    """Whether the services' ports are free."""
    findings = []
    for service in all_services(settings, host):
        if service.url is None:
            continue
        port = int(service.url.rsplit(":", 1)[1])
        with socket.socket() as probe:
            is_taken = probe.connect_ex((host, port)) == 0
        findings.append(
            Finding(
                f"port of {service.name}",
                not is_taken,
                f"{port} {'in use' if is_taken else 'free'}",
                "Another program, or a running `make dev`, holds it.",
            )
        )
    return findings


def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order in which things are needed."""
    checks: list[Callable[[], list[Finding]]] = [
        lambda: [check_python()],
        lambda: check_machine(settings),
        lambda: check_packages(
            ["dagster", "dbt-core", "mlflow", "great-expectations", "streamlit"]
        ),
        lambda: [check_lightgbm()],
        lambda: [check_warehouse(settings)],
        lambda: check_readers(settings),
        lambda: check_ports(settings),
    ]
    return [finding for check in checks for finding in check()]

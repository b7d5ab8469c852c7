"""Where one company's warehouse lives: read from the environment once, passed on as one value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.address import parse_address
from warehouse.errors import WarehouseError

DEFAULT_COMPANY = "demo"
# Databases beside the companies' own in the embedded server: a company of that name would be one.
RESERVED_COMPANIES = frozenset({"dagster", "mlflow"})
# `tenure_<company>` must stay below PostgreSQL's 63 bytes, with room for a suffix.
COMPANY_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Settings:
    """One company's places. `database_url` is None when Tenure runs its own PostgreSQL."""

    home: Path
    company: str
    database_url: str | None = None
    postgres_port: int | None = None
    reader_password: str | None = None
    scorer_password: str | None = None

    @property
    def is_embedded(self) -> bool:
        return self.database_url is None

    @property
    def company_home(self) -> Path:
        return self.home / "companies" / self.company

    @property
    def lake(self) -> Path:
        """Product events: Parquet, one folder per day."""
        return self.company_home / "lake"

    @property
    def landing(self) -> Path:
        return self.company_home / "landing"

    @property
    def mappings(self) -> Path:
        """The company's own mappings: a folder for each system."""
        return self.company_home / "mappings"

    @property
    def dbt_target(self) -> Path:
        return self.company_home / "dbt_target"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def mlflow_artifacts(self) -> Path:
        return self.home / "mlflow"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def database(self) -> str:
        """The company's database: `tenure_<company>`, or the one TENURE_DATABASE_URL names."""
        if self.database_url is None:
            return f"tenure_{self.company}"
        return parse_address(self.database_url)["dbname"]

    @property
    def dagster_database(self) -> str:
        return "tenure_dagster" if self.is_embedded else f"{self.database}_dagster"

    @property
    def mlflow_database(self) -> str:
        return "tenure_mlflow" if self.is_embedded else f"{self.database}_mlflow"

    def remember_company(self) -> None:
        """Make this company the one that later commands mean when they name none."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "current_company").write_text(self.company + "\n", encoding="utf-8")


def load_settings(
    company: str | None = None,
    environ: Mapping[str, str] | None = None,
    default: str | None = None,
) -> Settings:
    """Settings from `.env` in the checkout and the environment, which wins.

    `company` beats TENURE_COMPANY, which beats `default`, which beats the company of the last run.
    Raises WarehouseError when a value cannot be used.
    """
    checkout = checkout_folder()
    values = {**read_env_file(checkout / ".env"), **(os.environ if environ is None else environ)}
    home = Path(values.get("TENURE_HOME") or checkout / ".tenure").expanduser()
    home = home if home.is_absolute() else Path.cwd() / home
    named = company or values.get("TENURE_COMPANY") or default
    name = named or _remembered_company(home) or DEFAULT_COMPANY
    return Settings(
        home=Path(os.path.normpath(home)),
        company=check_company(name),
        database_url=values.get("TENURE_DATABASE_URL") or None,
        postgres_port=_port(values.get("TENURE_POSTGRES_PORT")),
        reader_password=values.get("TENURE_READER_PASSWORD") or None,
        scorer_password=values.get("TENURE_SCORER_PASSWORD") or None,
    )


def check_company(name: str) -> str:
    """The name, if a database and a folder can bear it; else WarehouseError says why not."""
    if not COMPANY_PATTERN.fullmatch(name):
        raise WarehouseError(
            f"The company name {name!r} cannot name a database: use at most 40 lower-case letters, "
            "digits and underscores, with a letter first."
        )
    if name in RESERVED_COMPANIES:
        raise WarehouseError(f"The company name {name!r} is taken by Tenure itself. Use another.")
    return name


def checkout_folder() -> Path:
    """The checkout this code was installed from (editable), else the current folder."""
    above = Path(__file__).resolve().parent.parent
    return above if (above / "pyproject.toml").is_file() else Path.cwd()


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a `.env` file; comments and unset names are left out."""
    if not path.is_file():
        return {}
    pairs = (
        line.removeprefix("export ").split("=", 1)
        for line in map(str.strip, path.read_text(encoding="utf-8").splitlines())
        if "=" in line and not line.startswith("#")
    )
    return {name.strip(): _unquoted(value.strip()) for name, value in pairs if value.strip()}


def _unquoted(value: str) -> str:
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value


def _remembered_company(home: Path) -> str | None:
    path = home / "current_company"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def _port(value: str | None) -> int | None:
    if not value:
        return None
    if not value.isdigit() or not 1024 <= int(value) <= 65535:
        raise WarehouseError(f"TENURE_POSTGRES_PORT is {value!r}: use a port from 1024 to 65535.")
    return int(value)

"""Small deliveries in contract form, and the shortest way to load them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from sources import Contract, TableLoad, ingest, load_contract
from sources.session import open_duckdb
from warehouse import Settings, Warehouse

ACCOUNTS = "account_id,account_name,signed_at\nA-1,One,2024-01-01\nA-2,Two,2024-02-01\n"
SUBSCRIPTIONS = (
    "subscription_id,account_id,product,mrr_cents,currency,started_at,ended_at\n"
    "S-1,A-1,platform,10000,USD,2024-01-01,\n"
    "S-2,A-2,platform,20000,EUR,2024-02-01,2025-02-01\n"
)


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Put files, by name, into a folder; the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract()


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as ingestion opens it."""
    with open_duckdb(Settings(home=tmp_path, company="test")) as connection:
        yield connection


class Loader:
    """Loads deliveries into one warehouse and looks at what came of them."""

    def __init__(self, warehouse: Warehouse, contract: Contract, folder: Path) -> None:
        self.warehouse = warehouse
        self.contract = contract
        self.folder = folder

    def deliver(
        self,
        files: Mapping[str, str] | Mapping[str, str | bytes],
        system: str = "canonical",
        **options,
    ) -> dict[str, TableLoad]:
        """Load files that replace the folder's earlier ones of the same names; loads by table."""
        write_files(self.folder, files)
        loads = ingest(
            self.warehouse, self.warehouse.settings, self.contract, system, self.folder, **options
        )
        return {f"{load.source}.{load.table}": load for load in loads}

    def rows(self, sql: str) -> list[tuple]:
        with self.warehouse.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def rejections(self) -> list[tuple]:
        """What is quarantined, as (table, file, row, rule, message)."""
        return self.rows(
            "select source || '.' || table_name, file, row_number, rule, message "
            "from quarantine.rejected_rows order by 1, 2, 3"
        )


@pytest.fixture
def loader(warehouse: Warehouse, contract: Contract, tmp_path: Path) -> Loader:
    return Loader(warehouse, contract, tmp_path / "delivery")


@pytest.fixture
def new_loader(
    fresh_company: Callable[[], Warehouse], contract: Contract, tmp_path: Path
) -> Callable[[Path | None], Loader]:
    """Makes loaders, each with a warehouse of its own, over a folder that is given or empty."""

    def make(folder: Path | None = None) -> Loader:
        return Loader(fresh_company(), contract, folder or tmp_path / "delivery")

    return make

"""A small warehouse for the app's tests: mart tables from the dbt contracts, rows made up.

The tables are created from the models' own YAML, and every made-up column must be in it: a mart
that changes its contract breaks these tests, not the app in front of its readers.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import yaml
from streamlit.testing.v1 import AppTest

from tests.dashboards.made_marts import make_marts
from warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
MARTS = ROOT / "dbt_project" / "models" / "marts"


@cache
def contracts() -> dict[str, dict[str, dict]]:
    """The columns of each mart as its dbt contract states them: name to type and constraints."""
    return {
        model["name"]: {column["name"]: column for column in model["columns"]}
        for path in sorted(MARTS.rglob("*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    }


def put_marts(warehouse: Warehouse, frames: dict[str, pd.DataFrame]) -> None:
    """Puts marts into a warehouse as dbt would: new tables, by contract."""
    for mart, frame in frames.items():
        columns = contracts()[mart]
        unknown = set(frame.columns) - set(columns)
        assert not unknown, f"{mart} has no column {sorted(unknown)} in its contract any more."
        definitions = [
            f"{name} {column['data_type']}"
            + (" not null" if {"type": "not_null"} in column.get("constraints", []) else "")
            for name, column in columns.items()
        ]
        warehouse.execute(
            f"drop table if exists marts.{mart}; "
            f"drop table if exists marts.{mart}_made; "
            f"create table marts.{mart} ({', '.join(definitions)})"
        )
        if frame.empty:
            continue
        names = ", ".join(frame.columns)
        casts = ", ".join(f"{name}::{columns[name]['data_type']}" for name in frame.columns)
        texts = ", ".join(f"{name} text" for name in frame.columns)
        warehouse.execute(f"create table marts.{mart}_made ({texts})")
        warehouse.bulk_load(pa.table({c: _texts(frame[c]) for c in frame}), f"marts.{mart}_made")
        warehouse.execute(
            f"insert into marts.{mart} ({names}) select {casts} from marts.{mart}_made; "
            f"drop table marts.{mart}_made"
        )


def _texts(values: pd.Series) -> pa.Array:
    return pa.array([None if pd.isna(v) else str(v) for v in values], pa.string())


@pytest.fixture(scope="session")
def store() -> Callable[[Warehouse, dict[str, pd.DataFrame]], None]:
    """Puts marts into a warehouse as dbt would."""
    return put_marts


@pytest.fixture
def company_with(
    fresh_company: Callable[[], Warehouse], made: dict[str, pd.DataFrame]
) -> Callable[..., Warehouse]:
    """Makes a company whose marts are those of `stocked`, but for the ones that are given."""

    def make(**marts: pd.DataFrame) -> Warehouse:
        warehouse = fresh_company()
        put_marts(warehouse, made | marts)
        return warehouse

    return make


@pytest.fixture(scope="session")
def made() -> dict[str, pd.DataFrame]:
    """The made-up marts of `stocked`."""
    return make_marts()


@pytest.fixture(scope="session")
def stocked(fresh_company: Callable[[], Warehouse], made: dict[str, pd.DataFrame]) -> Warehouse:
    """A warehouse whose marts are made up and complete; nobody changes it."""
    warehouse = fresh_company()
    put_marts(warehouse, made)
    return warehouse


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Runs a page of the app against a warehouse, as a reader would open it."""

    def run(warehouse: Warehouse, page: str = "portfolio", **query: str | list[str]) -> AppTest:
        monkeypatch.setenv("TENURE_COMPANY", warehouse.settings.company)
        # on a busy machine, too
        file = str(ROOT / "dashboards" / "streamlit_app.py")
        test = AppTest.from_file(file, default_timeout=180)
        test.run()
        test.switch_page(f"app_pages/{page}.py")
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    return run

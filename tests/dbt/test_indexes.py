"""What is asked about one account is looked up, not searched for."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from benchmarks.account_queries import (
    FIRST_OF_ALL,
    MARTS,
    ONE_ACCOUNT,
    account_parameters,
    fill,
)
from orchestration.portfolio import FIRST_SQL
from tests.dbt.builds import ONLY_MODELS
from warehouse import Warehouse

pytestmark = pytest.mark.slow

LARGE = ("fct_health_scores", "customer_health", "fct_health_changes")


@pytest.fixture(scope="module")
def filled(company: Warehouse, dbt_build: Callable[..., None]) -> Warehouse:
    """The marts as dbt makes them, with more rows than a scan is cheaper for."""
    wanted = [f"+{mart}" for mart in MARTS]
    dbt_build(company, "2026-03-01", "--select", *wanted, *ONLY_MODELS)
    fill(company, accounts=2_000, weeks=12)
    return company


@pytest.mark.parametrize("query", [*ONE_ACCOUNT, "first of all", "status"])
def test_the_apps_queries_use_indexes(filled: Warehouse, query: str) -> None:
    """A scan of all scores for one account's chart takes a second at 10,000 accounts."""
    sql = (ONE_ACCOUNT | {"first of all": FIRST_OF_ALL, "status": FIRST_SQL})[query]
    with filled.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(f"explain {sql}", account_parameters(17))
        plan = "\n".join(line for (line,) in cursor)
    scanned = re.findall(r"Seq Scan on (\w+)", plan)
    assert not set(scanned) & set(LARGE), plan
    assert "Index" in plan or "Bitmap" in plan

"""The whole project on companies that deliver little."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from warehouse import Warehouse


@pytest.mark.slow
def test_a_company_that_delivered_nothing_builds(
    company: Warehouse, dbt_build: Callable[..., None]
) -> None:
    """Empty sources must give empty marts, not a failed build. Runs every unit test as well."""
    dbt_build(company, "2026-03-01")
    marts = ["dim_accounts", "fct_mrr_movements", "retention_monthly", "churn_cohorts"]
    for mart in [*marts, "customer_health"]:
        assert company.read(f"select * from marts.{mart}").empty

    # Of a table that it has not counted PostgreSQL expects a few rows: the scores of one day read
    # all weeks of all accounts once per date.
    uncounted = company.read(
        "select c.relname from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
        " where c.relkind = 'r' and c.reltuples != 0"  # of an empty table there is nothing to know
        " and n.nspname in ('seeds', 'intermediate', 'marts')"
        " and not exists (select from pg_stats where schemaname = nspname and tablename = relname)"
    )
    assert uncounted["relname"].tolist() == []

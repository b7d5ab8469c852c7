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

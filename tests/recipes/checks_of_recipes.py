"""What the recipes make, in the tree that they were applied to; test_recipes.py runs these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ml.pipeline import train
from ml.targets import TARGETS
from ml.targets.churn import TARGET as CHURN
from simulator import write_company
from sources import load_contract
from tests.dbt.builds import ONLY_MODELS
from tests.dbt.conftest import company, dbt_build, parsed  # noqa: F401  found by name
from tests.dbt.eight_customers import fill
from tests.ml.conftest import make_company
from tests.ml.test_pipeline import MemoryRegistry
from tests.sources.conftest import Loader
from warehouse import Warehouse

AS_OF = "2026-01-14"
BUILT = ("+customer_health", "dim_signals", "+fct_contraction_outcomes")


@pytest.fixture(scope="module")
def built(company: Warehouse, dbt_build: Callable[..., None]) -> Warehouse:  # noqa: F811
    """Eight customers, one of them large, one with a stage, built by the recipes' models."""
    fill(company)
    company.execute(
        "update crm.accounts set employee_count = 5000 where account_id = 'a1';"
        "update crm.accounts set lifecycle_stage = ' Customer ' where account_id = 'a2'"
    )
    dbt_build(company, AS_OF, "--select", *BUILT, *ONLY_MODELS)
    return company


def test_the_signal_is_known_declared_and_scored(built: Warehouse) -> None:
    values = built.read("select distinct escalations_28d from marts.account_snapshots")
    assert values["escalations_28d"].dropna().size > 1
    declared = built.read("select label from marts.dim_signals where signal = 'escalations_28d'")
    assert declared["label"].tolist() == ["Escalated tickets in 28 days"]
    points = built.read(
        "select count(points) as known from marts.fct_health_contributions"
        " where scorecard = 'playbook_001' and signal = 'escalations_28d'"
    )
    assert points["known"].iloc[0] > 0


def test_the_scorecard_is_scored_by_segment_and_displayed(built: Warehouse) -> None:
    scored = built.read(
        "select distinct policy_segment from marts.fct_health_scores"
        f" where scorecard = 'house_005' and snapshot_date = '{AS_OF}' order by policy_segment"
    )
    assert scored["policy_segment"].tolist() == ["all", "enterprise"]
    shown = built.read(
        "select segment, scorecard, count(*) filter (where tier != 'Unknown') as in_colour"
        " from marts.customer_health group by segment, scorecard order by segment"
    )
    assert shown[["segment", "scorecard"]].values.tolist() == [
        ["enterprise", "house_005"],
        ["mid_market", "segments_003"],
    ]
    assert shown["in_colour"].min() > 0


def test_the_raw_column_is_loaded_simulated_and_staged(
    built: Warehouse, warehouse: Warehouse, tmp_path: Path
) -> None:
    loader = Loader(warehouse, load_contract(), tmp_path / "files")
    row = "account_id,account_name,signed_at,lifecycle_stage\nA-1,One,2024-01-01,Customer\n"
    loader.deliver({"crm.accounts.csv": row})
    stages = loader.rows("select lifecycle_stage, attributes::text from crm.accounts")
    assert stages == [("Customer", None)]
    staged = built.read("select lifecycle_stage from staging.stg_crm__accounts")["lifecycle_stage"]
    assert staged.dropna().tolist() == ["customer"]
    written = write_company(tmp_path / "simulated", accounts=20, months=3).folder
    assert "lifecycle_stage" in (written / "crm.accounts.csv").read_text().splitlines()[0]


def test_the_system_is_read(warehouse: Warehouse, tmp_path: Path) -> None:
    loader = Loader(warehouse, load_contract(), tmp_path)
    loads = loader.deliver(
        {
            "customers_1.csv": "customer_no,company,customer_since,size\n7,Seven,31/01/2024,9\n",
            "contracts_1.csv": (
                "contract_no,customer_no,monthly_fee,currency,valid_from,valid_to\n"
                "c1,7,99.50,EUR,2024-02-01,\n"
            ),
        },
        system="acme",
    )
    assert {name: load.rows_loaded for name, load in loads.items() if load.rows_in} == {
        "crm.accounts": 1,
        "billing.subscriptions": 1,
    }
    assert loader.rows("select account_id, signed_at::date::text from crm.accounts") == [
        ("7", "2024-01-31")
    ]
    assert loader.rows("select mrr_cents, currency from billing.subscriptions") == [(9950, "EUR")]


def test_the_target_has_outcomes_and_is_trained(built: Warehouse) -> None:
    outcomes = built.read("select * from marts.fct_contraction_outcomes")
    assert outcomes["contracted_within_horizon"].notna().any()
    target = next(target for target in TARGETS if target.name == "contraction")
    assert {target.label_column, target.money_column} <= set(outcomes)
    tiny = make_company(accounts=150, weeks=50)
    names = {CHURN.label_column: target.label_column, CHURN.money_column: target.money_column}
    contracting = replace(tiny, outcomes=tiny.outcomes.rename(columns=names))
    training = train(target, MemoryRegistry(), *contracting.frames)
    assert set(training.models["target"]) == {"contraction"}

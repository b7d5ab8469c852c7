"""A company on its first day: no churn, four sources, and still a list that helps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from sources import ingest, load_contract
from tests.conftest import SHARED_DATA, missing
from tests.dbt.builds import ONLY_MODELS
from tests.dbt.conftest import dbt_build, parsed  # noqa: F401  pytest finds fixtures by name
from tests.first_day.companies import AS_OF, Exports, deliver, read, simulate
from warehouse import Warehouse

pytestmark = pytest.mark.slow

COLD_START = SHARED_DATA.parent / "cold_start"
BUILT = ("--select", "+customer_health", "+score_basis", *ONLY_MODELS)
# What no call can change, or what is far away however it is put.
NO_REASON = re.compile("renewal|as a customer|contract term|longer than", re.IGNORECASE)


def exports_of(name: str) -> Exports:
    """The company beside the project, or a sister of it."""
    if name != "cold_start":
        return simulate(int(name.removeprefix("sister_")))
    if not COLD_START.is_dir():
        missing("the company on its first day is not here: ../shared/cold_start")
    return read(COLD_START)


@pytest.fixture(scope="module", params=["cold_start", "sister_1"])
def ranked(
    request: pytest.FixtureRequest,
    fresh_company: Callable[[], Warehouse],
    dbt_build: Callable[..., None],  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Warehouse, pd.DataFrame]]:
    """`customer_health` of a company, and who is at risk in truth."""
    exports = exports_of(request.param)
    warehouse = fresh_company()
    folder = deliver(exports, tmp_path_factory.mktemp("exports") / "files")
    ingest(warehouse, warehouse.settings, load_contract(), "canonical", folder)
    dbt_build(warehouse, AS_OF, *BUILT)
    health = warehouse.read("select * from marts.customer_health")
    at_risk = exports.truth.rename(columns={"Customer ID": "account_id"})
    yield warehouse, health.merge(at_risk, on="account_id", validate="one_to_one")


def test_the_default_ranking_finds_those_at_risk(ranked: tuple[Warehouse, pd.DataFrame]) -> None:
    _, health = ranked
    assert roc_auc_score(health["at_risk"], -health["priority"]) >= 0.85


def test_no_account_is_grey(ranked: tuple[Warehouse, pd.DataFrame]) -> None:
    _, health = ranked
    assert "grey" not in set(health["colour"])
    assert set(health["scorecard"]) == {"first_day"}


def test_reasons_name_a_number_that_can_be_acted_on(
    ranked: tuple[Warehouse, pd.DataFrame],
) -> None:
    _, health = ranked
    first = health.sort_values("priority").head(20)
    for reasons in first["reasons"]:
        named = reasons.split("; ")
        assert len(named) == len(set(named)) <= 3
        assert all(re.search(r"\d", reason) for reason in named), reasons
        assert not NO_REASON.search(reasons), reasons


def test_it_is_said_that_it_is_a_score_and_what_would_make_it_better(
    ranked: tuple[Warehouse, pd.DataFrame],
) -> None:
    warehouse, _ = ranked
    [sentence] = warehouse.read("select sentence from marts.score_basis")["sentence"]
    assert "not a probability" in sentence
    assert "product.account_days" in sentence
    assert "Probabilities need 30 churned accounts; 0 are known." in sentence

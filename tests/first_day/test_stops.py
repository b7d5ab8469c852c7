"""A source that stops counting on one day: unknown and named, and no account has fallen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from sources import ingest, load_contract
from tests.dbt.builds import ONLY_MODELS
from tests.dbt.conftest import dbt_build, parsed  # noqa: F401  pytest finds fixtures by name
from tests.first_day.companies import AS_OF, Exports, deliver, simulate
from tests.first_day.event_days import account_days, load_days
from warehouse import Warehouse

pytestmark = pytest.mark.slow

SEED = 3002
BUILT = ("--select", "+customer_health", "+source_outages", *ONLY_MODELS)
STOPPED = "2026-03-02"
# The one account that is counted on.
COUNTED = "C-101"
SCORES = """
select account_id, health_score from marts.fct_health_scores
where scorecard = 'first_day' and snapshot_date = %(as_of)s
"""


def without_users(days: pd.DataFrame) -> pd.DataFrame:
    """From a day on the product sends its events without users; one account has an old version."""
    stopped = (days["usage_date"] >= pd.Timestamp(STOPPED).date()) & (days["account_id"] != COUNTED)
    counts = ["active_users", "active_users_7d", "active_users_28d"]
    return days.assign(**{name: days[name].mask(stopped, 0) for name in counts})


def auc(warehouse: Warehouse, exports: Exports) -> float:
    scores = warehouse.read(SCORES, {"as_of": AS_OF}).set_index("account_id")["health_score"]
    truth = exports.truth.set_index("Customer ID")["at_risk"].loc[scores.index]
    assert scores.notna().all()
    return float(roc_auc_score(truth, -scores))


def of_one(latest: pd.DataFrame, signal: str) -> float:
    """A signal of the account that is counted on."""
    [value] = latest.loc[latest["account_id"] == COUNTED, signal]
    return value


def sentences(warehouse: Warehouse) -> list[str]:
    return list(warehouse.read("select sentence from marts.source_outages")["sentence"])


@pytest.fixture(scope="module")
def built(
    fresh_company: Callable[[], Warehouse],
    dbt_build: Callable[..., None],  # noqa: F811
) -> Iterator[Callable[[Callable[[Warehouse], None]], Warehouse]]:
    """The marts of a company that the given function loads."""

    def build(load: Callable[[Warehouse], None]) -> Warehouse:
        warehouse = fresh_company()
        load(warehouse)
        dbt_build(warehouse, AS_OF, *BUILT)
        return warehouse

    yield build


def test_users_that_are_no_longer_counted_are_no_fall_of_all_accounts(
    built: Callable[[Callable[[Warehouse], None]], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    exports = simulate(SEED)
    days = without_users(account_days(exports, SEED))
    folder = tmp_path_factory.mktemp("exports")
    warehouse = built(lambda empty: load_days(empty, exports, days, folder))
    assert sentences(warehouse) == [
        # no user came on the weekend before
        "Active users of product.account_days are missing for 32 days, from 28 Feb 2026 on"
    ]
    latest = warehouse.read("select * from marts.account_snapshots where is_latest")
    for name in ("active_users_7d", "active_users_28d", "active_user_change_56d", "stickiness"):
        assert latest[name].isna().all(), name
    assert latest["events_28d"].notna().all() and latest["usage_peer_rank"].notna().all()
    # -0.18 where nothing stops; the one account that is still counted had risen beside the others
    # (0.18), whose median hides it
    assert of_one(latest, "active_use_against_past") == pytest.approx(-0.18, abs=0.1)
    before = warehouse.read(
        "select active_users_28d from marts.account_snapshots where snapshot_date = '2026-03-01'"
    )
    assert before["active_users_28d"].notna().all()
    assert auc(warehouse, exports) >= 0.8


def test_a_metric_that_is_zero_at_once_is_no_fall_of_all_accounts(
    built: Callable[[Callable[[Warehouse], None]], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    exports = simulate(1)
    usage = exports.usage.copy()
    stopped = (usage["Month"] == "2026-03") & (usage["Customer ID"] != COUNTED)
    usage.loc[stopped, "API Calls"] = 0
    folder = tmp_path_factory.mktemp("exports")

    def load(empty: Warehouse) -> None:
        files = deliver(replace(exports, usage=usage), folder / "files")
        ingest(empty, empty.settings, load_contract(), "canonical", files)

    warehouse = built(load)
    assert sentences(warehouse) == [
        '"API Calls" by month of product.usage_metrics are missing for 31 days, from 1 Mar 2026 on'
    ]
    latest = warehouse.read("select * from marts.account_snapshots where is_latest")
    calls = latest.set_index("account_id")["api_calls_28d"]
    # unknown, not zero
    assert calls.pop(COUNTED) > 0 and calls.isna().all()
    # 0.04 where nothing stops, 0.48 where the zeros count
    assert of_one(latest, "usage_against_past") == pytest.approx(0.04, abs=0.1)
    assert auc(warehouse, exports) >= 0.8

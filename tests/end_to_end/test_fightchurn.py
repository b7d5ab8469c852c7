"""Fight-churn's simulated CRM company: our retention against the book's own SQL."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end.conftest import Home

KEYS = ["from_date", "to_date"]


@pytest.fixture(scope="module")
def printed(home: Home, shared_data: Path) -> str:
    return home.tenure(
        *("run", "--source", "fightchurn", "--data", str(shared_data / "fightchurn_crm5")),
        *("--as-of", "2022-12-01"),
    )


@pytest.mark.shared_data
@pytest.mark.slow
def test_retention_equals_all_twelve_reference_rows(
    home: Home, printed: str, shared_data: Path
) -> None:
    reference = pd.read_csv(shared_data / "fightchurn_crm5" / "reference_chapter2_sql.csv")
    reference = reference.rename(columns={"from": "from_date", "to": "to_date"})
    warehouse = home.open("fightchurn")
    try:
        ours = warehouse.read(
            "select from_date::text, to_date::text, start_mrr::float8, nrr, grr, logo_churn"
            " from marts.retention_monthly"
        )
    finally:
        warehouse.close()
    both = reference.merge(ours, on=KEYS, suffixes=("_reference", "_ours"))
    assert len(both) == 12
    assert (both["start_mrr_ours"] - both["start_mrr_reference"]).abs().max() < 0.005
    assert (both["nrr"] - both["net_mrr_retention_rate"]).abs().max() < 1e-9
    assert (both["grr"] - (1 - both["mrr_churn_rate"])).abs().max() < 1e-9
    assert (both["logo_churn"] - both["churn_rate"]).abs().max() < 1e-9


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_model_finds_the_signal_that_is_there(home: Home, printed: str) -> None:
    """Honest account-grouped AUC on this set is about 0.81 ± 0.03; far more would be a leak."""
    auc = re.search(r"lightgbm.*?(0\.\d{3}) \((0\.\d{3}) to (0\.\d{3})\)", printed)
    assert auc, printed
    value, low, high = (float(part) for part in auc.groups())
    assert low < value < high
    assert low > 0.5
    assert value < 0.92


@pytest.mark.shared_data
@pytest.mark.slow
def test_every_raw_row_is_accounted_for(home: Home, printed: str) -> None:
    warehouse = home.open("fightchurn")
    try:
        loads = warehouse.read("select * from tenure.loads where rows_in > 0").set_index(
            "table_name"
        )
    finally:
        warehouse.close()
    assert loads.loc["accounts", "rows_in"] == 559
    assert loads.loc["subscriptions", "rows_in"] == 9_552
    accounted = loads["rows_loaded"] + loads["rows_quarantined"] + loads["rows_duplicate"]
    assert (loads["rows_in"] == accounted).all()

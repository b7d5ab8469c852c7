"""RavenStack: messy dates, contradictory churn, labels that are noise."""

from pathlib import Path

import pytest

from tests.end_to_end.conftest import Home

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]

VARIANTS = ["AhanaB777_ddmmyyyy", "ElaineLay_mixed", "dineshbarri_bom_crlf"]


@pytest.fixture(scope="module")
def printed(home: Home, shared_data: Path) -> str:
    return home.tenure("run", "--source", "ravenstack", "--data", str(shared_data / "ravenstack"))


def test_revenue_is_the_sets_own_to_the_dollar(home: Home, printed: str) -> None:
    warehouse = home.open("ravenstack")
    try:
        december = warehouse.read(
            """
            select
                sum(mrr_cents) filter (
                    where started_at <= '2024-12-31'
                        and (ended_at is null or ended_at >= '2024-12-01')
                ) / 100 as touching,
                sum(mrr_cents) filter (where ended_at is null or ended_at > '2024-12-31') / 100
                    as alive
            from billing.subscriptions
            """
        ).iloc[0]
    finally:
        warehouse.close()
    assert int(december["touching"]) == 10_734_251
    assert int(december["alive"]) == 10_159_608


def test_a_model_of_noise_says_that_it_does_not_pass_the_quality_gate(
    home: Home, printed: str
) -> None:
    assert "does not pass the quality gate" in printed
    warehouse = home.open("ravenstack")
    try:
        auc = warehouse.read(
            "select ci_low, ci_high from ml.evaluations"
            " where predictor = 'lightgbm' and metric = 'auc'"
        ).iloc[0]
        is_trusted = warehouse.read("select passes_quality_gate from marts.data_trust").iloc[0, 0]
    finally:
        warehouse.close()
    assert auc["ci_low"] < 0.5 < auc["ci_high"]
    assert not is_trusted

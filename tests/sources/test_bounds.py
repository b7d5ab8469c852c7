"""Numbers and days that are large and real are loaded; those that are not are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sources import ingest, load_contract
from warehouse import Warehouse


def days_ahead(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


RATES = {
    "EUR": "1.1",
    "IRR": "0.0000008",
    "XAU": "4100.5",
    "BTC": "112000",
    # turned round, or per hundred units
    "IDR": "16400",
    "XAG": "0.02",
    "SEK": "104",
}
WRONG_RATES = {"IDR", "XAG", "SEK"}


@pytest.fixture
def loaded(warehouse: Warehouse, tmp_path: Path) -> tuple[Warehouse, str]:
    """A company with such numbers, and what its loads said."""
    files = {
        "crm.accounts": "account_id,account_name,signed_at\na,A,2025-01-01\n",
        "finance.exchange_rates": "currency,rate_date,usd_per_unit\n"
        + "".join(f"{code},2025-06-01,{rate}\n" for code, rate in RATES.items()),
        "success.health_overrides": "override_id,account_id,score,reason,author,set_at,expires_at\n"
        f"long,a,50,r,m,2025-06-01,{days_ahead(3 * 365)}\n"
        f"ever,a,50,r,m,2025-06-01,{days_ahead(6 * 365)}\n",
        "product.usage_metrics": "account_id,metric,period_start,grain,value\n"
        "a,data_bytes,2025-05-01,month,4200000000000000\n"
        "a,data_bytes,2025-06-01,month,4200000000000000000\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    contract = load_contract()
    loads = ingest(warehouse, warehouse.settings, contract, "canonical", tmp_path)
    return warehouse, "\n".join(problem for load in loads for problem in load.problems)


def test_metals_and_coins_have_rates_and_a_rate_turned_round_has_none(
    loaded: tuple[Warehouse, str],
) -> None:
    warehouse, said = loaded
    kept = warehouse.read("select currency from finance.exchange_rates")["currency"]
    assert set(kept) == RATES.keys() - WRONG_RATES
    assert "for a unit of " in said
    messages = warehouse.read("select message from quarantine.rejected_rows")["message"]
    assert any("for a unit of XAG, outside 1.0 to 10000.0: it may be" in m for m in messages)


def test_an_override_may_hold_for_years_and_not_for_ever(loaded: tuple[Warehouse, str]) -> None:
    warehouse, said = loaded
    kept = warehouse.read("select override_id from success.health_overrides")["override_id"]
    assert kept.tolist() == ["long"]
    assert "expires_at" in said


def test_a_month_may_move_petabytes(loaded: tuple[Warehouse, str]) -> None:
    warehouse, said = loaded
    kept = warehouse.read("select value from product.usage_metrics")["value"]
    assert kept.tolist() == [4.2e15]
    assert "number below 10^18" in said

"""What is overwritten at its source after a day may not change what was known on it either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pandas as pd
import pytest

from sources import load_contract
from tests.dbt.eight_customers import fill
from tests.dbt.test_snapshots_future import MARTS, SELECTION, marts
from warehouse import Warehouse

pytestmark = pytest.mark.slow

# A Wednesday, so that the as-of snapshot is none of the week-ends.
AS_OF = date(2026, 1, 14)
LATER = AS_OF + timedelta(days=28)
FIRST_RECORDED = "2024-12-01 08:00Z"
KNOWN = "2026-01-14T23:00:00Z"
# Two deliveries after AS_OF, each with rows that were overwritten.
OF_STATE, OF_FACTS = "2026-01-15 08:00Z", "2026-01-16 08:00Z"

# What a source has only as it is now: a week before the recording must not read it.
STATE = {
    "billing.subscriptions": {
        "quantity": "quantity * 7",
        "billing_period_months": "1",
        "renewal_date": "date '2026-01-16'",
    },
    "crm.accounts": {
        "employee_count": "50000",
        "csm_id": "null",
        "touch_tier": "'low'",
        "account_name": "'Renamed ' || account_id",
    },
    "crm.contacts": {
        "is_executive_sponsor": "not coalesce(is_executive_sponsor, false)",
        "role": "'sponsor'",
    },
}

# Corrections of facts, some of them dated back by months.
FACTS = {
    "billing.subscriptions": {
        "mrr_cents": "mrr_cents * 9",
        "ended_at": "timestamptz '2025-09-01Z'",
    },
    "billing.invoices": {"amount_cents": "amount_cents * 3", "voided_at": "issued_at"},
    "billing.payments": {"outcome": "'failed'"},
    "crm.activities": {"was_attended": "false", "is_inbound": "not coalesce(is_inbound, false)"},
    "crm.contacts": {"left_at": "joined_at + interval '1 day'"},
    "crm.opportunities": {"is_won": "not is_won"},
    "product.account_days": {"events": "events * 5", "active_users_28d": "0"},
    "product.features": {"is_core": "not is_core"},
    "success.goals": {"achieved_cents": "0"},
    "success.health_overrides": {"score": "1"},
    "success.onboarding_steps": {"completed_at": "null"},
    "support.tickets": {
        "priority": "'urgent'",
        "is_core_function": "true",
        "escalated_at": "created_at",
        "solved_at": "null",
        "csat_score": "1",
    },
    "survey.responses": {"score": "0"},
    "training.enrollments": {"outcome": "'no_show'"},
}
# Taken back altogether.
DELETED = ("community.posts", "product.account_feature_days", "survey.invitations")


def overwrite(warehouse: Warehouse, table: str, changes: Mapping[str, str], at: str) -> None:
    """Record another version of every row of a table, as ingestion does."""
    columns = load_contract().table(table).column_names
    values = ", ".join(changes.get(column, column) for column in columns)
    count = warehouse.execute(
        f"with old as (update {table} set _superseded_at = '{at}'"
        " where _superseded_at is null returning *)"
        f" insert into {table} ({', '.join(columns)}, _recorded_at)"
        f" select {values}, '{at}' from old"
    )
    assert count, f"{table} has no row that could be overwritten"


@pytest.fixture(scope="module")
def build(
    company: Warehouse, dbt_build: Callable[..., None]
) -> Callable[..., dict[str, pd.DataFrame]]:
    """Builds as of a day, as known at a moment, and returns the marts."""

    def built(as_of: date, *options: str, known: str = "") -> dict[str, pd.DataFrame]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TENURE_KNOWN_AS_OF", known)
            dbt_build(company, as_of.isoformat(), *SELECTION, *options)
        return marts(company)

    return built


@pytest.fixture(scope="module")
def known(
    company: Warehouse, build: Callable[..., dict[str, pd.DataFrame]]
) -> dict[str, pd.DataFrame]:
    """The marts as of AS_OF, before anything was overwritten."""
    fill(company)
    for table in load_contract().tables:
        company.execute(f"update {table.full_name} set _recorded_at = '{FIRST_RECORDED}'")
    return build(AS_OF, known=KNOWN)


def test_weeks_before_a_recording_do_not_read_what_it_overwrote(
    known: dict[str, pd.DataFrame],
    company: Warehouse,
    build: Callable[..., dict[str, pd.DataFrame]],
) -> None:
    """Today's segment, seats, renewal date, success manager or sponsor on an old week is a leak."""
    for table, changes in STATE.items():
        overwrite(company, table, changes, OF_STATE)
    after = build(LATER)
    for mart in ("account_snapshots", "fct_health_scores"):
        earlier = known[mart][known[mart]["day"] < AS_OF.isoformat()]
        again = after[mart][after[mart]["day"].isin(set(earlier["day"]))]
        pd.testing.assert_frame_equal(
            earlier.reset_index(drop=True), again.reset_index(drop=True), obj=mart
        )
    [segments] = company.read(
        "select count(distinct segment) as segments from marts.fct_health_scores"
        f" where snapshot_date > '{OF_STATE}' and segment = 'enterprise'"
    )["segments"]
    assert segments == 1, "the later weeks must read what was recorded"


@pytest.mark.parametrize("options", [(), ("--full-refresh",)], ids=["increment", "full refresh"])
def test_corrections_do_not_change_what_was_known(
    known: dict[str, pd.DataFrame],
    company: Warehouse,
    build: Callable[..., dict[str, pd.DataFrame]],
    options: tuple[str, ...],
) -> None:
    """No feature, score or label of a day, as known then, moves by one bit, whatever follows."""
    if not options:
        for table, changes in FACTS.items():
            overwrite(company, table, changes, OF_FACTS)
        for table in DELETED:
            company.execute(f"update {table} set _superseded_at = '{OF_FACTS}'")
        corrected = build(LATER)
        for mart in MARTS:
            assert not corrected[mart].equals(known[mart]), "the corrections must matter"
    after = build(AS_OF, *options, known=KNOWN)
    for mart in MARTS:
        pd.testing.assert_frame_equal(known[mart], after[mart], obj=mart)

"""What columns mean where exports disagree: cases of tests/cases as one company, to the marts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.findings import finding_lines
from sources import ingest, load_contract
from tests.dbt.builds import ONLY_MODELS
from warehouse import Warehouse

CASES = Path(__file__).resolve().parents[1] / "cases"
OF_ONE_COMPANY = ("m01", "m02", "m03", "m05", "m06", "m07", "m08", "m15", "m18", "m19", "m20")
OF_OURS = ("m21",)
MARTS = [
    "+fct_mrr_movements",
    "+retention_monthly",
    "+churn_cohorts",
    "+fct_churn_outcomes",
    "+dim_accounts",
    "+data_findings",
]


@pytest.fixture(scope="module")
def built(
    company: Warehouse, dbt_build: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """The cases, whose keys do not clash, as the deliveries of one company; as of 2025-09-30."""
    folder = tmp_path_factory.mktemp("cases")
    for case in (*OF_ONE_COMPANY, *OF_OURS):
        [found] = CASES.glob(f"{case}_*")
        for file in found.glob("*.csv"):
            (folder / file.stem).mkdir(exist_ok=True)
            shutil.copy(file, folder / file.stem / f"{case}.csv")
    loads = ingest(company, company.settings, load_contract(), "canonical", folder)
    assert sum(load.rows_quarantined for load in loads) == 0
    dbt_build(company, "2025-09-30", "--select", *MARTS, *ONLY_MODELS)
    return company


def rows(warehouse: Warehouse, sql: str) -> list[tuple]:
    return [tuple(row) for row in warehouse.read(sql).itertuples(index=False)]


def movements(warehouse: Warehouse, account: str) -> dict[tuple[str, str], int]:
    """Month and movement of each movement of an account that is not zero."""
    kinds = ("new", "expansion", "contraction", "churn", "reactivation")
    each = ", ".join(f"{kind}_cents as {kind}" for kind in kinds)
    found = warehouse.read(
        f"select month::text, {each} from marts.fct_mrr_movements where account_id = %(account)s",
        {"account": account},
    )
    return {
        (row["month"][:7], kind): int(row[kind])
        for row in found.to_dict("records")
        for kind in kinds
        if row[kind]
    }


def test_an_end_before_midnight_is_no_gap(built: Warehouse) -> None:
    """Customers who renewed every quarter had churned twice (m01)."""
    assert rows(
        built,
        "select account_id, count(*)::int, bool_and(first_uncovered_date is null) "
        "from intermediate.int_covered_periods where account_id like 'EOD-%' group by 1 order by 1",
    ) == [("EOD-1", 1, True), ("EOD-2", 1, True), ("EOD-3", 1, True)]
    assert rows(
        built,
        "select count(*)::int from marts.fct_churn_outcomes "
        "where account_id like 'EOD-%' and churn_date is not null",
    ) == [(0,)]
    kinds = {kind for name in ("EOD-1", "EOD-2", "EOD-3") for _, kind in movements(built, name)}
    assert not kinds & {"churn", "reactivation"}


def test_what_held_no_day_makes_no_customer(built: Warehouse) -> None:
    """A booking cancelled on its day made a customer of two years before (m02)."""
    assert rows(
        built,
        "select account_id, coalesce(first_subscription_date::text, 'never') "
        "from marts.dim_accounts where account_id like 'ZERO-%' order by 1",
    ) == [("ZERO-1", "2025-01-15"), ("ZERO-2", "never")]
    assert rows(
        built,
        "select max(tenure_days)::int from marts.account_snapshots where account_id = 'ZERO-1'",
    ) == [(258,)]
    assert rows(
        built,
        "select count(*)::int from marts.churn_cohorts "
        "where signup_quarter < '2024-01-01' or (months_since = 0 and logo_retention < 1)",
    ) == [(0,)]


def test_who_has_paid_comes_back_and_is_not_new(built: Warehouse) -> None:
    """Payment between two firsts of a month was forgotten (m03)."""
    assert movements(built, "BACK-1") == {("2025-05", "reactivation"): 9000}


def test_a_status_says_what_no_time_says(built: Warehouse) -> None:
    """Paid from credit, void, closed: each counted as open for ever (m05, m06, m08)."""
    today = (
        "select account_id, overdue_invoices, paid_late_share_180d, open_tickets "
        "from marts.account_snapshots where is_latest and account_id = any(%(accounts)s) order by 1"
    )
    accounts = ["CREDIT-1", "CREDIT-2", "VOID-1", "NODUE-1", "TICK-1"]
    found = {
        row["account_id"]: row
        for row in built.read(today, {"accounts": accounts}).to_dict("records")
    }
    for account in ("CREDIT-1", "CREDIT-2", "VOID-1"):
        assert found[account]["overdue_invoices"] == 0
        assert found[account]["paid_late_share_180d"] != found[account]["paid_late_share_180d"]
    assert found["TICK-1"]["open_tickets"] == 0
    # without a due date it is unknown, not zero (m07)
    assert found["NODUE-1"]["overdue_invoices"] != found["NODUE-1"]["overdue_invoices"]


def test_an_early_renewal_moves_nothing(built: Warehouse) -> None:
    """It was an expansion, and a contraction a month later (m15)."""
    assert movements(built, "ER-1") == {("2024-06", "new"): 10000}


def test_one_id_for_all_periods_is_one_customer_who_grew(built: Warehouse) -> None:
    """The newer period went to quarantine, and the customer had left (m18)."""
    assert movements(built, "SAME-1") == {
        ("2023-12", "new"): 10000,
        ("2024-12", "expansion"): 5000,
    }
    assert rows(built, "select is_open from marts.dim_accounts where account_id = 'SAME-1'") == [
        (True,)
    ]


def test_a_deal_under_way_is_no_churn(built: Warehouse) -> None:
    """`is_won` is false while a deal is open, with the day on which it shall close (m19)."""
    assert (
        rows(
            built,
            "select count(*)::int, count(churn_date)::int > 0 from marts.fct_churn_outcomes "
            "where account_id = 'A-1'",
        )[0][1]
        is False
    )


def test_a_trial_is_in_no_cohort(built: Warehouse) -> None:
    """Nine trials that pay after a fortnight made a retention of 1000 % (m20)."""
    assert rows(
        built,
        "select count(*)::int from marts.churn_cohorts where revenue_retention > 2",
    ) == [(0,)]
    shares = rows(
        built,
        """
        with paying as (
            select * from intermediate.int_account_anniversaries where account_id like 'TR-%'
        )

        select months_since, sum(mrr)::int from paying
        where months_since in (0, 4, 5, 6) group by 1 order by 1
        """,
    )
    # the three end on the very day on which their fifth month is over
    assert shares == [(0, 1000), (4, 1000), (5, 1000), (6, 700)]


def test_a_status_says_that_a_subscription_is_over(built: Warehouse) -> None:
    """What is canceled, paused, tried or not begun counted as open for ever (m21)."""
    assert rows(
        built,
        "select account_id, coalesce(first_subscription_date::text, 'never'), is_open "
        "from marts.dim_accounts where account_id like 'ST-%' order by 1",
    ) == [
        ("ST-BACK", "2025-01-01", True),
        ("ST-DRAFT", "never", False),
        ("ST-ENDED", "2025-01-01", False),
        ("ST-GONE", "never", False),
        ("ST-NOTICE", "2025-01-01", False),
        ("ST-PAUSED", "never", False),
        ("ST-RUNS", "2025-01-01", True),
        ("ST-TRIES", "never", False),
    ]
    assert movements(built, "ST-NOTICE") == {
        ("2024-12", "new"): 10000,
        ("2025-06", "churn"): -10000,
    }
    # a pause with its own start and end is an account without revenue
    assert movements(built, "ST-BACK") == {
        ("2024-12", "new"): 10000,
        ("2025-02", "contraction"): -10000,
        ("2025-05", "expansion"): 10000,
    }


def test_each_reading_is_named_with_its_count(built: Warehouse) -> None:
    lines = finding_lines(built)
    for number, words in (
        (None, "rows of billing.subscriptions end in the last minute of a day"),
        (2, "rows of billing.subscriptions held no day"),
        (1, "rows of billing.subscriptions were renewed before they ended"),
        (2, "rows of billing.subscriptions share their subscription_id"),
        (10, "rows of billing.subscriptions are trials,"),
        (2, "rows of billing.invoices are paid by their status"),
        (2, "rows of billing.invoices are void or drafts"),
        (2, "rows of billing.invoices are owed and have no due date"),
        (3, "rows of support.tickets are closed by their status"),
        (1, "rows of billing.subscriptions are ended or paused by their status, without ended_at"),
        (2, "rows of billing.subscriptions are ended or paused by their status, and nothing says"),
        (1, "rows of billing.subscriptions have not begun by their status"),
        (1, "rows of billing.subscriptions are trials by their status while they have an amount"),
        (1, "rows of billing.subscriptions are running by their status while their ended_at has"),
        (1, "rows of crm.opportunities are open by their stage while is_won is false"),
        (1, "rows of billing.subscriptions are paused by their status between two periods"),
    ):
        such = f"({number:,} such row" if number else ""
        assert any(words in line and such in line for line in lines), (words, lines)

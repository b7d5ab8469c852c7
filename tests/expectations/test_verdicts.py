"""When a suite judges, what it says, and what it remembers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from expectations import SuiteError, TableCheck, load_suite, load_suites, record_checks, run_suite
from expectations.facts import accepted_shrinks
from expectations.suites import SUITES, Claim, bound
from expectations.verdicts import NOT_DELIVERED, failure_in_words
from sources.contract import Contract
from sources.store import create_tables
from warehouse import Warehouse

CLAIM = Claim("Prices are known.", "ExpectColumnMaxToBeBetween", {}, "Why it matters.", "Look.")


def test_every_raw_table_has_claims(contract: Contract) -> None:
    """A table added to the contract without a claim would be loaded unseen."""
    claimed = {
        (suite.name, table.name) for suite in load_suites().values() for table in suite.tables
    }
    raw = {(table.source, table.name) for table in contract.tables}
    assert claimed == raw | {("ml", "predictions")}


def test_a_table_that_nobody_delivered_passes_and_says_so(
    warehouse: Warehouse, contract: Contract
) -> None:
    """A company without a community would otherwise never see a score."""
    create_tables(warehouse, contract)
    for suite in load_suites():
        if suite != "ml":
            for check in run_suite(warehouse, suite):
                assert (check.is_passed, check.note) == (True, NOT_DELIVERED)


def test_no_predictions_are_right_as_long_as_there_is_no_model(warehouse: Warehouse) -> None:
    [check] = run_suite(warehouse, "ml")
    assert (check.is_passed, check.note) == (True, NOT_DELIVERED)


def test_events_that_name_no_user_leave_users_seen_empty(
    healthy: Warehouse, restore: Callable[..., None]
) -> None:
    """Usage counted per account, without users, is usage all the same."""
    restore("product.users_seen", "product.account_days")
    healthy.execute("delete from product.users_seen")
    assert not run_suite(healthy, "product", ["users_seen"])[0].is_passed
    healthy.execute(
        "update product.account_days"
        " set active_users = null, active_users_7d = null, active_users_28d = null"
    )
    assert all(check.is_passed for check in run_suite(healthy, "product"))


def test_a_champion_that_predicts_nothing_fails(
    healthy: Warehouse, restore: Callable[..., None]
) -> None:
    restore("ml.predictions")
    healthy.execute("delete from ml.predictions")
    [check] = run_suite(healthy, "ml")
    assert any("Each open account has a prediction" in failure for failure in check.failures)


def test_no_check_fetches_the_rows_of_a_table(healthy: Warehouse) -> None:
    """Days of use of features are 14 million rows at 10,000 accounts: 43 s to fetch."""
    fetched: list[int] = []

    def record(_connection: Any, cursor: Any, *_: Any) -> None:
        fetched.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", record)
    try:
        assert all(check.is_passed for check in run_suite(healthy, "product"))
    finally:
        event.remove(Engine, "after_cursor_execute", record)
    rows = healthy.read("select count(*) as rows from product.account_days")["rows"].iloc[0]
    assert rows > 1
    assert max(fetched) == 1


def test_a_table_that_vanished_fails_until_somebody_accepts_it(
    healthy: Warehouse, restore: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that stops must not turn every signal built on it to unknown, unseen."""
    restore("community.posts")
    record_checks(healthy, run_suite(healthy, "community"))
    healthy.execute(
        "delete from community.posts; delete from tenure.loads where source='community'"
    )

    gone = run_suite(healthy, "community")
    record_checks(healthy, gone)
    assert not gone[0].is_passed
    assert "TENURE_ACCEPT_SHRINK=community.posts" in " ".join(gone[0].failures)
    assert not run_suite(healthy, "community")[0].is_passed

    monkeypatch.setenv("TENURE_ACCEPT_SHRINK", "support.tickets, community.posts")
    accepted = run_suite(healthy, "community")
    record_checks(healthy, accepted)
    monkeypatch.delenv("TENURE_ACCEPT_SHRINK")
    assert accepted[0].is_passed
    assert run_suite(healthy, "community")[0].is_passed


def test_a_failed_check_keeps_the_size_that_last_passed(
    healthy: Warehouse, restore: Callable[..., None]
) -> None:
    """Else the second run after a cut export would find its size quite normal."""
    restore()
    record_checks(healthy, [TableCheck("crm", "tasks", 5, 1_000)])
    record_checks(healthy, [TableCheck("crm", "tasks", 5, 10, ["cut short"])])
    kept = healthy.read("select * from tenure.checks where suite = 'crm'").iloc[0]
    assert kept["accepted_row_count"] == 1_000
    assert not kept["is_passed"]
    assert kept["failed_count"] == 1


def test_a_column_in_which_nothing_is_known_breaks_no_limit(
    healthy: Warehouse, restore: Callable[..., None]
) -> None:
    """Unknown is not wrong: a help desk without satisfaction scores is a help desk."""
    restore("success.goals", "support.tickets", "crm.accounts")
    healthy.execute(
        "update success.goals set target_cents = null, achieved_cents = null;"
        "update support.tickets set csat_score = null, solved_at = null, priority = null;"
        "update crm.accounts set country = null, employee_count = null"
    )
    for suite in ("success", "support", "crm"):
        assert [check.failures for check in run_suite(healthy, suite) if not check.is_passed] == []


def test_what_cannot_be_checked_fails(warehouse: Warehouse, contract: Contract) -> None:
    """A check that is skipped because it broke would let everything pass."""
    create_tables(warehouse, contract)
    warehouse.execute(
        "insert into community.posts (account_id, _source, _recorded_at, _row_hash)"
        " values ('a', 's', now(), 'h');"
        "alter table community.posts drop column posted_at"
    )
    [check] = run_suite(warehouse, "community")
    assert any("posted_at" in failure and "could not be" in failure for failure in check.failures)


def test_by_now_is_measured_from_the_time_given(healthy: Warehouse) -> None:
    checks = run_suite(healthy, "community", now=datetime(2024, 1, 1, tzinfo=UTC))
    assert [check.failed_count for check in checks] == [1]


def test_a_failure_says_where_what_why_and_what_now() -> None:
    said = failure_in_words("billing", "subscriptions", CLAIM, {"observed_value": 0})
    assert said == (
        "billing.subscriptions: not so: Prices are known; found 0. Why it matters. "
        "First step: Look. To go on with the table as it is, run with "
        "TENURE_ACCEPT_CHECKS=billing.subscriptions."
    )


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"observed_value": 1234.5}, "found 1,234.5"),
        ({"observed_value": None}, "found nothing"),
        (
            {"unexpected_count": 2, "element_count": 4_000, "partial_unexpected_list": ["x", "x"]},
            "2 of 4,000 rows (0%) break it, such as x",
        ),
        ({"unexpected_count": 2, "element_count": 4}, "2 of 4 rows (50%) break it"),
        (
            {"observed_value": 5, "details": {"unexpected_rows": [{"rate": 2.0, "on": None}] * 5}},
            "found rate 2, on nothing; rate 2, on nothing; rate 2, on nothing and 2 more",
        ),
    ],
    ids=["a number", "nothing", "rows with examples", "rows without", "rows of a query"],
)
def test_what_was_found_is_told_in_words(result: dict, said: str) -> None:
    assert said in failure_in_words("crm", "tasks", CLAIM, result)


def test_an_unknown_suite_or_table_is_refused_by_name() -> None:
    with pytest.raises(SuiteError, match="no suite 'crn'"):
        load_suite("crn")
    with pytest.raises(SuiteError, match=r"no table 'account', only accounts, contacts"):
        load_suite("crm").table("account")


@pytest.mark.parametrize(
    ("found", "put", "complaint"),
    [
        ("suite: finance", "suite: money", "must be 'finance'"),
        ("include: [every_raw_table]", "include: [every_table]", "no claims 'every_table'"),
        ("    claims:", "    claim:", "unknown keys claim"),
        ("why: The rates", "because: The rates", "a claim has the keys because"),
        ("- claim: A dollar is worth a dollar.", "- claim: The delivered table has rows.", "same"),
    ],
    ids=["name", "include", "table key", "claim key", "sentence twice"],
)
def test_a_suite_with_a_slip_is_refused(
    tmp_path: Path, found: str, put: str, complaint: str
) -> None:
    """A misspelt key would silently drop a claim."""
    for name in ("_shared.yml", "finance.yml"):
        text = (SUITES / name).read_text()
        (tmp_path / name).write_text(text.replace(found, put) if name == "finance.yml" else text)
    with pytest.raises(SuiteError, match=complaint):
        load_suite("finance", tmp_path)


def test_a_placeholder_without_a_value_is_refused() -> None:
    claim = Claim("Now.", "ExpectColumnMaxToBeBetween", {"max_value": "${now}"}, "", "")
    with pytest.raises(SuiteError, match=r"no value for \$\{now\}"):
        bound(claim, {})


def test_an_expectation_that_does_not_exist_is_refused(
    healthy: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (SUITES / "finance.yml").read_text()
    (tmp_path / "finance.yml").write_text(text.replace("ValuesToBeBetween", "ValuesToBeNice"))
    (tmp_path / "_shared.yml").write_text((SUITES / "_shared.yml").read_text())
    broken = load_suite("finance", tmp_path)
    monkeypatch.setattr("expectations.run.load_suite", lambda _: broken)
    with pytest.raises(SuiteError, match="no ExpectColumnValuesToBeNice"):
        run_suite(healthy, "finance")


def test_accepting_names_tables_or_all() -> None:
    assert accepted_shrinks(" crm.tasks,,all ") == {"crm.tasks", "all"}
    assert accepted_shrinks("") == frozenset()


def test_great_expectations_is_not_imported_before_it_is_needed() -> None:
    """It takes 3.5 to 5 s, which every command would pay."""
    code = "import sys, expectations; print('great_expectations' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "False"

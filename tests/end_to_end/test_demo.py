"""The demonstration company: what a stranger sees first."""

import csv
import io

from tests.end_to_end.conftest import SMALL, Home


def test_the_first_run_ends_with_a_portfolio_and_its_risks(home: Home, demo: str) -> None:
    assert "open accounts" in demo
    assert "NRR" in demo
    assert "Rows in quarantine" in demo


def test_a_second_run_changes_no_table(home: Home, demo: str) -> None:
    before = home.checksums("demo")
    home.tenure("run", *SMALL)
    assert home.checksums("demo") == before


def test_a_run_calls_no_other_machine(home: Home, demo: str) -> None:
    assert home.guard.calls() == ""


def test_sql_prints_csv_and_cannot_write(home: Home, demo: str) -> None:
    printed = home.tenure("sql", "select count(*) as accounts from marts.dim_accounts")
    assert list(csv.DictReader(io.StringIO(printed))) == [{"accounts": "300"}]
    for options in ((), ("--raw",)):
        refused = home.tenure("sql", *options, "delete from crm.accounts", expect=1)
        assert "tenure sql" in refused
    printed = home.tenure("sql", "--raw", "select count(*) as accounts from crm.accounts")
    assert printed.splitlines()[0] == "accounts"


def test_status_names_loads_model_and_portfolio(home: Home, demo: str) -> None:
    printed = home.tenure("status")
    assert "crm.accounts" in printed
    assert "Churn model" in printed
    assert "Checks: all passed" in printed


def test_every_open_account_has_one_row_of_health_that_adds_up(home: Home, demo: str) -> None:
    warehouse = home.open("demo")
    try:
        row = warehouse.read(
            """
            select count(*) as n, count(distinct account_id) as accounts,
                bool_and(mrr_at_risk is null or abs(mrr_at_risk - mrr * churn_probability) < 0.01)
                    as adds_up,
                bool_and(churn_probability is null or churn_probability between 0 and 1) as is_share
            from marts.customer_health
            """
        ).iloc[0]
    finally:
        warehouse.close()
    assert row["n"] == row["accounts"] == 300
    assert row["adds_up"]
    assert row["is_share"]

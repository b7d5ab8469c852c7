"""The leak check on deliveries: what is examined, against which outcome, what is written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from sources import LeakCheck, LeakPolicy, check_leaks
from tests.sources.conftest import Loader

AS_OF = date(2024, 12, 31)
POLICY = LeakPolicy(single_feature_auc_limit=0.9, minimum_ended_accounts=30)
ENDED = range(40)
OPEN = range(40, 120)
PROSPECTS = range(120, 130)


def accounts(columns: str = "", of_ended: str = "", of_others: str = "") -> str:
    lines = [f"account_id,account_name,signed_at{columns}"]
    for number in (*ENDED, *OPEN, *PROSPECTS):
        more = of_ended if number in ENDED else of_others
        lines.append(f"A-{number},Name {number},2024-01-01{more}")
    return "\n".join(lines) + "\n"


def subscriptions(ended: Sequence[int] = ENDED) -> str:
    lines = ["subscription_id,account_id,product,mrr_cents,currency,started_at,ended_at"]
    for number in (*ENDED, *OPEN):
        end = "2024-09-01" if number in ended else ""
        lines.append(f"S-{number},A-{number},platform,1000,USD,2024-01-01,{end}")
    return "\n".join(lines) + "\n"


def check(loader: Loader, as_of: date = AS_OF) -> LeakCheck:
    return check_leaks(loader.warehouse, loader.contract, POLICY, as_of)


def test_a_column_that_is_filled_once_a_customer_has_left_is_named(loader: Loader) -> None:
    """The name, the table, how it tells and on how many accounts: what a person needs to look."""
    columns = accounts(",offboarding_items_done,region_code", ",4,N", ",0,N")
    loader.deliver({"crm.accounts.csv": columns, "billing.subscriptions.csv": subscriptions()})
    found = check(loader)
    assert found.examined_columns == 2
    [message] = found.messages
    assert "crm.accounts: column offboarding_items_done of canonical" in message
    assert "the 40 customers who have left from the 80 who have not" in message
    [row] = loader.rows(
        "select system, source, table_name, column_name, auc, how, accounts, ended_accounts "
        "from tenure.suspected_leaks"
    )
    assert row == (
        *("canonical", "crm", "accounts", "offboarding_items_done"),
        *(1.0, "value", 120, 40),
    )


def test_looking_twice_finds_the_same_and_a_mended_file_nothing(loader: Loader) -> None:
    """A suspicion that outlives its column would frighten people for ever."""
    files = {"billing.subscriptions.csv": subscriptions()}
    loader.deliver(files | {"crm.accounts.csv": accounts(",left_because", ",price", ",")})
    first, second = (check(loader).suspects for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert first["how"].tolist() == ["presence"]
    loader.deliver(files | {"crm.accounts.csv": accounts()})
    assert check(loader).messages == []
    assert loader.rows("select * from tenure.suspected_leaks") == []


def test_what_the_contract_knows_is_not_judged_here(loader: Loader) -> None:
    """`closed_at` tells by its nature who has left, and nothing is learnt from it."""
    columns = accounts(",closed_at", ",2024-09-01", ",")
    loader.deliver({"crm.accounts.csv": columns, "billing.subscriptions.csv": subscriptions()})
    assert check(loader).examined_columns == 0


def test_a_lost_renewal_is_an_end_even_while_the_contract_runs_on(loader: Loader) -> None:
    """Else a company whose losses stand in the CRM alone would have no leak, ever."""
    lost = ["opportunity_id,account_id,opportunity_type,is_won,closed_at"]
    lost += [f"O-{number},A-{number},renewal,false,2024-10-01" for number in ENDED]
    loader.deliver(
        {
            "crm.accounts.csv": accounts(",status_code", ",9", ",1"),
            "billing.subscriptions.csv": subscriptions(ended=()),
            "crm.opportunities.csv": "\n".join(lost) + "\n",
        }
    )
    assert len(check(loader).messages) == 1


def test_the_outcome_is_that_of_the_day_the_run_looks_back_from(loader: Loader) -> None:
    """Past that day contracts may not be known yet: who has not renewed would pass for lost."""
    columns = accounts(",status_code", ",9", ",1")
    loader.deliver({"crm.accounts.csv": columns, "billing.subscriptions.csv": subscriptions()})
    assert check(loader, date(2024, 8, 31)).messages == []


def test_a_company_without_contracts_has_no_suspects_and_no_error(loader: Loader) -> None:
    loader.deliver({"crm.accounts.csv": accounts(",status_code", ",9", ",1")})
    assert check(loader).messages == []

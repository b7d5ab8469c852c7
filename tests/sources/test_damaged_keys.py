"""Ids that a spreadsheet or a program rewrote as numbers: matched where certain, else named."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pytest

from sources import reconcile_quarantine
from sources.contract import Rule
from sources.damaged_keys import ACCOUNTS, Numerals, is_rewritten, keys_table, match_keys
from sources.landing import quoted
from tests.sources.conftest import Loader

SUBSCRIPTION_COLUMNS = "subscription_id,account_id,product,mrr_cents,currency,started_at\n"
PLAIN = Numerals(3, 3, 0, 0, 1, 3)
PADDED = Numerals(3, 3, 0, 3, 5, 5)
TAILED = Numerals(3, 3, 3, 0, 1, 3)


def accounts(*keys: str) -> str:
    rows = [f"{key},Company {place},2024-01-01\n" for place, key in enumerate(keys)]
    return "".join(["account_id,account_name,signed_at\n", *rows])


def subscriptions(*keys: str) -> str:
    rows = [f"S-{place},{key},p,100,USD,2024-01-01\n" for place, key in enumerate(keys)]
    return "".join([SUBSCRIPTION_COLUMNS, *rows])


@pytest.mark.parametrize(
    ("child", "parent", "expected"),
    [
        (PLAIN, PADDED, True),
        (PADDED, PLAIN, True),
        (TAILED, PLAIN, True),
        (PLAIN, TAILED, True),
        (TAILED, PADDED, True),
        (PLAIN, PLAIN, False),
        (Numerals(3, 3, 1, 0, 1, 3), PLAIN, False),
        (Numerals(3, 2, 3, 0, 1, 3), PLAIN, False),
        (Numerals(3, 3, 0, 2, 2, 3), PLAIN, False),
        (Numerals(3, 3, 0, 0, 1, 6), PADDED, False),
    ],
    ids=[
        "lost zeros",
        "zeros lost by the parent",
        "a tail",
        "a tail at the parent",
        "a tail and lost zeros",
        "one form",
        "some with a tail",
        "two tails of one number",
        "zeros before numbers of several widths",
        "longer than the width of the others",
    ],
)
def test_numbers_are_matched_between_two_clear_forms(
    child: Numerals, parent: Numerals, expected: bool
) -> None:
    assert is_rewritten(child, parent) is expected


RULE = Rule("relationships", ("account_id",), parent=ACCOUNTS)


def matched(
    con: duckdb.DuckDBPyConnection, keys: Sequence[str], of_accounts: Sequence[str]
) -> list:
    """What the keys of one file are matched with."""
    con.execute(
        f"create or replace table {quoted(keys_table(ACCOUNTS))} as "
        "select unnest($keys::varchar[]) as key",
        {"keys": list(of_accounts)},
    )
    con.execute(
        "create or replace table delivered as "
        "select 'a.csv' as _file, unnest($keys::varchar[]) as account_id",
        {"keys": list(keys)},
    )
    match_keys(con, "delivered", [RULE])
    found = con.execute("select delivered, key from matched_keys order by 1")
    return found.fetchall()


@pytest.mark.parametrize(
    ("of_accounts", "keys"),
    [
        (("1001", "1002", "1003"), ("1001.0", "1002.0", "1003.0")),
        (("1001.0", "1002.0", "1003.0"), ("1001", "1002", "1003")),
        (("00123", "00124", "10125"), ("123", "124", "10125")),
        (("123", "124", "10125"), ("00123", "00124", "10125")),
        (("00123", "00124", "00125", "A-1"), ("123.0", "124.0", "125.0", "A-1")),
    ],
    ids=["tail", "tail of accounts", "lost zeros", "zeros lost by accounts", "both"],
)
def test_a_key_is_known_by_its_number(con, of_accounts, keys) -> None:
    """All revenue waited in quarantine."""
    pairs = zip(keys, of_accounts, strict=True)
    assert matched(con, keys, of_accounts) == sorted((a, b) for a, b in pairs if a != b)


@pytest.mark.parametrize(
    ("of_accounts", "keys"),
    [
        (("00123", "0124", "125"), ("124",)),
        (("1001", "1002"), ("1001.0", "1002.5")),
        (("0012", "0013", "0014"), ("7", "8", "12")),
        (("1001", "1002"), ("1001.0", "1001.00")),
    ],
    ids=["widths differ", "a fraction", "most are other numbers", "two of one number"],
)
def test_what_may_be_another_number_is_not_matched(con, of_accounts, keys) -> None:
    assert matched(con, keys, of_accounts) == []


def test_rows_hold_the_key_of_their_customer(loader: Loader) -> None:
    loads = loader.deliver(
        {
            "crm.accounts.csv": accounts("00123", "00124"),
            "billing.subscriptions.csv": subscriptions("123", "124", "123"),
        }
    )
    assert loader.rejections() == []
    assert loader.rows(
        "select account_id, count(*) from billing.subscriptions group by 1 order by 1"
    ) == [("00123", 2), ("00124", 1)]
    assert loads["billing.subscriptions"].problems == (
        "billing.subscriptions.csv: account_id: 2 keys are written otherwise than in "
        "crm.accounts, as spreadsheets rewrite numbers, and matched by their number: 123 is 00123",
    )
    assert loader.rows("select rows_repaired from tenure.repairs where rule = 'key'") == [(3,)]


def test_a_key_that_lost_its_digits_is_never_guessed(loader: Loader) -> None:
    """Subscriptions of several customers became periods of one, the last one alone open."""
    loader.deliver(
        {
            "crm.accounts.csv": accounts("100001", "100002", "1.00E+05"),
            "billing.subscriptions.csv": SUBSCRIPTION_COLUMNS
            + "1.23E+05,100001,p,100,USD,2024-01-01\n1.23E+05,100002,p,100,USD,2024-02-01\n"
            + "S-3,1.00E+05,p,100,USD,2024-01-01\nS-4,100002,p,100,USD,2024-01-01\n",
            "support.tickets.csv": "ticket_id,account_id,contact_id,created_at\n"
            "T-1,100001,1E+11,2024-03-01\n",
        }
    )
    assert loader.rows("select account_id from crm.accounts order by 1") == [
        ("100001",),
        ("100002",),
    ]
    assert loader.rows("select subscription_id from billing.subscriptions") == [("S-4",)]
    assert all("export the column as text" in message for *_, message in loader.rejections())
    assert loader.rows("select ticket_id, contact_id from support.tickets") == [("T-1", None)]


def test_events_find_their_account_by_its_number(loader: Loader) -> None:
    loads = loader.deliver(
        {
            "crm.accounts.csv": accounts("00123", "00124"),
            "product.events.csv": "event_id,account_id,occurred_at\n"
            "e1,123,2024-03-01\ne2,124,2024-03-01\ne3,999,2024-03-01\n",
        }
    )
    assert loader.rows("select account_id, events from product.account_days order by 1") == [
        ("00123", 1),
        ("00124", 1),
    ]
    assert any("123 is 00123" in problem for problem in loads["product.events"].problems)
    loader.deliver({"crm.accounts.csv": accounts("00123", "00124", "00999")})
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 1
    assert loader.rows("select count(*) from product.account_days") == [(3,)]


def test_rows_that_waited_find_their_customer_by_its_number(loader: Loader) -> None:
    loader.deliver(
        {
            "crm.accounts.csv": accounts("A-1"),
            "billing.subscriptions.csv": subscriptions("123", "124"),
        }
    )
    assert len(loader.rejections()) == 2
    loader.deliver({"crm.accounts.csv": accounts("A-1", "00123", "00124")})
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 2
    assert loader.rows("select account_id from billing.subscriptions order by 1") == [
        ("00123",),
        ("00124",),
    ]

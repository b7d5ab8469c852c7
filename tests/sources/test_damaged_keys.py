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
HUNDRED = tuple(f"00{number}" for number in range(100, 200))
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
        ((*HUNDRED, "7"), ("100", "101", "7")),
    ],
    ids=["tail", "tail of accounts", "lost zeros", "zeros lost by accounts", "both", "an odd one"],
)
def test_a_key_is_known_by_its_number(con, of_accounts, keys) -> None:
    """All revenue waited in quarantine."""
    pairs = zip(keys, [*of_accounts[: len(keys) - 1], of_accounts[-1]], strict=True)
    assert matched(con, keys, of_accounts) == sorted((a, b) for a, b in pairs if a != b)


@pytest.mark.parametrize(
    ("of_accounts", "keys"),
    [
        (("00123", "0124", "125"), ("124",)),
        (("1001", "1002"), ("1001.0", "1002.5")),
        (("0012", "0013", "0014"), ("7", "8", "12")),
        (("1001", "1002"), ("1001.0", "1001.00")),
        (HUNDRED, [str(number) for number in range(100, 300)]),
        (HUNDRED, ("00100", "101")),
    ],
    ids=[
        "widths differ",
        "a fraction",
        "most are other numbers",
        "two of one number",
        "half are numbers of another system",
        "two forms in the file",
    ],
)
def test_what_may_be_another_number_is_not_matched(con, of_accounts, keys) -> None:
    assert matched(con, keys, of_accounts) == []


@pytest.mark.parametrize(
    ("of_accounts", "keys", "unknown"),
    [
        (HUNDRED, [str(number) for number in range(101, 201)], ("200", "00200")),
        (("1001.0", "1002.0"), ("1001", "1002"), None),
        ([f"{number}.00" for number in range(20)], range(1, 21), ("20", "20.00")),
        (range(20), [f"{number}.0" for number in range(1, 21)], ("20.0", "20")),
    ],
    ids=["padded", "none", "tailed", "plain"],
)
def test_an_unknown_number_waits_in_the_form_of_the_known(con, of_accounts, keys, unknown) -> None:
    """So it is found when its customer comes, whatever else has come of its file."""
    matched(con, list(map(str, keys)), list(map(str, of_accounts)))
    found = con.execute("select delivered, key from matched_keys where not is_known").fetchall()
    assert found == ([unknown] if unknown else [])


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


def events(*keys: str) -> str:
    rows = [f"e{place},{key},2024-03-01\n" for place, key in enumerate(keys)]
    return "".join(["event_id,account_id,occurred_at\n", *rows])


def test_events_find_their_account_by_its_number(loader: Loader) -> None:
    loads = loader.deliver(
        {
            "crm.accounts.csv": accounts(*HUNDRED[:9]),
            "product.events.csv": events(*(str(number) for number in range(100, 109)), "999"),
        }
    )
    found = "select account_id from product.account_days order by 1"
    assert [key for (key,) in loader.rows(found)] == list(HUNDRED[:9])
    assert any("100 is 00100" in problem for problem in loads["product.events"].problems)
    loader.deliver({"crm.accounts.csv": accounts(*HUNDRED[:9], "00999")})
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 1
    assert loader.rows(found)[-1] == ("00999",)


def test_rows_find_a_customer_that_comes_later_by_its_number(loader: Loader) -> None:
    files = {
        "crm.accounts.csv": accounts(*HUNDRED[:9]),
        "billing.subscriptions.csv": subscriptions(*map(str, range(100, 110))),
    }
    loader.deliver(files)
    [(*_, message)] = loader.rejections()
    assert message == "account_id 00109 is not in crm.accounts"
    loader.deliver({"crm.accounts.csv": accounts(*HUNDRED[:10])})
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 1
    assert loader.rejections() == []


def test_what_waits_is_not_matched_by_itself(loader: Loader) -> None:
    """A file with 00124 and 123 says that zeros are part of its numbers: the waiting 123 alone says
    nothing of the kind."""
    loader.deliver(
        {
            "crm.accounts.csv": accounts("00123", "00124"),
            "billing.subscriptions.csv": subscriptions("00124", "123"),
            "product.events.csv": events("00124", "123"),
        }
    )
    assert len(loader.rejections()) == 2
    for customers in (("00123", "00124"), ("00123", "00124", "00125")):
        loader.deliver({"crm.accounts.csv": accounts(*customers)})
        assert reconcile_quarantine(loader.warehouse, loader.contract) == 0
    assert len(loader.rejections()) == 2


def test_what_waited_as_a_whole_finds_its_customers_by_number(loader: Loader) -> None:
    loader.deliver(
        {
            "crm.accounts.csv": accounts("A-1"),
            "billing.subscriptions.csv": subscriptions("123", "124"),
            "product.events.csv": events("123", "124"),
        }
    )
    assert len(loader.rejections()) == 4
    loader.deliver({"crm.accounts.csv": accounts("A-1", "00123", "00124")})
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 4
    for table in ("billing.subscriptions", "product.account_days"):
        found = loader.rows(f"select account_id from {table} order by 1")
        assert found == [("00123",), ("00124",)]

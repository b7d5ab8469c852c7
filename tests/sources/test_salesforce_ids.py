"""Ids of Salesforce: short in one export and long in another, matched where the checksum proves."""

from __future__ import annotations

import pytest

from sources import reconcile_quarantine
from sources.damaged_keys import ACCOUNTS, keys_table, match_keys, sentences
from sources.landing import quoted
from sources.salesforce_ids import checksum, is_proven
from tests.sources.conftest import Loader
from tests.sources.test_damaged_keys import RULE, accounts, events, subscriptions

SHORT = "0013000000Axyz1"
LONG = "0013000000Axyz1AAB"
OTHER = "0013000000axyz1"
OTHER_LONG = "0013000000axyz1AAA"


def checksum_by_hand(short: str) -> str:
    """Salesforce's rule, character by character."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    groups = (short[:5], short[5:10], short[10:])
    return "".join(
        letters[sum(1 << place for place, letter in enumerate(group) if letter.isupper())]
        for group in groups
    )


@pytest.mark.parametrize(
    "short", [SHORT, OTHER, "00QABCDEFGHIJKL", "001d0000abCDEfg", "a0B5j00000XyZzZ"]
)
def test_the_checksum_is_that_of_the_case(con, short) -> None:
    [(found, proven)] = con.execute(
        f"select {checksum('id')}, {is_proven('whole')} from (select ? as id, ? as whole)",
        [short, short + checksum_by_hand(short)],
    ).fetchall()
    assert (found, proven) == (checksum_by_hand(short), True)


def noted(con, keys, of_accounts, *, is_whole: bool = False) -> list:
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
    match_keys(con, "delivered", [RULE], is_whole=is_whole)
    return con.execute("select delivered, key from matched_keys order by 1").fetchall()


@pytest.mark.parametrize(
    ("keys", "of_accounts", "expected"),
    [
        ((LONG, LONG), (SHORT, "A-1"), [(LONG, SHORT)]),
        ((SHORT, "A-1"), (LONG, "A-1"), [(SHORT, LONG)]),
        ((SHORT, OTHER), (LONG, OTHER_LONG), [(SHORT, LONG), (OTHER, OTHER_LONG)]),
        ((LONG,), (SHORT, LONG), []),
        ((OTHER_LONG,), (SHORT,), []),
        ((SHORT.upper(),), (LONG,), []),
        ((SHORT + "AAA",), (SHORT,), []),
        ((SHORT,), (SHORT + "AAA",), []),
        ((SHORT,), (SHORT + "AAA", LONG), [(SHORT, LONG)]),
    ],
    ids=[
        "long ones of short",
        "short ones of long",
        "two that differ by case",
        "both known",
        "another record by case",
        "capitals",
        "a wrong checksum",
        "a wrong checksum of the parent",
        "of two the right one",
    ],
)
def test_an_id_is_known_by_its_checksum(con, keys, of_accounts, expected) -> None:
    """All revenue of a company waited in quarantine: one export had the id of a report, the other
    that of the interface."""
    assert noted(con, keys, of_accounts) == sorted(expected)
    assert noted(con, keys, of_accounts, is_whole=True) == sorted(expected)


def test_an_id_with_a_wrong_checksum_is_named(con) -> None:
    noted(con, [SHORT + "AAA", OTHER_LONG, "x"], [SHORT, OTHER])
    assert sentences(con) == [
        "a.csv: account_id: 1 key is written otherwise than in crm.accounts, as Salesforce writes "
        f"ids with 15 or with 18 characters, and matched by its checksum: {OTHER_LONG} is {OTHER}",
        "a.csv: account_id: 1 id shares the first 15 characters with one in crm.accounts, as ids "
        "of Salesforce do, but the last 3 of the longer are not their checksum: not matched, first "
        f"{SHORT}AAA and {SHORT}",
    ]


def test_rows_and_events_hold_the_id_of_their_customer(loader: Loader) -> None:
    loads = loader.deliver(
        {
            "crm.accounts.csv": accounts(LONG, OTHER),
            "billing.subscriptions.csv": subscriptions(SHORT, OTHER_LONG, SHORT + "AAA"),
            "product.events.csv": events(SHORT, OTHER_LONG),
        }
    )
    assert [message for *_, message in loader.rejections()] == [
        f"account_id {SHORT}AAA is not in crm.accounts"
    ]
    for table in ("billing.subscriptions", "product.account_days"):
        found = loader.rows(f'select account_id from {table} order by account_id collate "C"')
        assert found == [(LONG,), (OTHER,)]
        name = "product.events" if table.startswith("product") else table
        assert any("matched by their checksum" in each for each in loads[name].problems)
    assert loader.rows(
        "select rows_repaired from tenure.repairs where rule = 'key' and rows_repaired > 0"
    ) == [(2,)]


def test_an_id_that_waits_finds_its_customer_in_the_other_form(loader: Loader) -> None:
    loader.deliver(
        {
            "crm.accounts.csv": accounts("A-1"),
            "billing.subscriptions.csv": subscriptions("A-1", SHORT),
            "product.events.csv": events("A-1", SHORT),
        }
    )
    assert len(loader.rejections()) == 2
    loader.deliver({"crm.accounts.csv": accounts("A-1", LONG)})
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 2
    for table in ("billing.subscriptions", "product.account_days"):
        assert loader.rows(f"select account_id from {table} order by 1") == [(LONG,), ("A-1",)]

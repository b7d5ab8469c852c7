"""Orphans wait, and are restored when the parent comes, from whatever system."""

from __future__ import annotations

from datetime import date

import pytest

from sources import TableLoad, reconcile_quarantine, reconciliation
from tests.sources.conftest import ACCOUNTS, SUBSCRIPTIONS, Loader, write_files

COMPANY = {"crm.accounts.csv": ACCOUNTS, "billing.subscriptions.csv": SUBSCRIPTIONS}
LATE = "S-9,A-9,platform,300,USD,2024-03-01,,sunny\n"
WITH_ORPHAN = SUBSCRIPTIONS.replace("ended_at\n", "ended_at,mood\n").replace(",\n", ",,\n")
WITH_ORPHAN = WITH_ORPHAN.replace("2025-02-01\n", "2025-02-01,\n") + LATE
PARENT = "account_id,account_name,signed_at\nA-9,Nine,2024-03-01\n"


def deliver_from_elsewhere(loader: Loader, accounts: str) -> dict[str, TableLoad]:
    """The same contract form, delivered by a second system."""
    maps = loader.folder.parent / "maps"
    write_files(maps / "elsewhere", {"crm.accounts.sql": 'select * from "customers.csv"'})
    other = Loader(loader.warehouse, loader.contract, loader.folder.parent / "elsewhere")
    return other.deliver({"customers.csv": accounts}, "elsewhere", mapping_folder=maps)


def load_audit(loader: Loader, table: str) -> tuple:
    [row] = loader.rows(
        "select rows_in, rows_loaded, rows_quarantined, rows_duplicate from tenure.loads "
        f"where table_name = '{table}' and system = 'canonical'"
    )
    return row


def test_an_orphan_is_restored_when_another_system_brings_its_parent(loader: Loader) -> None:
    loader.deliver({**COMPANY, "billing.subscriptions.csv": WITH_ORPHAN})
    assert load_audit(loader, "subscriptions") == (3, 2, 1, 0)
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 0
    deliver_from_elsewhere(loader, PARENT)
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 1
    assert loader.rejections() == []
    assert load_audit(loader, "subscriptions") == (3, 3, 0, 0)
    assert loader.rows(
        "select mrr_cents, attributes ->> 'mood', _source from billing.subscriptions "
        "where subscription_id = 'S-9'"
    ) == [(300, "sunny", "canonical")]


def test_a_row_restored_is_the_row_that_a_new_load_would_give(loader: Loader) -> None:
    """Else each run would replace it, and Tenure would forget when it first knew it."""
    row = "select *, xmin::text from billing.subscriptions where subscription_id = 'S-9'"
    loader.deliver({**COMPANY, "billing.subscriptions.csv": WITH_ORPHAN})
    deliver_from_elsewhere(loader, PARENT)
    reconcile_quarantine(loader.warehouse, loader.contract)
    restored = loader.rows(row)
    loader.deliver({})
    assert loader.rows(row) == restored


def test_an_orphan_of_an_unchanged_file_is_restored_when_its_parent_comes(loader: Loader) -> None:
    """The file with the orphan is not read again: reconciliation alone must bring it back."""
    loader.deliver({**COMPANY, "billing.subscriptions.csv": WITH_ORPHAN})
    loads = loader.deliver({"crm.accounts.csv": ACCOUNTS + "A-9,Nine,2024-03-01\n"})
    assert loads["billing.subscriptions"].status == "unchanged"
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 1
    assert loader.rejections() == []
    assert loader.rows("select count(*) from billing.subscriptions") == [(3,)]


def test_rows_whose_parent_leaves_wait_for_it(loader: Loader) -> None:
    """A subscription of nobody would count in no account and in every total."""
    loader.deliver({**COMPANY, "billing.subscriptions.csv": WITH_ORPHAN})
    deliver_from_elsewhere(loader, PARENT)
    reconcile_quarantine(loader.warehouse, loader.contract)
    deliver_from_elsewhere(loader, PARENT.replace("A-9", "A-8"))
    reconcile_quarantine(loader.warehouse, loader.contract)
    holding = "select count(*) from billing.subscriptions where _superseded_at is null"
    assert loader.rows(holding) == [(2,)]
    assert load_audit(loader, "subscriptions") == (3, 2, 1, 0)
    [(_, _, _, rule, message)] = loader.rejections()
    assert rule == "relationships(account_id)"
    assert message == "account_id A-9 is no longer in crm.accounts"
    deliver_from_elsewhere(loader, PARENT)
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 1
    assert loader.rows(
        "select mrr_cents from billing.subscriptions "
        "where account_id = 'A-9' and _superseded_at is null"
    ) == [(300,)]


def test_a_table_is_left_alone_while_it_and_its_parents_are_the_same(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reconciling all tables in each of nine steps cost more than loading them."""
    loader.deliver(COMPANY)
    reconcile_quarantine(loader.warehouse, loader.contract)
    examined: list[str] = []
    monkeypatch.setattr(
        reconciliation,
        "_quarantine_orphans",
        lambda _warehouse, table, *_: examined.append(table.full_name),
    )
    reconcile_quarantine(loader.warehouse, loader.contract)
    assert examined == []
    loader.deliver({"crm.accounts.csv": ACCOUNTS.replace("Two", "Two Ltd")})
    reconcile_quarantine(loader.warehouse, loader.contract)
    assert {"billing.subscriptions", "support.tickets"} <= set(examined)


def test_grandchildren_come_back_with_their_parents(loader: Loader) -> None:
    invoices = "invoice_id,account_id,issued_at,amount_cents,currency\nI-1,A-9,2024-03-01,5,USD\n"
    payments = (
        "payment_id,invoice_id,attempted_at,amount_cents,currency\nP-1,I-1,2024-03-02,5,USD\n"
    )
    loader.deliver({**COMPANY, "billing.invoices.csv": invoices, "billing.payments.csv": payments})
    assert len(loader.rejections()) == 2
    deliver_from_elsewhere(loader, PARENT)
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 2
    assert loader.rejections() == []


def test_waiting_events_are_added_to_the_days_they_belong_to(loader: Loader) -> None:
    events = (
        "account_id,user_id,feature,occurred_at,received_at,mood\n"
        "A-1,u1,search,2024-05-01,2024-05-02,\nA-9,u1,search,2024-05-01,2024-05-02,sunny\n"
        "A-9,u2,search,2024-05-02,,\n"
    )
    late = "select rows_repaired from tenure.repairs where rule = 'late'"
    loader.deliver({**COMPANY, "product.events.csv": events})
    assert load_audit(loader, "events") == (3, 1, 2, 0)
    assert loader.rows(late) == [(1,)]
    deliver_from_elsewhere(loader, PARENT)
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 2
    assert load_audit(loader, "events") == (3, 3, 0, 0)
    assert loader.rows(late) == [(2,)]
    days = (
        "select account_id, usage_date, events, active_users_28d, _row_hash from {} order by 1, 2"
    )
    rolled_up = loader.rows(days.format("product.account_days"))
    assert [row[:4] for row in rolled_up] == [
        ("A-1", date(2024, 5, 1), 1, 1),
        ("A-1", date(2024, 5, 2), 0, 1),
        ("A-9", date(2024, 5, 1), 1, 1),
        ("A-9", date(2024, 5, 2), 1, 2),
    ]
    loader.deliver({})
    assert loader.rows(days.format("product.account_days")) == rolled_up

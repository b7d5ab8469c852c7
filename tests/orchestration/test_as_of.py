"""What `tenure score` and `tenure diff` are asked, and the raw rows that they show."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.as_of.evidence import raw_evidence, rows_sql
from orchestration.as_of.question import Unanswerable, ask
from orchestration.as_of.score import DISPLAYED_SQL, chosen_scorecard
from orchestration.as_of.text import number
from orchestration.lib.runs import Run
from orchestration.lib.scoring_inputs import keep_scoring_inputs, restore
from orchestration.terminal import plain
from sources import load_contract
from sources.store import create_tables
from tests.dbt.eight_customers import PROVENANCE
from warehouse import Warehouse

KNOWN = datetime(2026, 3, 1, 6, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 6, tzinfo=UTC)

RAW = """
insert into crm.accounts (account_id, account_name, signed_at, _recorded_at, _superseded_at) values
('a', 'Acme', '2025-01-01Z', '2026-01-01Z', null),
('prospect', 'Prospect', '2025-01-01Z', '2026-01-01Z', null),
('gone', 'Gone', '2025-01-01Z', '2026-01-01Z', '2026-02-01Z'),
('late', 'Late', '2025-01-01Z', '2026-04-01Z', null);
insert into billing.subscriptions (subscription_id, account_id, mrr_cents, started_at, _recorded_at)
values ('s', 'a', 100, '2025-06-01Z', '2026-01-01Z'), ('t', 'a', 100, '2025-01-01Z', '2026-04-01Z'),
('trial', 'a', 0, '2025-01-01Z', '2026-01-01Z');
insert into billing.invoices (invoice_id, account_id, _recorded_at) values
('i', 'a', '2026-01-01Z'), ('j', 'b', '2026-01-01Z');
insert into billing.payments (payment_id, invoice_id, attempted_at, amount_cents, _recorded_at)
values ('p', 'i', '2026-02-20Z', 5, '2026-01-01Z'), ('q', 'j', '2026-02-20Z', 5, '2026-01-01Z');
insert into support.tickets (ticket_id, account_id, subject, created_at, solved_at, _recorded_at,
    _superseded_at) values
('new', 'a', 'Broken', '2026-02-20 23:59Z', null, '2026-01-01Z', null),
('solved', 'a', null, '2025-02-20Z', '2026-02-28Z', '2026-01-01Z', null),
('has left', 'a', null, '2026-01-20Z', null, '2026-01-01Z', null),
('corrected', 'a', null, '2025-01-20Z', null, '2026-01-01Z', '2026-02-16 12:00Z'),
('of another', 'b', null, '2026-02-20Z', null, '2026-01-01Z', null),
('before', 'a', null, '2025-01-20Z', null, '2026-01-01Z', null),
('after', 'a', null, '2026-03-02Z', null, '2026-01-01Z', null),
('not known', 'a', null, '2026-02-20Z', null, '2026-04-01Z', null)
"""


class Reader:
    """Answers as a scratch schema does, about account a as known on the first of March."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def read(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        asked = {"account_id": "a", "as_of": date(2026, 3, 1), "known_as_of": KNOWN, **params}
        return self.warehouse.read_arrow(sql, asked).to_pylist()


def run(known_as_of: datetime, is_given: bool = False) -> Run:
    return Run(f"run of {known_as_of}", date(2026, 3, 1), known_as_of, is_given, False)


@pytest.fixture(scope="module")
def raw(module_warehouse: Warehouse) -> Warehouse:
    create_tables(module_warehouse, load_contract())
    module_warehouse.execute(PROVENANCE)
    module_warehouse.execute(RAW)
    return module_warehouse


def signal(table: str, window_days: int | None = None) -> dict[str, Any]:
    return {"label": "Label", "window_days": window_days, "source_tables": [table]}


def rows_of(raw: Warehouse, table: str, window_days: int | None = None) -> dict[str, str]:
    [found] = raw_evidence(
        load_contract(), Reader(raw), [signal(table, window_days)], date(2026, 2, 15), 10
    )
    assert found.count == len(found.rows)
    return {row["key"]: row["why"] for row in found.rows}


def test_rows_that_came_between_the_days_left_the_window_or_were_corrected(raw: Warehouse) -> None:
    assert rows_of(raw, "support.tickets", 28) == {
        "new": "dated between the days",
        "solved": "dated between the days",
        "corrected": "recorded or superseded between the days",
        "has left": "left the window",
    }
    assert "has left" not in rows_of(raw, "support.tickets")


def test_what_a_person_wrote_is_shown_by_its_shape(raw: Warehouse) -> None:
    """The evidence is printed; a subject may quote the mail that it was."""
    [found] = raw_evidence(
        load_contract(), Reader(raw), [signal("support.tickets", 28)], date(2026, 2, 15), 10
    )
    contents = {row["key"]: row["content"] for row in found.rows}
    assert contents["new"].startswith("subject=(a text of 6 characters), created_at=")


def test_a_row_is_the_accounts_by_way_of_its_parent(raw: Warehouse) -> None:
    """A payment names its invoice alone."""
    assert list(rows_of(raw, "billing.payments", 90)) == ["p"]


def test_the_newest_rows_are_shown_and_all_are_counted(raw: Warehouse) -> None:
    [found] = raw_evidence(
        load_contract(), Reader(raw), [signal("support.tickets", 28)], date(2026, 2, 15), 1
    )
    assert (found.count, [row["key"] for row in found.rows]) == (4, ["solved"])


def test_rows_of_no_account_are_named_and_not_listed(raw: Warehouse) -> None:
    contract = load_contract()
    assert rows_sql(contract, contract.table("finance.exchange_rates")) is None
    [found] = raw_evidence(
        contract, Reader(raw), [signal("product.features")], date(2026, 2, 15), 1
    )
    assert not found.is_of_account


def test_every_table_of_the_contract_can_be_asked(raw: Warehouse) -> None:
    for table in load_contract().tables:
        raw_evidence(load_contract(), Reader(raw), [signal(table.full_name)], KNOWN.date(), 1)


def test_what_was_kept_is_restored_as_it_was_known(warehouse: Warehouse) -> None:
    """A double that came back rounded would move scores by a bit."""
    warehouse.execute(
        "create schema seeds; create schema scratch; create table seeds.things "
        "(name text, weight double precision, points numeric(5, 2), until date, policy jsonb); "
        "insert into seeds.things values "
        """('é"', 0.1 + 0.2::float8, 1.50, 'infinity', '{"a": 1}')"""
    )
    before = "select things::text as row from seeds.things"
    [first] = warehouse.read(before)["row"]
    keep_scoring_inputs(warehouse, run(KNOWN), ["seeds.things"])
    keep_scoring_inputs(warehouse, run(LATER), ["seeds.things"])
    warehouse.execute("update seeds.things set weight = 7")
    keep_scoring_inputs(warehouse, run(LATER, is_given=True), ["seeds.things"])
    assert len(warehouse.read("select 1 from tenure.scoring_inputs")) == 1
    keep_scoring_inputs(warehouse, run(LATER), ["seeds.things"])
    warehouse.execute("alter table seeds.things add column reason text")
    restore(warehouse, "seeds.things", KNOWN, "scratch")
    [restored] = warehouse.read(
        "select (name, weight, points, until, policy)::text as row from scratch.things"
    )["row"]
    assert restored == first


def test_a_question_is_answered_by_the_newest_run_that_ended_well(raw: Warehouse) -> None:
    with pytest.raises(Unanswerable, match="nothing was known yet"):
        ask(raw, "a", [None], None)
    raw.execute(
        "insert into tenure.runs (run_id, job, status, as_of_date, known_as_of, "
        "is_known_as_of_given, is_full_refresh, code_version, policy_version) values "
        "('1', 'daily', 'succeeded', '2026-03-01', '2026-03-01 06:00Z', false, false, 'c', 'p'), "
        "('2', 'daily', 'failed', '2026-03-02', '2026-03-02 06:00Z', false, false, 'c', 'p'), "
        "('3', 'daily', 'succeeded', '2026-01-02', '2026-03-03 06:00Z', true, false, 'c', 'p')"
    )
    with pytest.raises(Unanswerable, match="did not keep"):
        ask(raw, "a", [None], None)
    raw.execute(
        "insert into tenure.scoring_inputs values ('seeds.x', '2026-03-01 06:00Z', '1', '[]')"
    )
    question = ask(raw, "a", [None, date(2026, 2, 1)], LATER)
    assert (question.as_of, question.known_as_of) == (date(2026, 3, 1), KNOWN)
    assert question.further_dates == (date(2026, 2, 1),)
    with pytest.raises(Unanswerable, match="nothing was known yet"):
        ask(raw, "a", [None], datetime(2026, 2, 28, tzinfo=UTC))
    with pytest.raises(Unanswerable, match="in the future of what was known"):
        ask(raw, "a", [date(2026, 3, 2)], None)
    with pytest.raises(Unanswerable, match="had no contract on 2025-05-31: its first one began on"):
        ask(raw, "a", [date(2025, 5, 31), None], None)
    with pytest.raises(Unanswerable, match="it never had one"):
        ask(raw, "prospect", [None], None)
    for account in ("gone", "late", "nosuch' or true --"):
        with pytest.raises(Unanswerable, match="no account"):
            ask(raw, account, [None], None)


def test_what_comes_from_files_commands_no_terminal() -> None:
    assert plain("[red]\x1b[2J\u202eevil").plain == r"[red]\x1b[2J\u202eevil"
    assert plain("[red]").spans == []
    assert (plain(None).plain, number(None).plain) == ("unknown", "unknown")
    assert (number(1234.0).plain, number(0.12345).plain) == ("1,234", "0.123")


@pytest.mark.parametrize(
    ("displayed", "expected"),
    [([], "strategy_002"), ([{"scorecard": "first_day"}], "first_day")],
)
def test_a_score_is_asked_of_the_scorecard_that_the_app_shows(
    displayed: list[dict[str, str]], expected: str
) -> None:
    """The list ranked by the first day's scorecard, and the command called its accounts grey."""
    there = [
        {"scorecard": "first_day", "is_default": False},
        {"scorecard": "strategy_002", "is_default": True},
    ]
    asked: Any = SimpleNamespace(read=lambda sql: displayed if sql == DISPLAYED_SQL else there)
    assert chosen_scorecard(asked, None) == expected

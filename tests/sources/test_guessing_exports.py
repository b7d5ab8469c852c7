"""Exports as a newcomer has them: Windows text, a system's answer, months beside metrics."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from sources import Contract
from sources.guessing import guess_folder, plan_folder
from sources.guessing.folder import COLUMNS_LOOKED_AT, look_at
from sources.guessing.names import words_of
from sources.guessing.plan import Plan
from sources.landing import Landed
from sources.session import NO_REJECTIONS

ACCOUNTS = "Account ID,Account Name,Created Date\n" + "".join(
    f"A-{number},Firm {number},2024-03-{number:02d}\n" for number in range(1, 21)
)


def guessed(contract: Contract, folder: Path, files: dict[str, bytes]) -> dict[str, Plan]:
    for name, content in {"accounts.csv": ACCOUNTS.encode(), **files}.items():
        (folder / name).write_bytes(content)
    con = duckdb.connect()
    con.execute(NO_REJECTIONS)
    plans = plan_folder(contract, guess_folder(con, contract, folder))
    return {name: found[0] for name, found in plans.items()}


def test_a_german_contract_list_of_windows_is_mapped_whole(
    contract: Contract, tmp_path: Path
) -> None:
    header = "Vertragsnummer;Kunde;Vertragsbeginn;Gekündigt zum;Monatsbetrag netto;Währung"
    rows = "".join(f"V-{n};Firm {n};01.02.2024;;1.{n}00,00;EUR\n" for n in range(1, 10))
    text = f"{header}\n{rows}V-10;Firm 10;13.02.2024;30.06.2026;990,00;EUR\n"
    plans = guessed(contract, tmp_path, {"Verträge.csv": text.encode("cp1252")})
    found = {line.column: line.headers for line in plans["billing.subscriptions"].lines}
    assert found["mrr_cents"] == ("Monatsbetrag netto",)
    assert found["ended_at"] == ("Gekündigt zum",)
    assert found["currency"] == ("Währung",)


def test_tickets_of_a_systems_answer_find_their_customer(
    contract: Contract, tmp_path: Path
) -> None:
    tickets = [
        {"id": n, "created_at": "2024-05-01T10:00:00Z", "status": "open", "subject": "Help",
         "requester": {"email": f"ann@firm{n}.example"}, "organization": {"name": f"Firm {n}"}}
        for n in range(1, 21)
    ]  # fmt: skip
    answer = json.dumps({"tickets": tickets, "count": 20, "next_page": None}).encode()
    plan = guessed(contract, tmp_path, {"zendesk_tickets.json": answer})["support.tickets"]
    [account] = [line for line in plan.lines if line.column == "account_id"]
    assert '"organization.name"' in account.sql
    assert ("requester",) not in [line.headers for line in plan.lines]


def test_months_beside_a_column_of_metrics_keep_their_metrics(
    contract: Contract, tmp_path: Path
) -> None:
    """Read as one metric, half of the rows contradict the other half and are quarantined."""
    rows = [["Customer", "What", "Jan 2026", "Feb 2026", "Mar 2026"]]
    for number in range(1, 21):
        rows += [[f"Firm {number}", what, 5, 6, 7] for what in ("Active users", "Exports")]
    with (tmp_path / "usage.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    plan = guessed(contract, tmp_path, {})["product.usage_metrics"]
    assert {line.column: line.sql for line in plan.lines}["metric"] == '"What"'


def test_of_very_many_columns_those_with_known_words_are_looked_at(tmp_path: Path) -> None:
    """5,000 columns took more than five minutes, and no sentence said why."""
    names = [f"c{number}" for number in range(COLUMNS_LOOKED_AT + 100)]
    text = f"{','.join(names)},Customer ID\n{','.join('1' for _ in names)},A-1\n"
    (tmp_path / "wide.csv").write_text(text)
    look = look_at(duckdb.connect(), Landed(tmp_path / "wide.csv", "wide.csv"))
    assert "Customer ID" in look.headers
    assert len(look.headers) <= COLUMNS_LOOKED_AT


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Monatsbetrag netto", "month amount"),
        ("Läuft bis", "end at"),
        ("Vertrags-Nr.", "contract number"),
        ("Prix mensuel HT", "monthly price"),
        ("Raison sociale", "customer name"),
        ("N° contrat", "contract number"),
        ("Résilié le", "canceled at"),
        ("MRR USD", "mrr"),
    ],
)
def test_headers_of_german_and_french_exports(header: str, words: str) -> None:
    assert " ".join(words_of(header)) == words

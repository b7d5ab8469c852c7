"""A run over files whose every text is hostile ends well, and prints and writes them as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end.conftest import Home
from tests.hostile import COMMANDS, HOSTILE
from warehouse.plain_text import visible

COMPANY = "hostile"
PERSON = "jane.doe@mail.example.com"
# Texts of which models make no decision, and statuses that are none.
TEXTS = {
    "crm.accounts.csv": ("account_name", "industry", "region"),
    "crm.csms.csv": ("csm_name", "team"),
    "crm.opportunities.parquet": ("stage",),
    "billing.invoices.parquet": ("status",),
    "support.tickets.parquet": ("subject", "product_area", "channel", "status"),
}


@dataclass(frozen=True)
class Hostile:
    """The home of the company, and what its run printed."""

    home: Home
    printed: str


def with_hostile_texts(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """The frame with hostile texts before those that are there: names stay apart."""
    changed = frame.copy()
    for name in names:
        texts = [None if pd.isna(text) else f"{HOSTILE} {text}" for text in frame[name]]
        changed[name] = pd.Series(texts, index=frame.index, dtype=object)
    return changed


@pytest.fixture(scope="module")
def hostile(home: Home, open_folder: Path) -> Iterator[Hostile]:
    files = open_folder / "hostile files"
    home.tenure("simulate", "--accounts", "30", "--months", "6", "--out", str(files))
    for name, columns in TEXTS.items():
        path = files / name
        if path.suffix == ".csv":
            frame = pd.read_csv(path, dtype=str)
            with_hostile_texts(frame, columns).to_csv(path, index=False)
        else:
            frame = pd.read_parquet(path)
            with_hostile_texts(frame, columns).to_parquet(path, index=False)
    contacts = files / "crm.contacts.parquet"
    frame = pd.read_parquet(contacts)
    frame.loc[0, ["account_id", "full_name", "role"]] = HOSTILE
    frame.loc[1, ["contact_id", "account_id", "full_name", "email", "role"]] = PERSON
    frame.loc[2, "role"] = PERSON
    frame.to_parquet(contacts, index=False)
    printed = home.tenure(
        "run", "--source", "canonical", "--data", str(files), "--company", COMPANY
    )
    yield Hostile(home, printed)


def test_a_run_and_the_status_print_hostile_texts_as_they_are(hostile: Hostile) -> None:
    """A tier called [/b] ended a good run in a traceback."""
    status = hostile.home.tenure("status", "--company", COMPANY)
    for printed in (hostile.printed, status):
        assert not set(COMMANDS).intersection(printed)
        assert "Traceback" not in printed
        # an account's name, whole
        assert visible(HOSTILE) in printed
        assert PERSON not in printed


def test_the_report_shows_them_as_text_and_no_person(hostile: Hostile, tmp_path: Path) -> None:
    page = tmp_path / "data.html"
    hostile.home.tenure("report", "data", "--company", COMPANY, "--out", str(page))
    text = page.read_text(encoding="utf-8")
    assert not set(COMMANDS).intersection(text)
    assert "<img" not in text
    assert "&lt;img" in text
    assert PERSON not in text
    assert "an e-mail-like text of 25 characters" in text


def test_no_message_in_a_mart_or_in_dagster_quotes_a_person(hostile: Hostile) -> None:
    """What is in marts the app shows; Dagster's event log is read by all who see its pages."""
    with hostile.home.open(COMPANY) as warehouse:
        for mart in ("quarantine_summary", "correction_summary", "data_findings", "data_balances"):
            rows = warehouse.read(f"select rows::text as row from marts.{mart} as rows")["row"]
            assert PERSON not in "".join(rows)
        kept = warehouse.read("select row_data::text as row from quarantine.rejected_rows")["row"]
        assert PERSON in "".join(kept)
        address = warehouse.ensure_database(warehouse.settings.dagster_database)
    events = pd.read_sql("select event from event_logs", address)["event"]
    assert len(events) > 100
    assert PERSON not in "".join(events)


def test_the_csv_of_a_query_is_whole(hostile: Hostile) -> None:
    query = "select account_name from marts.customer_health"
    text = hostile.home.tenure("sql", query, "--company", COMPANY)
    assert HOSTILE.replace('"', '""').replace("\r\n", "\n") in text.replace("\r\n", "\n")

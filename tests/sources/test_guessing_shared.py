"""How much of eight vendors' exports is recognised, and a company on its first day.

The measure: of all columns of the contract that a vendor's main files hold (export_answers.csv,
made by hand from the vendors' documentation), the share for which table, file and column are
right. A column whose values were scrubbed so that they mean nothing any more (a type turned into a
hash) is no answer; where two columns would do, either is right.
"""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from sources import Contract
from sources.guessing import guess_folder, plan_folder
from sources.guessing.tables import FileLook

pytestmark = pytest.mark.shared_data

ANSWERS_FILE = Path(__file__).with_name("export_answers.csv")
WANTED = 0.8


@pytest.fixture(scope="module")
def answers() -> list[dict[str, str]]:
    """A row per vendor, table and column; `files` and `headers` are those that will do."""
    with ANSWERS_FILE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def taken(
    shared_data: Path, contract: Contract, answers: list[dict[str, str]]
) -> dict[tuple[str, str, str], tuple[str, str]]:
    """File and headers that were taken, by vendor, table and column."""
    found = {}
    for vendor in dict.fromkeys(answer["vendor"] for answer in answers):
        folder = shared_data / "fivetran_seeds" / f"dbt_{vendor}" / "integration_tests" / "seeds"
        guess = guess_folder(duckdb.connect(), contract, folder)
        # what is left out so that no row is quarantined was recognised all the same
        for table, guesses in guess.tables.items():
            for column, match in guesses[0].matches.items():
                found[vendor, table, column] = (stem(guesses[0].file), match.header)
        for table, plans in plan_folder(contract, guess).items():
            for line in plans[0].lines:
                of_line = (stem(plans[0].file), "+".join(line.headers))
                found.setdefault((vendor, table, line.column), of_line)
    return found


def stem(file: FileLook) -> str:
    return file.names[0].split(".")[0]


def test_four_of_five_columns_of_the_vendors_exports_are_recognised(
    answers: list[dict[str, str]], taken: dict[tuple[str, str, str], tuple[str, str]]
) -> None:
    wrong = []
    for answer in answers:
        place = (answer["vendor"], answer["table"], answer["column"])
        file, headers = taken.get(place, ("", ""))
        if file not in answer["files"].split("|") or headers not in answer["headers"].split("|"):
            wrong.append(f"{' '.join(place)} is {file} {headers}, not {answer['headers']}")
    share = 1 - len(wrong) / len(answers)
    print(f"{share:.1%} of {len(answers)} columns", *wrong, sep="\n")
    assert share >= WANTED, "\n".join([f"{share:.1%} of {len(answers)} columns", *wrong])


def test_a_company_on_its_first_day_is_mapped_without_an_edit(
    shared_data: Path, contract: Contract
) -> None:
    folder = shared_data.parent / "cold_start"
    plans = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))
    lines = {
        f"{table}.{line.column}": "+".join(line.headers)
        for table, of_table in plans.items()
        for line in of_table[0].lines
    }
    assert lines.items() >= {
        ("crm.accounts.account_id", "Customer ID"),
        ("crm.accounts.account_name", "Customer Name"),
        ("crm.accounts.signed_at", "Customer Since"),
        ("crm.accounts.csm_id", "Success Manager"),
        ("crm.csms.csm_id", "Success Manager"),
        ("billing.subscriptions.mrr_cents", "Annual Value (USD)"),
        ("billing.subscriptions.renewal_date", "Contract End"),
        ("support.tickets.ticket_id", "Ticket #"),
        ("support.tickets.solved_at", "Hours to Resolve"),
        ("survey.responses.score", "Score"),
    }
    assert not any(plan.missing for of_table in plans.values() for plan in of_table)
    files = {plan.file.name for of_table in plans.values() for plan in of_table}
    assert "truth.csv" not in files

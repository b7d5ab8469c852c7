"""What a person's cells hold stays in quarantine: sentences about them show the shape."""

from __future__ import annotations

from expectations.verdicts import PERSONAL_COLUMNS, observed
from sources import Contract
from tests.sources.conftest import ACCOUNTS, Loader

PERSON = "jane.doe@mail.example.com"
SHAPE = "(an e-mail-like text of 25 characters)"
DELIVERY = {
    "crm.accounts.csv": ACCOUNTS,
    "crm.contacts.csv": "contact_id,account_id,email,full_name,role\n"
    f"{PERSON},{PERSON},{PERSON},Jane Doe,Jane Doe\n"
    f"C-2,A-1,{PERSON},{'Jane Doe ' * 100},admin\n"
    "C-3,A-1,x,Jane,admin\nC-3,A-2,y,Joan,admin\n",
}


def test_expectations_call_the_contracts_columns_personal(contract: Contract) -> None:
    """They may import no contract: one list each, that must not part."""
    personal = {
        column.name for table in contract.tables for column in table.columns if column.is_personal
    }
    assert personal == PERSONAL_COLUMNS


def test_an_expectation_shows_no_person() -> None:
    rows = [{"contact_id": PERSON, "full_name": "Jane Doe", "mrr_cents": 5}]
    said = observed({"details": {"unexpected_rows": rows}})
    assert said == f"found contact_id {SHAPE}, full_name (a text of 8 characters), mrr_cents 5"
    found = observed(
        {"unexpected_count": 1, "element_count": 2, "partial_unexpected_list": [PERSON]}
    )
    assert found.endswith(f"such as {SHAPE}")


def test_a_delivery_says_the_shape_of_what_is_a_persons_and_keeps_the_value(
    loader: Loader,
) -> None:
    """Mail addresses used as keys stood in marts, in Dagster's event log and in terminals."""
    problems = loader.deliver(DELIVERY)["crm.contacts"].problems
    rejections = loader.rejections()
    corrections = loader.rows("select column_name, message from quarantine.corrected_cells")
    said = repr([problems, rejections, corrections])
    assert "@" not in said
    assert "Jane" not in said
    assert "Joan" not in said
    assert ("crm.contacts", "crm.contacts.csv", 1, "relationships(account_id)") in [
        rejection[:4] for rejection in rejections
    ]
    assert f"account_id {SHAPE} is not in crm.accounts" in said
    # role: Jane Doe
    [kept] = loader.rows(
        "select row_data ->> 'email' from quarantine.rejected_rows where row_number = 1"
    )
    assert kept == (PERSON,)
    assert loader.rows("select content from quarantine.corrected_cells") != []

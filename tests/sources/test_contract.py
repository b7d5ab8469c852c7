"""The contract is dbt's own sources files: what they say is what ingestion does."""

from pathlib import Path

import duckdb
import pytest

from sources import Contract, ContractError, load_contract

TABLE = """
version: 2
sources:
  - name: crm
    tables:
      - name: accounts
        columns:
          - name: account_id
            data_type: {data_type}
            data_tests: [{test}]
"""


def write_contract(folder: Path, data_type: str = "text", test: str = "not_null") -> Path:
    file = folder / "crm" / "_crm__sources.yml"
    file.parent.mkdir(parents=True)
    file.write_text(TABLE.format(data_type=data_type, test=test))
    return folder


def test_all_twenty_three_tables_are_read(contract: Contract) -> None:
    assert len(contract.tables) == 23
    subscriptions = contract.table("billing.subscriptions")
    assert "mrr_cents" in subscriptions.required
    assert [rule.name for rule in subscriptions.rules if rule.kind == "unique_combination"] == [
        "unique_combination(subscription_id, product, started_at)"
    ]
    invoices = contract.table("billing.invoices")
    assert [rule.name for rule in invoices.rules if rule.kind == "not_before"] == [
        "not_before(due_at, issued_at)"
    ]


def test_parents_come_before_their_children(contract: Contract) -> None:
    """Otherwise a first load would take every child for an orphan."""
    order = [table.full_name for table in contract.tables]
    for table in contract.tables:
        for parent in table.parents:
            assert order.index(parent.full_name) < order.index(table.full_name)
    schemas = contract.source_order
    assert schemas.index("crm") < schemas.index("billing")


def test_a_test_that_ingestion_does_not_know_is_refused(tmp_path: Path) -> None:
    """A rule that stands in the contract and is not enforced is a false promise."""
    with pytest.raises(ContractError, match=r"_crm__sources\.yml: .*'is_pretty'"):
        load_contract(write_contract(tmp_path, test="is_pretty"))


def test_a_pattern_that_is_none_is_refused_before_any_row_is_read(tmp_path: Path) -> None:
    test = "not_matching: {arguments: {pattern: '(test', meaning: a test}}"
    with pytest.raises(ContractError, match=r"'\(test' is no regular expression"):
        load_contract(write_contract(tmp_path, test=test))


@pytest.mark.parametrize(
    ("name", "is_for_tests"),
    [
        ("Sandbox (do not use) 3", True),
        ("TEST ACCOUNT", True),
        ("Acme - test accounts - EU", True),
        ("Internal use only", True),
        ("Sandbox Interactive GmbH", False),
        ("Protest Accountants", False),
        ("Contest Accounting Ltd", False),
        ("Test & Measurement Co", False),
    ],
)
def test_accounts_for_tests_are_known_by_words_that_no_company_bears(
    con: duckdb.DuckDBPyConnection, contract: Contract, name: str, is_for_tests: bool
) -> None:
    """A customer that is taken for a test account is gone from every number."""
    [rule] = [rule for rule in contract.table("crm.accounts").rules if rule.kind == "not_matching"]
    con.execute("select regexp_matches(?, ?)", [name, rule.pattern])
    assert con.fetchall() == [(is_for_tests,)]


def test_an_unknown_type_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"crm\.accounts\.account_id: type 'uuid'"):
        load_contract(write_contract(tmp_path, data_type="uuid"))


def test_a_reference_to_no_table_is_refused(tmp_path: Path) -> None:
    test = "relationships: {arguments: {to: \"source('crm', 'nobody')\", field: id}}"
    with pytest.raises(ContractError, match=r"unknown tables \['crm\.nobody'\]"):
        load_contract(write_contract(tmp_path, test=test))


def test_an_empty_folder_is_no_contract(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no sources file"):
        load_contract(tmp_path)

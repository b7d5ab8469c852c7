"""The simulated files keep the contract, so that ingestion quarantines nothing of them."""

from pathlib import Path

import duckdb
import pytest
import yaml

from simulator import SimulationSummary

PROJECT_ROOT = Path(__file__).resolve().parents[2]
STAGING = PROJECT_ROOT / "dbt_project" / "models" / "staging"
# Ingestion makes these from the events.
ROLLED_UP = {"product.account_days", "product.account_feature_days", "product.users_seen"}
EVENT_COLUMNS = [
    "event_id",
    "account_id",
    "user_id",
    "feature",
    "occurred_at",
    "session_id",
    "value",
    "data_bytes",
    "is_api",
]
FAMILIES = {
    "text": {"VARCHAR"},
    "bigint": {"BIGINT"},
    "integer": {"INTEGER", "BIGINT"},
    "numeric": {"DOUBLE", "BIGINT"},
    "boolean": {"BOOLEAN"},
    "date": {"DATE"},
    "timestamptz": {"TIMESTAMP WITH TIME ZONE"},
}


def contract_tables() -> dict[str, dict]:
    """Each raw table of the contract by `<schema>.<table>`."""
    found = {}
    for path in sorted(STAGING.glob("*/_*__sources.yml")):
        for source in yaml.safe_load(path.read_text())["sources"]:
            for table in source["tables"]:
                found[f"{source['name']}.{table['name']}"] = table
    return found


# What a company without events delivers in their place.
ADDED_UP = {"product.usage_metrics"}
TABLES = {
    name: table for name, table in contract_tables().items() if name not in ROLLED_UP | ADDED_UP
}


def source_of(folder: Path, name: str) -> str:
    """DuckDB's way to read a table's file."""
    text = folder / f"{name}.csv"
    return f"'{text}'" if text.exists() else f"'{folder / name}.parquet'"


def count(query: str) -> int:
    return duckdb.sql(query).fetchall()[0][0]


def broken_rows(folder: Path, name: str, rule: dict | str, column: str) -> int:
    """How many rows of the table break one of the contract's rules."""
    kind, setting = (rule, {}) if isinstance(rule, str) else next(iter(rule.items()))
    arguments = setting.get("arguments", {})
    source = source_of(folder, name)
    if kind in ("unique", "unique_combination"):
        key = ", ".join(arguments.get("columns", [column]))
        return count(f"select count(*) - count(distinct ({key})) from {source}")
    broken = {
        "not_null": lambda: f"{column} is null",
        "accepted_values": lambda: f"{column} not in ({str(arguments['values'])[1:-1]})",
        "at_least": lambda: f"{column} < {arguments['minimum']}",
        "not_matching": lambda: f"regexp_matches({column}, '{arguments['pattern']}')",
        "within": lambda: f"{column} not between {arguments['low']} and {arguments['high']}",
        "plausible_time": lambda: (
            f"{column} < timestamptz '1990-01-01' or {column} > now() + interval 366 day"
        ),
        "open_ended": lambda: f"{column} > now() + interval 20 year",
        "above": lambda: f"{arguments['higher']} <= {arguments['lower']}",
        "plausible_rate": lambda: f"{arguments['rate']} not between 0.0000001 and 100",
        "plausible_amount": lambda: f"abs({arguments['amount']}) > {arguments['maximum']}",
        "iso_currency": lambda: f"not regexp_full_match({column}, '[A-Z]{{3}}')",
        "not_before": lambda: f"{arguments['later']} < {arguments['earlier']}",
        "relationships": lambda: (
            f"{column} is not null and {column} not in "
            f"(select {arguments['field']} from {parent_of(folder, arguments['to'])})"
        ),
    }
    return count(f"select count(*) from {source} where {broken[kind]()}")


def parent_of(folder: Path, to: str) -> str:
    """The file behind `source('crm', 'accounts')`."""
    schema, table = to.removeprefix("source('").removesuffix("')").split("', '")
    return source_of(folder, f"{schema}.{table}")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_each_table_has_the_contracts_columns_in_their_types(folder: Path, name: str) -> None:
    rows = duckdb.sql(f"describe select * from {source_of(folder, name)}").fetchall()
    written = {row[0]: row[1] for row in rows}
    wanted = {column["name"]: column["data_type"] for column in TABLES[name]["columns"]}
    assert list(written) == list(wanted)
    empty = {
        column
        for column in written
        if not count(f"select count({column}) from {source_of(folder, name)}")
    }
    for column, kind in wanted.items():
        assert column in empty or written[column] in FAMILIES[kind], (column, written[column])


@pytest.mark.parametrize("name", sorted(TABLES))
def test_no_row_breaks_a_rule_of_the_contract(folder: Path, name: str) -> None:
    table = TABLES[name]
    rules = [(rule, "") for rule in table.get("data_tests", [])]
    rules += [
        (rule, column["name"])
        for column in table["columns"]
        for rule in column.get("data_tests", [])
    ]
    broken = {
        f"{column} {rule}": rows
        for rule, column in rules
        if (rows := broken_rows(folder, name, rule, column))
    }
    assert broken == {}


def test_every_table_of_the_contract_is_filled(company: SimulationSummary) -> None:
    assert set(company.tables) == set(TABLES) | {"product.events"}
    assert [name for name, rows in company.tables.items() if rows == 0] == []


def test_events_have_the_lakes_columns_and_only_known_accounts(
    company: SimulationSummary, folder: Path
) -> None:
    """A month whose types differ would make the whole lake unreadable."""
    files = sorted((folder / "product.events").glob("*.parquet"))
    assert len(files) == 24
    shapes = {str(duckdb.sql(f"describe select * from '{file}'").fetchall()) for file in files}
    assert len(shapes) == 1
    events = f"'{folder}/product.events/*.parquet'"
    described = duckdb.sql(f"describe select * from {events}").fetchall()
    assert [row[0] for row in described] == EVENT_COLUMNS
    assert count(f"select count(*) from {events}") == company.tables["product.events"]
    assert count(f"select count(*) - count(distinct event_id) from {events}") == 0
    assert count(f"select count(*) from {events} where occurred_at is null") == 0
    strangers = (
        f"select count(*) from {events} where account_id not in "
        f"(select account_id from {source_of(folder, 'crm.accounts')}) or feature not in "
        f"(select feature from {source_of(folder, 'product.features')})"
    )
    assert count(strangers) == 0


def test_contacts_named_in_other_tables_work_at_that_customer(folder: Path) -> None:
    """A ticket by another company's employee would show in the wrong Customer 360."""
    contacts = source_of(folder, "crm.contacts")
    for name in (
        "support.tickets",
        "crm.activities",
        "survey.responses",
        "survey.invitations",
        "training.enrollments",
        "community.posts",
    ):
        strangers = (
            f"select count(*) from {source_of(folder, name)} as facts anti join {contacts} "
            "as contacts using (contact_id, account_id)"
        )
        assert count(strangers) == 0, name

"""What became of every row that was delivered, what in the data does not fit, what that costs.

Pure but for its queries, which the page Data and `tenure report data` both read: one answer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dashboards.formatting import is_unknown

Records = Sequence[Mapping[str, Any]]

QUERIES = {
    "checks": """
        select failures, consequence
        from marts.failed_checks
        order by source, table_name
    """,
    "balances": """
        select
            system, source || '.' || table_name as table_name, rows_in, rows_loaded,
            rows_quarantined, rows_duplicate, cells_corrected, newest_fact_date, loaded_at, notes
        from marts.data_balances
        where rows_in > 0 or notes::text <> '[]'
        order by source, table_name, system
    """,
    "quarantined": """
        select
            system, source || '.' || table_name as table_name, rule, rows_rejected,
            example_rejection_id, example_file, example_row, example_message
        from marts.quarantine_summary
        order by source, table_name, rule, system
    """,
    "corrected": """
        select
            source || '.' || table_name as table_name, column_name, cells_corrected, example_file,
            example_row, example_message
        from marts.correction_summary
        order by source, table_name, column_name, system
    """,
    "findings": """
        select
            source || '.' || table_name as table_name, rows_affected, example, sentence,
            first_step, is_correction
        from marts.data_findings
        order by source, table_name, rows_affected desc, finding, system
    """,
    "outages": """
        select sentence
        from marts.source_outages
        order by first_missing_date desc, source, measure
    """,
    "coverage": """
        select source, is_connected, missing_tables, missing_signals
        from marts.source_coverage
        where missing_signals > 0
        order by missing_signals desc, source
    """,
    "signals": """
        select needed.source_table, count(*) as signals
        from (select unnest(source_tables) as source_table from marts.dim_signals) as needed
        group by needed.source_table
    """,
    "health": """
        select
            count(*) filter (where is_open) as accounts,
            count(*) filter (where is_open and health_score is null) as accounts_without_score,
            max(as_of_date) as as_of_date
        from marts.customer_health
    """,
}

# By kind of rule: what a person looks at first.
FIRST_STEPS = {
    "above": "Give the ends of the scale that the value was measured on.",
    "accepted_values": "Map the value to one that the contract knows, or leave the cell empty.",
    "at_least": "Look at the row in the source: a credit or a correction may be a row of its own.",
    "longest": "Map the key or the name to this column; a text of this length is another column.",
    "iso_currency": "Give the three letters of the currency, as in EUR.",
    "not_before": "Look whether the two dates are swapped, or one is of another event.",
    "not_matching": "Leave accounts for tests out of the export.",
    "not_null": "Fill the column in the source, or map another one to it.",
    "open_ended": "Leave the end empty where there is none.",
    "plausible_amount": "Look at the amount: it may be minor units multiplied by a hundred again.",
    "possible_time": "Leave the time empty where there is none: 0001 and 9999 are placeholders.",
    "plausible_rate": "Look whether it is turned round, per hundred units, or not in dollars.",
    "plausible_time": "Correct the time in the source: a year of 1900 or 2099 is a placeholder.",
    "readable": "Export the file anew: the line is broken in the file.",
    "relationships": "Deliver the row that it refers to; this row is then loaded by itself.",
    "total_row": "Leave the row that adds up the others out of the export.",
    "type": "Export the column as plain numbers, ISO dates or true and false.",
    "unique": "Deliver each key once, or map a key that tells the rows apart.",
    "unique_combination": "Deliver each combination once, or add what tells the rows apart.",
    "unique_combination_or_null": "Deliver each combination once.",
    "whole_key": "Export the key as text: a spreadsheet has rounded it, its digits are lost.",
    "within": "Give the value in the unit, and on the scale, that the column's description names.",
}
EXPORT_AGAIN = "Look at the row in the source, and export it anew."
# A lake of thousands of files may have a note on each.
MOST_NOTES = 20


@dataclass(frozen=True)
class TableBalance:
    """Where the rows of a table of a delivery went, and how far its facts reach."""

    system: str
    table: str
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    rows_duplicate: int
    cells_corrected: int
    newest: date | None
    loaded_at: datetime
    notes: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether every row that came in went somewhere."""
        return self.rows_in == self.rows_loaded + self.rows_quarantined + self.rows_duplicate


@dataclass(frozen=True)
class Finding:
    """Something to look at: how often, what it is, an example, its cost, the first step."""

    table: str
    rows: int
    what: str
    example: str
    cost: str
    first_step: str


@dataclass(frozen=True)
class DataReport:
    """All that is shown. `as_of_date` is None before the first run has built the marts."""

    as_of_date: date | None
    checks: tuple[str, ...]
    accounts: int
    accounts_without_score: int
    balances: tuple[TableBalance, ...]
    quarantined: tuple[Finding, ...]
    corrected: tuple[Finding, ...]
    read_otherwise: tuple[Finding, ...]
    contradictions: tuple[Finding, ...]
    outages: tuple[str, ...]
    missing: tuple[str, ...]

    def total(self, column: str) -> int:
        """A number of the balances, over all tables."""
        return sum(getattr(balance, column) for balance in self.balances)


def assemble(read: Mapping[str, Records]) -> DataReport:
    """The report from the rows of each of QUERIES, by the names there."""
    signals = {row["source_table"]: row["signals"] for row in read["signals"]}
    [health] = read["health"] or [{"accounts": 0, "accounts_without_score": 0, "as_of_date": None}]
    return DataReport(
        as_of_date=_day(health["as_of_date"]),
        checks=tuple(map(failed_check, read["checks"])),
        accounts=health["accounts"],
        accounts_without_score=health["accounts_without_score"],
        balances=tuple(map(balance, read["balances"])),
        quarantined=tuple(
            quarantine_finding(row, signals.get(row["table_name"], 0))
            for row in read["quarantined"]
        ),
        corrected=tuple(map(correction_finding, read["corrected"])),
        read_otherwise=tuple(
            contradiction(row) for row in read["findings"] if row["is_correction"]
        ),
        contradictions=tuple(
            contradiction(row) for row in read["findings"] if not row["is_correction"]
        ),
        outages=tuple(f"{row['sentence']}: unknown, not zero." for row in read["outages"]),
        missing=tuple(map(missing_source, read["coverage"])),
    )


def failed_check(row: Mapping[str, Any]) -> str:
    """What a check found, and what it holds back."""
    return " ".join([*json.loads(row["failures"]), row["consequence"]])


def balance(row: Mapping[str, Any]) -> TableBalance:
    """One row of the load audit, with the newest day that the table knows of."""
    notes = tuple(json.loads(row["notes"] or "[]"))
    if len(notes) > MOST_NOTES:
        notes = (*notes[:MOST_NOTES], f"{row['table_name']}: {len(notes) - MOST_NOTES} more notes")
    return TableBalance(
        system=row["system"],
        table=row["table_name"],
        rows_in=row["rows_in"],
        rows_loaded=row["rows_loaded"],
        rows_quarantined=row["rows_quarantined"],
        rows_duplicate=row["rows_duplicate"],
        cells_corrected=row["cells_corrected"],
        newest=_day(row["newest_fact_date"]),
        loaded_at=row["loaded_at"],
        notes=notes,
    )


def quarantine_finding(row: Mapping[str, Any], signals: int) -> Finding:
    """The rows of a table that one rule keeps back."""
    count = "1 signal reads" if signals == 1 else f"{signals} signals read"
    reads = f" {count} this table." if signals else ""
    return Finding(
        table=row["table_name"],
        rows=row["rows_rejected"],
        what=f"rows break {row['rule']}",
        example=_example(row),
        cost=f"The rows count nowhere.{reads}",
        first_step=FIRST_STEPS.get(row["rule"].split("(")[0], EXPORT_AGAIN),
    )


def correction_finding(row: Mapping[str, Any]) -> Finding:
    """The cells of a column that could not be used."""
    return Finding(
        table=row["table_name"],
        rows=row["cells_corrected"],
        what=f"cells of {row['column_name']} could not be used",
        example=_example(row),
        cost="The cells count as unknown; their rows are loaded.",
        first_step="Correct the cells in the source, or map the column to what it holds.",
    )


def contradiction(row: Mapping[str, Any]) -> Finding:
    """Rows that no rule refuses and that cannot all be meant so; the sentence says the cost."""
    return Finding(
        table=row["table_name"],
        rows=row["rows_affected"],
        what=row["sentence"],
        example="" if is_unknown(row["example"]) else row["example"],
        cost="",
        first_step="" if is_unknown(row["first_step"]) else row["first_step"],
    )


def missing_source(row: Mapping[str, Any]) -> str:
    """What a source that is not delivered, or not whole, would add."""
    what = f"{row['missing_tables']} of {row['source']}" if row["is_connected"] else row["source"]
    signals = row["missing_signals"]
    return f"{what}: {'1 signal needs' if signals == 1 else f'{signals} signals need'} it"


def _example(row: Mapping[str, Any]) -> str:
    number = row["example_row"]
    place = row["example_file"] + ("" if is_unknown(number) else f" row {int(number)}")
    return f"{place}: {row['example_message']}"


def _day(value: Any) -> date | None:
    if is_unknown(value):
        return None
    return value.date() if isinstance(value, datetime) else value

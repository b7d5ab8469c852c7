"""What became of every row that was delivered, what in the data does not fit, what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sources.contract import Contract
from warehouse import Warehouse

LOADS_SQL = """
select
    loads.system,
    loads.source || '.' || loads.table_name as table_name,
    loads.rows_in,
    loads.rows_loaded,
    loads.rows_quarantined,
    loads.rows_duplicate,
    coalesce(repairs.cells_corrected, 0)::bigint as cells_corrected,
    loads.loaded_at,
    loads.problems
from tenure.loads
left join (
    select system, source, table_name, sum(rows_repaired) as cells_corrected
    from tenure.repairs
    where rule = 'corrected'
    group by system, source, table_name
) as repairs using (system, source, table_name)
order by loads.source, loads.table_name, loads.system
"""

QUARANTINE_SQL = """
select
    source || '.' || table_name as table_name,
    rule,
    count(*) as rows_found,
    (array_agg(file order by file, row_number))[1] as file,
    (array_agg(row_number order by file, row_number))[1] as row_number,
    (array_agg(message order by file, row_number))[1] as message,
    (array_agg(row_data::text order by file, row_number))[1] as row_data
from quarantine.rejected_rows
group by source, table_name, rule
order by source, table_name, rule
"""

CORRECTIONS_SQL = """
select
    source || '.' || table_name as table_name,
    column_name,
    count(*) as rows_found,
    (array_agg(file order by file, row_number))[1] as file,
    (array_agg(row_number order by file, row_number))[1] as row_number,
    (array_agg(message order by file, row_number))[1] as message
from quarantine.corrected_cells
group by source, table_name, column_name
order by source, table_name, column_name
"""

FINDINGS_SQL = """
select
    source || '.' || table_name as table_name, rows_affected, example, sentence, first_step,
    is_correction
from marts.data_findings
order by source, table_name, rows_affected desc, finding, system
"""

OUTAGES_SQL = """
select sentence from marts.source_outages order by first_missing_date desc, source
"""

COVERAGE_SQL = """
select source, is_connected, missing_tables, missing_signals
from marts.source_coverage
where missing_signals > 0
order by missing_signals desc, source
"""

SIGNALS_SQL = """
select source_table, count(*) as signals
from marts.dim_signals
cross join lateral unnest(source_tables) as needed (source_table)
group by source_table
"""

GREY_SQL = """
select
    count(*) filter (where is_open) as accounts,
    count(*) filter (where is_open and health_score is null) as accounts_without_score,
    max(as_of_date) as as_of_date
from marts.customer_health
"""

# A run that was broken off may have built some of them.
MARTS = (
    "marts.data_findings",
    "marts.source_outages",
    "marts.source_coverage",
    "marts.dim_signals",
    "marts.customer_health",
)

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
    "plausible_time": "Correct the time in the source: a year of 1900 or 2099 is a placeholder.",
    "readable": "Export the file anew: the line is broken in the file.",
    "relationships": "Deliver the row that it refers to; this row is then loaded by itself.",
    "type": "Export the column as plain numbers, ISO dates or true and false.",
    "unique": "Deliver each key once, or map a key that tells the rows apart.",
    "unique_combination": "Deliver each combination once, or add what tells the rows apart.",
    "unique_combination_or_null": "Deliver each combination once.",
    "within": "Give the value in the unit, and on the scale, that the column's description names.",
}
EXPORT_AGAIN = "Look at the row in the source, and export it anew."


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
    problems: tuple[str, ...]

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
    """All that the page shows."""

    company: str
    written_at: datetime
    as_of_date: date | None
    accounts: int
    accounts_without_score: int
    balances: tuple[TableBalance, ...]
    quarantined: tuple[Finding, ...]
    corrected: tuple[Finding, ...]
    read_otherwise: tuple[Finding, ...]
    contradictions: tuple[Finding, ...]
    outages: tuple[str, ...]
    missing: tuple[str, ...]


class NothingLoaded(RuntimeError):
    """There is no delivery to report on."""


def read_report(warehouse: Warehouse, contract: Contract) -> DataReport:
    """The report on all that is loaded. Raises NothingLoaded before the first load.

    What the models say (contradictions, coverage) is left out before the first run.
    """
    if not exists(warehouse, "tenure.loads") or not (loads := rows(warehouse, LOADS_SQL)):
        raise NothingLoaded("Nothing is loaded yet: tenure run")
    has_marts = all(exists(warehouse, mart) for mart in MARTS)
    newest = newest_dates(warehouse, contract)
    signals = {
        row["source_table"]: row["signals"]
        for row in (rows(warehouse, SIGNALS_SQL) if has_marts else [])
    }
    findings = rows(warehouse, FINDINGS_SQL) if has_marts else []
    [grey] = rows(warehouse, GREY_SQL) if has_marts else [{}]
    return DataReport(
        company=warehouse.settings.company,
        written_at=datetime.now(UTC),
        as_of_date=grey.get("as_of_date"),
        accounts=grey.get("accounts", 0),
        accounts_without_score=grey.get("accounts_without_score", 0),
        balances=tuple(balance(row, newest.get(row["table_name"])) for row in loads),
        quarantined=tuple(
            quarantine_finding(row, signals.get(row["table_name"], 0))
            for row in rows(warehouse, QUARANTINE_SQL)
        ),
        corrected=tuple(correction_finding(row) for row in rows(warehouse, CORRECTIONS_SQL)),
        read_otherwise=tuple(contradiction(row) for row in findings if row["is_correction"]),
        contradictions=tuple(contradiction(row) for row in findings if not row["is_correction"]),
        outages=tuple(
            row["sentence"] for row in (rows(warehouse, OUTAGES_SQL) if has_marts else [])
        ),
        missing=tuple(
            missing_source(row) for row in (rows(warehouse, COVERAGE_SQL) if has_marts else [])
        ),
    )


def balance(row: dict[str, Any], newest: date | None) -> TableBalance:
    """One row of the load audit, with the newest day that the table knows of."""
    return TableBalance(
        system=row["system"],
        table=row["table_name"],
        rows_in=row["rows_in"],
        rows_loaded=row["rows_loaded"],
        rows_quarantined=row["rows_quarantined"],
        rows_duplicate=row["rows_duplicate"],
        cells_corrected=row["cells_corrected"],
        newest=newest,
        loaded_at=row["loaded_at"],
        problems=tuple(row["problems"] or ()),
    )


def quarantine_finding(row: dict[str, Any], signals: int) -> Finding:
    """The rows of a table that one rule keeps back."""
    reads = f" {signals} signals read this table." if signals else ""
    return Finding(
        table=row["table_name"],
        rows=row["rows_found"],
        what=f"rows break {row['rule']}",
        example=f"{place(row)}: {row['message']} · {row['row_data']}",
        cost=f"The rows count nowhere.{reads}",
        first_step=FIRST_STEPS.get(row["rule"].split("(")[0], EXPORT_AGAIN),
    )


def correction_finding(row: dict[str, Any]) -> Finding:
    """The cells of a column that could not be used."""
    return Finding(
        table=row["table_name"],
        rows=row["rows_found"],
        what=f"cells of {row['column_name']} could not be used",
        example=f"{place(row)}: {row['message']}",
        cost="The cells count as unknown; their rows are loaded.",
        first_step="Correct the cells in the source, or map the column to what it holds.",
    )


def contradiction(row: dict[str, Any]) -> Finding:
    """Rows that no rule refuses and that cannot all be meant so; the sentence says the cost."""
    return Finding(
        table=row["table_name"],
        rows=row["rows_affected"],
        what=row["sentence"],
        example=row["example"] or "",
        cost="",
        first_step=row["first_step"] or "",
    )


def missing_source(row: dict[str, Any]) -> str:
    """What a source that is not delivered, or not whole, would add."""
    what = f"{row['missing_tables']} of {row['source']}" if row["is_connected"] else row["source"]
    return f"{what}: {row['missing_signals']} signals need it"


def place(row: dict[str, Any]) -> str:
    """File and row, as messages name them."""
    return f"{row['file']} row {row['row_number']}" if row["row_number"] else row["file"]


def newest_dates(warehouse: Warehouse, contract: Contract) -> dict[str, date]:
    """The newest day of each table whose rows must say when they happened."""
    found = {}
    for table in contract.tables:
        required = {
            rule.columns[0] for rule in table.rules if rule.kind in ("plausible_time", "not_null")
        }
        times = [column.name for column in table.columns if column.is_time]
        dated = next((name for name in times if name in required), None)
        if dated and exists(warehouse, table.full_name):
            sql = (
                f'select max("{dated}")::date as newest from {table.full_name} '
                "where _superseded_at is null"
            )
            found[table.full_name] = rows(warehouse, sql)[0]["newest"]
    return {table: newest for table, newest in found.items() if newest is not None}


def exists(warehouse: Warehouse, relation: str) -> bool:
    """Whether a table or view of this name is there."""
    return rows(warehouse, f"select to_regclass('{relation}') is not null as found")[0]["found"]


def rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    """The rows of a query, each by column name; null is None."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

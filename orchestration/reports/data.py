"""The report on the data, read from the marts, or from the load audit while there are none."""

from __future__ import annotations

import json
from dataclasses import replace

from dashboards.data_report import QUERIES, DataReport, Finding, assemble
from orchestration.status import relation_exists
from orchestration.words import records
from sources import load_contract
from sources.events import EVENTS
from warehouse import Warehouse
from warehouse.personal import impersonal, shape

# A run that was broken off may have built some of them.
MARTS = (
    "marts.data_balances",
    "marts.failed_checks",
    "marts.quarantine_summary",
    "marts.correction_summary",
    "marts.data_findings",
    "marts.source_outages",
    "marts.source_coverage",
    "marts.dim_signals",
    "marts.customer_health",
)
# What the marts of the load audit are made from. How far facts reach is known by models alone.
AUDIT = {
    "marts.data_balances": "(select *, null::date as newest_fact_date from tenure.table_balances)"
    " as data_balances",
    "marts.failed_checks": "tenure.failed_checks",
    "marts.quarantine_summary": "quarantine.rejection_summary",
    "marts.correction_summary": "quarantine.correction_summary",
}
# A row as it was delivered may hold personal data: it stays out of the marts.
EXAMPLE_ROWS_SQL = """
select rejection_id, row_data::text as row_data
from quarantine.rejected_rows
where rejection_id = any(%(examples)s)
"""


class NothingLoaded(RuntimeError):
    """There is no delivery to report on."""


def read_report(warehouse: Warehouse) -> DataReport:
    """The report on all that is loaded. Raises NothingLoaded before the first load.

    What the models say (contradictions, coverage) is left out before the first run.
    """
    if all(relation_exists(warehouse, mart) for mart in MARTS):
        asked = QUERIES
    else:
        audited = {name: of_audit(sql) for name, sql in QUERIES.items()}
        asked = {name: sql for name, sql in audited.items() if "marts." not in sql}
    read = {name: records(warehouse, sql) for name, sql in asked.items()}
    report = assemble({name: read.get(name, []) for name in QUERIES})
    if not report.balances:
        raise NothingLoaded("Nothing is loaded yet: tenure run")
    examples = [row["example_rejection_id"] for row in read["quarantined"]]
    found = records(warehouse, EXAMPLE_ROWS_SQL, {"examples": examples}) if examples else []
    # A load that runs beside may have taken one away since.
    rows = {row["rejection_id"]: row["row_data"] for row in found}
    return replace(
        report,
        quarantined=tuple(
            _with_row(finding, rows[example]) if example in rows else finding
            for finding, example in zip(report.quarantined, examples, strict=True)
        ),
    )


def _with_row(finding: Finding, row_data: str) -> Finding:
    return replace(finding, example=f"{finding.example} · {shown_row(finding.table, row_data)}")


def shown_row(full_name: str, row_data: str) -> str:
    """A quarantined row as a page may quote it: the contract's own columns that are not personal as
    they were delivered, the shape of all others, among them the line of a broken file."""
    tables = {table.full_name: table for table in (*load_contract().tables, EVENTS)}
    table = tables.get(full_name)
    known = {column.name for column in table.columns if not column.is_personal} if table else set()
    row = {
        name: value if name in known else shape(str(value))
        for name, value in json.loads(row_data).items()
    }
    return impersonal(json.dumps(row, ensure_ascii=False))


def of_audit(sql: str) -> str:
    """A query with the load audit in the place of the marts that are made from it."""
    for mart, relation in AUDIT.items():
        sql = sql.replace(mart, relation)
    return sql

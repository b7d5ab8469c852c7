"""The load audit: what was loaded, rejected and checked."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.ingestion import RAW_KEYS
from orchestration.lib.catalog import read_tables
from orchestration.lib.previews import quarantine_preview
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss

REJECTED_ROWS = ("quarantine", "rejected_rows")
AUDIT = {
    ("tenure", "loads"): "One row per system and table: rows in, loaded, quarantined, duplicate.",
    ("tenure", "table_balances"): "One row per system and table: the same, with corrected cells.",
    ("tenure", "checks"): "One row per checked table: the newest result of Great Expectations.",
    ("tenure", "failed_checks"): "One row per table whose check failed, with what it holds back.",
    ("tenure", "repairs"): "One row per system, table and rule that put rows right.",
    REJECTED_ROWS: "One row per rejected row: file, row number, rule, content.",
    ("quarantine", "rejection_summary"): "One row per system, table and rule, with an example.",
    ("quarantine", "correction_summary"): "One row per system, table and column, with an example.",
}
# No raw value: what customers' people are called must not reach Dagster's event log.
QUARANTINE_SQL = """
select source || '.' || table_name as of_table, rule, count(*) as row_count,
    count(distinct file) as file_count
from quarantine.rejected_rows
group by 1, 2
order by 1, 2
"""


@dg.multi_asset(
    name="record_load_audit",
    specs=[
        dg.AssetSpec(
            list(key),
            deps=RAW_KEYS,
            description=description,
            group_name="operations",
            owners=["team:data"],
            kinds={"postgres"},
        )
        for key, description in AUDIT.items()
    ],
)
def record_load_audit(companies: CompanyWarehouse) -> Iterator[dg.MaterializeResult]:
    """Ingestion and checks write these tables as they go; here their size is put on record."""
    with retried_on_connection_loss(), companies.open() as warehouse:
        tables = read_tables(warehouse)
        preview = quarantine_preview(warehouse.read(QUARANTINE_SQL))
    for key in AUDIT:
        metadata = tables["/".join(key)].metadata()
        if key == REJECTED_ROWS:
            metadata["quarantine"] = dg.MetadataValue.md(preview)
        yield dg.MaterializeResult(asset_key=list(key), metadata=metadata)

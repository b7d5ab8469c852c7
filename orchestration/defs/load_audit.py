"""The load audit: what was loaded, rejected and checked, once all of it has passed."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.ingestion import RAW_KEYS
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss

AUDIT = {
    ("tenure", "loads"): "One row per system and table: rows in, loaded, quarantined, duplicate.",
    ("tenure", "checks"): "One row per checked table: the newest result of Great Expectations.",
    ("tenure", "repairs"): "One row per system, table and rule that put rows right.",
    ("quarantine", "rejected_rows"): "One row per rejected row: file, row number, rule, content.",
}
COUNTS_SQL = """
select
    (select count(*) from tenure.loads) as loads,
    (select count(*) from tenure.checks) as checks,
    (select count(*) from tenure.repairs) as repairs,
    (select count(*) from quarantine.rejected_rows) as rejected_rows
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
        counts = warehouse.read(COUNTS_SQL).iloc[0]
    for key in AUDIT:
        yield dg.MaterializeResult(
            asset_key=list(key), metadata={"dagster/row_count": int(counts[key[-1]])}
        )

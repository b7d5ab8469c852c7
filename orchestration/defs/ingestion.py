"""Raw tables: one multi-asset per raw source, each table checked against the contract."""

from collections.abc import Iterator

import dagster as dg

from orchestration.lib.company import CompanySources, load_sources
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import Run, RunRequest, current_run
from sources import (
    Contract,
    Source,
    Table,
    TableLoad,
    find_mappings,
    ingest,
    load_contract,
    reconcile_quarantine,
)
from warehouse import Warehouse
from warehouse.plain_text import log_line


def upstream_tables(contract: Contract, source: Source, table_name: str) -> list[dg.AssetKey]:
    """Tables of other sources whose keys this table's rows must match."""
    table = source.table(table_name)
    return [
        dg.AssetKey([parent.source, parent.table])
        for parent in table.parents
        if parent.source != source.name
    ]


def column_schema(table: Table) -> dg.TableSchema:
    """A raw table's columns as the contract states them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column.name, column.data_type, description=column.description or None)
            for column in table.columns
        ]
    )


def required_sources(warehouse: Warehouse, companies: CompanyWarehouse) -> CompanySources:
    """What the company is fed from; raises dagster.Failure when nobody has said it yet."""
    company_sources = load_sources(warehouse, companies.settings)
    if company_sources is None:
        raise dg.Failure(
            f"It is not known where the data of {companies.settings.company!r} comes from. "
            "Run once: tenure run --source SYSTEM --data FOLDER"
        )
    return company_sources


def load_source(
    warehouse: Warehouse,
    companies: CompanyWarehouse,
    contract: Contract,
    source: Source,
    run: Run,
) -> list[TableLoad]:
    """Load one raw source from every system, then reconcile its quarantine.

    Its parents are loaded by now, from every system, so each table is reconciled once per run.
    """
    fed = required_sources(warehouse, companies)
    loads = [
        load
        for system, folder in fed.folders.items()
        for load in ingest(
            warehouse,
            companies.settings,
            contract,
            system,
            folder,
            [source.name],
            find_mappings(system, fed.mapping_folders(companies.settings, system)),
            run.known_as_of,
        )
    ]
    reconcile_quarantine(warehouse, contract, [source.name], run.known_as_of)
    return loads


def build_ingestion(contract: Contract, source: Source) -> dg.AssetsDefinition:
    """The multi-asset that fills every table of one raw source from every configured system."""

    @dg.multi_asset(
        name=f"ingest_{source.name}",
        specs=[
            dg.AssetSpec(
                key=[source.name, table.name],
                deps=upstream_tables(contract, source, table.name),
                description=table.description,
                group_name="raw",
                owners=["team:data"],
                kinds={"python", "duckdb", "postgres"},
                metadata={"dagster/column_schema": column_schema(table)},
            )
            for table in source.tables
        ],
    )
    def ingestion(
        context: dg.AssetExecutionContext, companies: CompanyWarehouse, request: RunRequest
    ) -> Iterator[dg.MaterializeResult]:
        with retried_on_connection_loss(), companies.open() as warehouse:
            run = current_run(warehouse, context, request)
            loads = (
                []
                # what was known then is not changed by what is delivered now
                if run.is_known_as_of_given
                else load_source(warehouse, companies, contract, source, run)
            )
        for problem in (problem for load in loads for problem in load.problems):
            context.log.warning(log_line(problem))
        for table in source.tables:
            of_table = [load for load in loads if load.table == table.name]
            yield dg.MaterializeResult(
                asset_key=[source.name, table.name],
                metadata={
                    "dagster/row_count": sum(load.rows_loaded for load in of_table),
                    "unchanged": bool(of_table)
                    and all(load.status in ("unchanged", "absent") for load in of_table),
                    "rows_in": sum(load.rows_in for load in of_table),
                    "rows_quarantined": sum(load.rows_quarantined for load in of_table),
                    "rows_duplicate": sum(load.rows_duplicate for load in of_table),
                    "problems": [
                        log_line(problem) for load in of_table for problem in load.problems
                    ],
                },
            )

    return ingestion


contract = load_contract()
ingestion_assets = [build_ingestion(contract, source) for source in contract.sources]
RAW_KEYS = [
    dg.AssetKey([source.name, table.name]) for source in contract.sources for table in source.tables
]

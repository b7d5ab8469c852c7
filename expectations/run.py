"""A suite run by Great Expectations over one schema's tables.

Great Expectations is imported on the first run, not with this module: it takes 3.5 to 5 s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from expectations.facts import FEW_ROWS, TableFacts, claim_values, read_facts
from expectations.suites import (
    OWN_SUITE,
    Claim,
    Suite,
    SuiteError,
    TableClaims,
    bound,
    load_suite,
)
from expectations.verdicts import NOT_DELIVERED, TableCheck, failure_in_words
from warehouse import Warehouse
from warehouse.environment import silence_telemetry
from warehouse.urls import sqlalchemy_url

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.datasource.fluent.postgres_datasource import PostgresDatasource
    from sqlalchemy import Engine


def run_suite(
    warehouse: Warehouse,
    suite_name: str,
    tables: Sequence[str] | None = None,
    now: datetime | None = None,
) -> list[TableCheck]:
    """The verdicts on the suite's tables (or on those named), in the suite's order.

    A table that was never delivered passes with a note. `now` is what "by now" is measured from.
    Nothing is written: see `record_checks`. Raises SuiteError for an unknown suite or table.
    """
    suite = load_suite(suite_name)
    chosen = suite.tables if tables is None else tuple(suite.table(name) for name in tables)
    facts = read_facts(warehouse, suite, chosen)
    if not any(facts[table.name].is_applicable for table in chosen):
        return [_not_delivered(suite, table) for table in chosen]
    with _data_source(warehouse, {fact.rows for fact in facts.values() if fact.rows}) as source:
        return [
            _check_table(source, suite, table, facts[table.name], now)
            if facts[table.name].is_applicable
            else _not_delivered(suite, table)
            for table in chosen
        ]


def _not_delivered(suite: Suite, table: TableClaims) -> TableCheck:
    return TableCheck(suite.name, table.name, 0, 0, note=NOT_DELIVERED)


@contextmanager
def _data_source(warehouse: Warehouse, queries: Collection[str]) -> Iterator[PostgresDatasource]:
    silence_telemetry()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    url = sqlalchemy_url(warehouse.settings, warehouse.role)
    source = context.data_sources.add_postgres(
        "warehouse", connection_string=url, create_temp_table=False
    )
    # one that tests the connection, one that sends the queries
    engines = (source.get_engine(), source.get_execution_engine().engine)
    _fetch_one_row_of(queries, engines[1])
    try:
        yield source
    finally:
        # Connections left open would outlive the check and hold the database.
        for engine in engines:
            engine.dispose()


def _fetch_one_row_of(queries: Collection[str], engine: Engine) -> None:
    """Learn the columns of a query from its first row alone.

    To learn them GX 1.24 sends a query as it is, and takes all of its rows: of 14 million 43 s.
    """

    def first_row_alone(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        query = statement.strip()
        return (f"{query} limit 1" if query in queries else statement), parameters

    event.listen(engine, "before_cursor_execute", first_row_alone, retval=True)


def _check_table(
    source: PostgresDatasource,
    suite: Suite,
    table: TableClaims,
    facts: TableFacts,
    now: datetime | None,
) -> TableCheck:
    values = claim_values(suite, table, facts, now)
    claims = [bound(claim, values) for claim in table.claims]
    batch = _batch(source, suite, table, facts)
    failures = [
        failure_in_words(suite.name, table.name, claim, result.result, _exceptions(result))
        for claim, result in _failed(batch, suite, claims)
    ]
    return TableCheck(suite.name, table.name, len(claims), facts.row_count, failures)


def _batch(
    source: PostgresDatasource, suite: Suite, table: TableClaims, facts: TableFacts
) -> Batch:
    name = f"{suite.name}.{table.name}"
    if facts.rows is not None:
        rows = source.add_query_asset(name, query=facts.rows)
    else:
        # GX 1.24 calls schema_name deprecated, but its PostgreSQL source has no other place for it.
        rows = source.add_table_asset(name, table_name=table.name, schema_name=suite.name)
    return rows.add_batch_definition_whole_table("all").get_batch()


def _failed(
    batch: Batch, suite: Suite, claims: list[Claim]
) -> Iterator[tuple[Claim, ExpectationValidationResult]]:
    """The claims that do not hold.

    First all of them for a plain yes or no, which takes one pass over the table, then only those
    that failed for what was found: with examples for all of them each costs a pass of its own.
    """
    import great_expectations as gx

    expectations = [_expectation(claim, position) for position, claim in enumerate(claims)]
    verdict = batch.validate(
        gx.ExpectationSuite(name=suite.name, expectations=expectations),
        result_format="BOOLEAN_ONLY",
    )
    # Results come in an order of their own.
    positions = sorted(
        result.expectation_config.meta["position"]
        for result in verdict.results
        if not result.success and result.expectation_config is not None
    )
    for position in positions:
        in_detail = batch.validate(
            _expectation(claims[position], position),
            result_format="COMPLETE" if _lists_rows(claims[position]) else "SUMMARY",
        )
        # What a row of a delivery has wrong was set right or kept back; nothing does so for ours.
        is_passed_over = suite.name != OWN_SUITE and _is_about_few(in_detail)
        if not _is_about_nothing(in_detail) and not is_passed_over:
            yield claims[position], in_detail


def _expectation(claim: Claim, position: int) -> Any:
    import great_expectations.expectations as gxe

    known = getattr(gxe, claim.expect, None)
    if known is None:
        raise SuiteError(f"{claim.sentence!r}: Great Expectations has no {claim.expect}")
    return known(**claim.arguments, meta={"position": position})


def _lists_rows(claim: Claim) -> bool:
    return claim.expect == "UnexpectedRowsExpectation"


def _exceptions(result: ExpectationValidationResult) -> list[str]:
    """Messages of what was raised while the claim was checked.

    Great Expectations gives one record, or one per metric that it could not compute.
    """
    info = result.exception_info or {}
    records = [info] if "raised_exception" in info else list(info.values())
    return [
        str(record["exception_message"]).strip()
        for record in records
        if isinstance(record, dict) and record.get("raised_exception")
    ]


def _is_about_few(result: ExpectationValidationResult) -> bool:
    """Whether only a few rows break it: see `FEW_ROWS`."""
    found = result.result or {}
    count = found.get("unexpected_count")
    if count is None or _exceptions(result):
        return False
    return count <= max(1, min(FEW_ROWS, found.get("element_count", 0) / 2))


def _is_about_nothing(result: ExpectationValidationResult) -> bool:
    """Whether no value is known: the largest of none breaks no limit. Unknown is not wrong."""
    found = result.result or {}
    return "observed_value" in found and found["observed_value"] is None and not _exceptions(result)

"""The verdict on a table, in words and in the warehouse."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from expectations.suites import OWN_SUITE, Claim
from warehouse import Warehouse
from warehouse.personal import impersonal, shape

NOT_DELIVERED = "Not delivered: there is nothing to check."
EXAMPLES = 3
# Those that the contract calls personal (`is_personal`); a test holds the two together.
PERSONAL_COLUMNS = frozenset(
    {"assignee", "author", "body", "cancel_reason", "comment", "csm_name", "email", "full_name"}
    | {"notes", "reason", "subject"}
)
ACCEPT_CHECKS = "TENURE_ACCEPT_CHECKS"
EVERY_TABLE = "all"
ML_CONSEQUENCE = "It holds back customer_health and what else waits for predictions."


def is_accepted(suite: str, table: str) -> bool:
    """Whether TENURE_ACCEPT_CHECKS names the table (`schema.table`, or `all`): what is built on it
    goes on though a claim does not hold."""
    named = {name.strip() for name in os.environ.get(ACCEPT_CHECKS, "").split(",")}
    return not named.isdisjoint({EVERY_TABLE, f"{suite}.{table}"})


SAVE_CHECK = """
insert into tenure.checks (
    suite, table_name, is_passed, expectation_count, failed_count, failures, accepted_row_count,
    checked_at, evaluated_signature, note, consequence
)
values (
    %(suite)s, %(table_name)s, %(is_passed)s, %(expectation_count)s, %(failed_count)s,
    %(failures)s, %(accepted_row_count)s, now(), %(signature)s, %(note)s,
    %(consequence)s
)
on conflict (suite, table_name) do update set
    is_passed = excluded.is_passed,
    expectation_count = excluded.expectation_count,
    failed_count = excluded.failed_count,
    failures = excluded.failures,
    -- A failed check says nothing about the right size: the last good one stays.
    accepted_row_count = coalesce(excluded.accepted_row_count, checks.accepted_row_count),
    checked_at = excluded.checked_at,
    evaluated_signature = excluded.evaluated_signature,
    note = excluded.note,
    consequence = excluded.consequence
"""

# A failed check is made again: what it found may be accepted by now, or corrected beside the files.
PASSED = """
select table_name, expectation_count, coalesce(accepted_row_count, 0) as row_count, note
from tenure.checks
where suite = %(suite)s and is_passed
    and evaluated_signature = %(signatures)s::jsonb ->> table_name
"""


@dataclass(frozen=True)
class TableCheck:
    """What came of one table's expectations.

    `failures` has a sentence for each that failed: what was claimed, what was found, why it
    matters, what to do first. `note` says why nothing was checked, where that is so.
    """

    suite: str
    table_name: str
    expectation_count: int
    row_count: int
    failures: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def failed_count(self) -> int:
        return len(self.failures)

    @property
    def is_passed(self) -> bool:
        return not self.failures


def passed_checks(
    warehouse: Warehouse, suite: str, signatures: Mapping[str, str]
) -> dict[str, TableCheck]:
    """The results that still stand, by table: passed on what the signature says is there now."""
    params = {"suite": suite, "signatures": json.dumps(dict(signatures))}
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(PASSED, params)
        rows = cursor.fetchall()
    return {
        table: TableCheck(suite, table, expectations, row_count, note=note)
        for table, expectations, row_count, note in rows
    }


def consequence(check: TableCheck) -> str | None:
    """What a failed check holds back, where that is known before a build says it."""
    if check.is_passed:
        return None
    if is_accepted(check.suite, check.table_name):
        return "It holds nothing back: it was accepted."
    return ML_CONSEQUENCE if check.suite == OWN_SUITE else None


def record_checks(
    warehouse: Warehouse,
    checks: Iterable[TableCheck],
    signatures: Mapping[str, str] | None = None,
) -> None:
    """Keep the results in tenure.checks, one row per table, in one transaction.

    `signatures` say by table what was judged; see `passed_checks`.
    """
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for check in checks:
            cursor.execute(
                SAVE_CHECK,
                {
                    "suite": check.suite,
                    "table_name": check.table_name,
                    "is_passed": check.is_passed,
                    "expectation_count": check.expectation_count,
                    "failed_count": check.failed_count,
                    "failures": json.dumps(check.failures),
                    "accepted_row_count": check.row_count if check.is_passed else None,
                    "signature": (signatures or {}).get(check.table_name),
                    "note": check.note,
                    "consequence": consequence(check),
                },
            )


def failure_in_words(
    suite: str,
    table: str,
    claim: Claim,
    result: Mapping[str, Any],
    exceptions: Iterable[str] = (),
) -> str:
    """One failed claim, for a person: where, what was claimed, what was found, why, what now."""
    messages = list(dict.fromkeys(exceptions))
    found = f"could not be checked: {impersonal('; '.join(messages))}"
    if not messages:
        found = observed(_shareable(claim, result))
    claimed = claim.sentence.removesuffix(".")
    return (
        f"{suite}.{table}: not so: {claimed}; {found}. {claim.why} First step: {claim.first_step} "
        f"To go on with the table as it is, run with {ACCEPT_CHECKS}={suite}.{table}."
    )


def _shareable(claim: Claim, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was found, without what may go into no log: values of people."""
    if claim.arguments.get("column") not in PERSONAL_COLUMNS:
        return result
    return {name: value for name, value in result.items() if name != "partial_unexpected_list"}


def observed(result: Mapping[str, Any]) -> str:
    """What Great Expectations found, in words."""
    rows = result.get("details", {}).get("unexpected_rows")
    if rows:
        shown = "; ".join(_row_in_words(row) for row in rows[:EXAMPLES])
        return f"found {shown}{_and_more(len(rows))}"
    if "unexpected_count" in result:
        examples = result.get("partial_unexpected_list", [])
        shown = ", ".join(dict.fromkeys(_value_in_words(value) for value in examples))
        shown = ", ".join(shown.split(", ")[:EXAMPLES])
        count, rows = result["unexpected_count"], result["element_count"]
        share = f"{count:,} of {rows:,} rows ({count / max(rows, 1):.0%}) break it"
        return f"{share}, such as {shown}" if shown else share
    return f"found {_value_in_words(result.get('observed_value'))}"


def _and_more(count: int) -> str:
    return f" and {count - EXAMPLES} more" if count > EXAMPLES else ""


def _row_in_words(row: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {shape(str(value)) if name in PERSONAL_COLUMNS else _value_in_words(value)}"
        for name, value in row.items()
    )


def _value_in_words(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float) and not (math.isnan(value) or math.isinf(value)):
        return f"{value:,.10g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return impersonal(str(value))

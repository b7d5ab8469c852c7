"""Each claim of each suite is broken once, and its check must fail: one that cannot is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from expectations import Claim, load_suites, run_suite
from warehouse import Warehouse

# How to break what is claimed by a query of its own. `{table}` is the table under test.
OF_QUERIES = {
    "At most a fifth of the delivered rows is in quarantine.": (
        "update tenure.loads set rows_in = 100, rows_quarantined = 40"
    ),
    "At most a fifth of the values of each column could not be used.": (
        "insert into quarantine.corrected_cells select 'test', source, table_name, 'f', 1, 'x', "
        "'type(x)', 'x', 'x', now() from tenure.loads cross join generate_series(1, 100)"
    ),
    "The rows are spread over more than one account.": "update {table} set account_id = 'a'",
    "What is won or lost was decided by now.": (
        "update {table} set closed_at = now() + interval '1 year'"
    ),
    "At least a quarter of the accounts has a subscription.": (
        "update {table} set account_id = 'account_id ' || length(product) % 2"
    ),
    "Not every attempt to pay failed.": "update {table} set outcome = 'failed'",
    "Where core features are marked at all, some feature is core.": (
        "update {table} set is_core = false"
    ),
    "The users of a week are among the users of four weeks.": (
        "update {table} set active_users_28d = 0"
    ),
    "At most twenty thousand features are used.": (
        "insert into {table} select (jsonb_populate_record(one, jsonb_build_object("
        "'feature', 'f' || n))).* from (select t as one from {table} as t limit 1) as chosen "
        "cross join generate_series(1, 20001) as n"
    ),
    "Features have no more events than their accounts.": "update {table} set events = 1000",
    "Nobody was seen last before being seen first.": (
        "update {table} set last_seen_at = first_seen_at - interval '1 day'"
    ),
    "Not every ticket is urgent.": "update {table} set priority = 'urgent'",
    "Answers lie on their own scale.": "update {table} set score = 100",
    "Not all customers answered the same.": "update {table} set survey_type = 'nps', score = 7",
    "What was attended or missed lies in the past.": (
        "update {table} set outcome = 'completed', scheduled_at = now() + interval '1 month'"
    ),
    "Not everybody stayed away.": "update {table} set outcome = 'no_show'",
    "Hardly any goal was exceeded a hundredfold.": "update {table} set achieved_cents = 1000000",
    "A dollar is worth a dollar.": "update {table} set usd_per_unit = 1.1",
    "Hardly any rate is ten times, or a tenth of, the one before it.": (
        "update {table} set currency = 'JPY', usd_per_unit = 0.0067;"
        "update {table} set usd_per_unit = 99 where extract(day from rate_date)::int % 4 = 0"
    ),
    "Each open account has a prediction.": (
        "delete from {table} where account_id = 'account_id 1'"
    ),
    "No prediction is about an account that is closed or unknown.": (
        "update marts.account_snapshots set is_open = false where account_id = 'account_id 1'"
    ),
    "Predictions are as of the newest snapshot.": (
        "update marts.account_snapshots set snapshot_date = snapshot_date + 1"
    ),
    "The mean probability is near the share of events that the model learnt from.": (
        "update {table} set probability = 0.9 - probability"
    ),
    "A model that passes its quality gate does not say the same of every account.": (
        "update {table} set probability = 0.1"
    ),
    "Every prediction comes from the champion.": (
        "update {table} set model_version = '0' where account_id = 'account_id 1'"
    ),
    "At least half of the predictions name what drives them.": "update {table} set drivers = '[]'",
}
EARLIER_SIZE = (
    "insert into tenure.checks values ('{suite}', '{name}', true, 1, 0, '[]', 1000, now())"
)
TOO_FAR = {
    "long_ago": "timestamptz '1900-01-01'",
    "earliest": "timestamptz '1970-01-01'",
    "soon": "now() + interval '5 days'",
    "in_a_year": "now() + interval '3 years'",
    "in_two_years": "now() + interval '4 years'",
    "in_five_years": "now() + interval '6 years'",
    "in_twenty_years": "now() + interval '30 years'",
}


@dataclass(frozen=True)
class Break:
    """One way to break one claim."""

    suite: str
    table: str
    claim: Claim
    sql: str
    kind: str

    def __str__(self) -> str:
        return f"{self.suite}.{self.table}: {self.claim.sentence} ({self.kind})"


def beyond(limit: object, step: int) -> str:
    """A value past the limit, as SQL."""
    if isinstance(limit, str):
        return TOO_FAR[limit.strip("${}")]
    return f"{limit} + {step}"


def update(assignment: str) -> str:
    return f"update {{table}} set {assignment}"


def grow(rows: object) -> str:
    """More than so many rows more, all alike."""
    return f"insert into {{table}} select one.* from {{one_row}}, generate_series(0, {rows})"


# Per expectation with a lower end (`low`) or an upper end (`high`): a word, and the statement.
BELOW: dict[str, Callable[[str, Any], tuple[str, str]]] = {
    "ExpectTableRowCountToBeBetween": lambda _, low: (
        ("emptied", "delete from {table}") if low == 1 else ("shrunk", EARLIER_SIZE)
    ),
    "ExpectColumnValuesToBeBetween": lambda column, low: (
        "too low",
        update(f"{column} = {beyond(low, -1)}"),
    ),
    "ExpectColumnMaxToBeBetween": lambda column, low: ("too low", update(f"{column} = {low} - 1")),
    "ExpectColumnUniqueValueCountToBeBetween": lambda column, _: (
        "unknown",
        update(f"{column} = null"),
    ),
    "ExpectColumnProportionOfUniqueValuesToBeBetween": lambda column, _: (
        "all the same",
        update(f"{column} = 'one'"),
    ),
}
ABOVE: dict[str, Callable[[str, Any], tuple[str, str]]] = {
    "ExpectTableRowCountToBeBetween": lambda _, high: ("grown", grow(high)),
    "ExpectColumnValuesToBeBetween": lambda column, high: (
        "too high",
        update(f"{column} = {beyond(high, 1)}"),
    ),
    "ExpectColumnMaxToBeBetween": lambda column, high: (
        "too high",
        update(f"{column} = {high} + 1"),
    ),
    "ExpectColumnUniqueValueCountToBeBetween": lambda column, high: (
        "too many",
        f"{grow(high)};{update(f'{column} = ctid::text')}",
    ),
}
# Expectations without ends.
OTHERWISE: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "ExpectColumnValuesToNotBeNull": lambda of: ("unknown", update(f"{of['column']} = null")),
    "ExpectColumnValueLengthsToEqual": lambda of: ("long", update(f"{of['column']} = 'Peru'")),
    "ExpectColumnValuesToMatchRegex": lambda of: ("other", update(f"{of['column']} = 'Peru'")),
    "ExpectColumnPairValuesAToBeGreaterThanB": lambda of: (
        "equal",
        update(f"{of['column_A']} = {of['column_B']}"),
    ),
}


def ways_to_break(claim: Claim) -> list[tuple[str, str]]:
    """Statements after which the claim does not hold, each with a word for it.

    An expectation or a query that nobody knows how to break is a KeyError, not a gap.
    """
    if claim.expect == "UnexpectedRowsExpectation":
        return [("rows", OF_QUERIES[claim.sentence])]
    of = claim.arguments
    ends = [
        ways[claim.expect](of.get("column", ""), of[end])
        for end, ways in (("min_value", BELOW), ("max_value", ABOVE))
        if end in of
    ]
    return ends or [OTHERWISE[claim.expect](of)]


BREAKS = [
    Break(suite.name, table.name, claim, sql, kind)
    for suite in load_suites().values()
    for table in suite.tables
    for claim in table.claims
    for kind, sql in ways_to_break(claim)
]


@pytest.mark.parametrize("suite", load_suites())
def test_every_claim_holds_in_a_healthy_company(healthy: Warehouse, suite: str) -> None:
    """Otherwise the breaks below would prove nothing."""
    checks = run_suite(healthy, suite)
    assert [failure for check in checks for failure in check.failures] == []
    assert all(check.expectation_count > 0 for check in checks)


@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_a_broken_claim_fails(
    healthy: Warehouse, restore: Callable[..., None], broken: Break
) -> None:
    name = f"{broken.suite}.{broken.table}"
    restore(name)
    one_row = f'(select * from pristine."{name}" limit 1) as one'
    healthy.execute(
        broken.sql.format(table=name, suite=broken.suite, name=broken.table, one_row=one_row)
    )

    [check] = run_suite(healthy, broken.suite, [broken.table])

    assert not check.is_passed
    told = [failure for failure in check.failures if broken.claim.sentence[:-1] in failure]
    assert len(told) == 1, check.failures
    assert "could not be checked" not in told[0]
    assert told[0].startswith(f"{name}: not so: ")
    assert "First step: " in told[0]

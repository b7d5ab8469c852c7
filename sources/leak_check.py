"""The leak check of a whole company: every column that the contract does not know, examined.

What the contract knows has been thought about. What it does not know lands in `attributes`, as it
is today and without a history, and that is the usual way for a leak to come in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from sources.contract import Contract, Table
from sources.landing import literal
from sources.leaks import Evidence, LeakPolicy, strongest_evidence
from warehouse import Warehouse

# Churn as in the marts: on that day no subscription covers the account, or the renewal of
# the whole of it was lost and nothing was signed since.
ENDED_SQL = """
with covered as (
    select
        account_id,
        bool_or(ended_at is null or ended_at::date > %(day)s) as is_covered,
        max(started_at::date) as last_started
    from billing.subscriptions
    where _superseded_at is null
        and started_at::date <= %(day)s and (ended_at is null or ended_at::date > started_at::date)
    group by account_id
),

lost as (
    select
        account_id,
        max(closed_at::date) as last_lost
    from crm.opportunities
    where _superseded_at is null and opportunity_type = 'renewal' and not is_won and product is null
        and closed_at::date <= %(day)s
    group by account_id
)

select
    covered.account_id,
    not covered.is_covered or coalesce(lost.last_lost > covered.last_started, false) as has_ended
from covered
left join lost on covered.account_id = lost.account_id
order by covered.account_id
"""

COLUMNS = [
    "system",
    "source",
    "table_name",
    "column_name",
    "auc",
    "how",
    "accounts",
    "ended_accounts",
    "message",
]


@dataclass(frozen=True)
class Place:
    """A column that the contract does not know."""

    system: str
    table: Table
    column: str


@dataclass(frozen=True)
class LeakCheck:
    """What was found: a row of tenure.suspected_leaks per suspect, and how much was examined.

    `examined_columns` is None where what an earlier run found still stands.
    """

    suspects: pd.DataFrame
    examined_columns: int | None

    @property
    def messages(self) -> list[str]:
        """A sentence per suspect, for people."""
        return [str(message) for message in self.suspects["message"]]


def check_leaks(
    warehouse: Warehouse, contract: Contract, policy: LeakPolicy, as_of_date: date
) -> LeakCheck:
    """Judge every unknown column, and put the suspects in the place of those found before.

    `as_of_date` is the day up to which contracts are known: an export of events may go further,
    and all who had not renewed yet would pass for lost.
    """
    outcomes = warehouse.read(ENDED_SQL, {"day": as_of_date})
    ended = outcomes.set_index("account_id")["has_ended"].astype(bool)
    suspects, examined = [], 0
    for place in unknown_columns(warehouse, contract):
        examined += 1
        rows = column_rows(warehouse, place)
        evidence = strongest_evidence(rows, ended, policy.minimum_ended_accounts)
        if evidence and evidence.auc >= policy.single_feature_auc_limit:
            suspects.append(_suspect(place, evidence, policy))
    table = pd.DataFrame(suspects, columns=COLUMNS)
    warehouse.replace_table("tenure.suspected_leaks", table)
    return LeakCheck(table, examined)


def found_leaks(warehouse: Warehouse) -> LeakCheck:
    """What the newest examination found."""
    columns = ", ".join(COLUMNS)
    return LeakCheck(warehouse.read(f"select {columns} from tenure.suspected_leaks"), None)


def unknown_columns(warehouse: Warehouse, contract: Contract) -> Iterator[Place]:
    """The attributes of each table that names an account, by system."""
    for table in contract.tables:
        if "account_id" not in table.column_names:
            continue
        found = warehouse.read(
            f"select distinct _source, key from {table.full_name}, "
            "jsonb_object_keys(attributes) as keys (key) where _superseded_at is null order by 1, 2"
        )
        for system, column in found.itertuples(index=False):
            yield Place(system, table, column)


def column_rows(warehouse: Warehouse, place: Place) -> pd.DataFrame:
    """account_id, happened_at and value of each row of the column's system, oldest first."""
    times = [c.name for c in place.table.columns if c.is_time and c.name in place.table.required]
    happened_at = f"{times[0]}::timestamptz" if times else "null::timestamptz"
    rows = warehouse.read(
        f"select account_id, {happened_at} as happened_at, "
        f"nullif(trim(attributes ->> {literal(place.column)}), '') as value "
        f"from {place.table.full_name} where _source = {literal(place.system)} "
        "and _superseded_at is null and account_id is not null order by account_id, 2, _row_hash"
    )
    return rows.astype({"account_id": object, "value": object})


def _suspect(place: Place, evidence: Evidence, policy: LeakPolicy) -> dict[str, object]:
    stayed = evidence.accounts - evidence.ended_accounts
    whether = "whether it is filled in" if evidence.how == "presence" else "its value"
    message = (
        f"{place.table.full_name}: column {place.column} of {place.system} looks as if it knew "
        f"the outcome: {whether} alone tells the {evidence.ended_accounts:,} customers who have "
        f"left from the {stayed:,} who have not with AUC {evidence.auc:.2f}, and "
        f"{policy.single_feature_auc_limit:.2f} or more is not plausible. Learn nothing from it."
    )
    return {
        "system": place.system,
        "source": place.table.source,
        "table_name": place.table.name,
        "column_name": place.column,
        "auc": round(evidence.auc, 4),
        "how": evidence.how,
        "accounts": evidence.accounts,
        "ended_accounts": evidence.ended_accounts,
        "message": message,
    }

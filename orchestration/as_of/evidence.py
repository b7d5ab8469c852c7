"""The raw rows of an account that may have moved a signal between two days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sources import Column, Contract, Table
from warehouse.personal import impersonal_sql, shape_sql

ROWS_SQL = """
select
    {key} as key,
    case
        when {is_new} then 'dated between the days'
        when {has_left} then 'left the window'
        else 'recorded or superseded between the days'
    end as why,
    (
        select string_agg(cell.key || '=' || cell.value, ', ' order by cell.ordinality)
        from json_each_text(json_build_object({content})) with ordinality as cell
        where cell.value is not null
    ) as content,
    to_char(_recorded_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as recorded_at,
    to_char(_superseded_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as superseded_at,
    count(*) over () as row_count
from {table}
where
    {is_of_account}
    and _recorded_at <= %(known_as_of)s
    and ({is_new} or {has_left} or {is_recorded})
order by {is_new} desc, {has_left}, greatest({latest}) desc nulls last, 1, _recorded_at
limit %(rows_shown)s
"""

RECORDED_BETWEEN = "({column} at time zone 'UTC')::date between %(from_date)s + 1 and %(as_of)s"


class Reader(Protocol):
    """What answers queries about the account of a question."""

    def read(self, sql: str, **params: Any) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Evidence:
    """Rows of one raw table behind some signals: the newest ones, and how many there are.

    `is_of_account` is false where the table's rows are of no account (exchange rates, features).
    """

    table: str
    labels: tuple[str, ...]
    is_of_account: bool
    count: int
    rows: list[dict[str, Any]]


def raw_evidence(
    contract: Contract,
    reader: Reader,
    signals: Iterable[Mapping[str, Any]],
    from_date: date,
    rows_shown: int,
) -> list[Evidence]:
    """One piece per raw table and window of the signals that read it, in their order."""
    labels: dict[tuple[str, int | None], list[str]] = {}
    for signal in signals:
        for table in signal["source_tables"] or ():
            labels.setdefault((table, signal["window_days"]), []).append(signal["label"])
    found = []
    for (name, window_days), of_signals in labels.items():
        sql = rows_sql(contract, contract.table(name))
        rows = []
        if sql is not None:
            rows = reader.read(
                sql, from_date=from_date, window_days=window_days or 0, rows_shown=rows_shown
            )
        count = rows[0]["row_count"] if rows else 0
        found.append(Evidence(name, tuple(of_signals), sql is not None, count, rows))
    return found


def rows_sql(contract: Contract, table: Table) -> str | None:
    """The query for rows with a time between the two days, with one that lay in the window of the
    first day and lies in that of the second no more, or that were recorded or superseded between
    the days. None for a table without accounts. A window of 0 days has nothing to leave."""
    is_of_account = _is_of_account(contract, table)
    if is_of_account is None:
        return None
    times = [
        f"({column.name} at time zone 'UTC')::date" if column.data_type != "date" else column.name
        for column in table.columns
        if column.is_time
    ]
    key = next(rule.columns for rule in table.rules if rule.kind.startswith("unique"))
    shown = [column for column in table.columns if column.name not in {*key, "account_id"}]
    return ROWS_SQL.format(
        table=table.full_name,
        key="concat_ws(' ', " + ", ".join(_shown(table.column(name)) for name in key) + ")",
        is_of_account=is_of_account,
        content=", ".join(f"'{column.name}', {_shown(column)}" for column in shown),
        is_new=_any(f"{time} between %(from_date)s + 1 and %(as_of)s" for time in times),
        has_left=_any(
            f"{time} between %(from_date)s - %(window_days)s + 1 "
            "and least(%(from_date)s, %(as_of)s - %(window_days)s)"
            for time in times
        ),
        is_recorded=_any(
            RECORDED_BETWEEN.format(column=column) for column in ("_recorded_at", "_superseded_at")
        ),
        latest=", ".join(times) or "_recorded_at",
    )


def _shown(column: Column) -> str:
    if column.data_type == "text":
        return shape_sql(column.name) if column.is_personal else impersonal_sql(column.name)
    return f"trim_scale({column.name})" if column.data_type == "numeric" else column.name


def _any(conditions: Iterable[str]) -> str:
    """Whether one of them holds; one that compares an unknown time does not."""
    return f"coalesce({' or '.join(conditions) or 'false'}, false)"


def _is_of_account(contract: Contract, table: Table) -> str | None:
    if "account_id" in table.column_names:
        return "account_id = %(account_id)s"
    for rule in table.rules:
        parent = rule.parent
        if parent and "account_id" in contract.table(parent.full_name).column_names:
            return (
                f"{rule.columns[0]} in (select {parent.field} from {parent.full_name} "
                "where account_id = %(account_id)s)"
            )
    return None

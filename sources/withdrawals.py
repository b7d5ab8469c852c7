"""Withdrawn files: what they brought ceases to hold, and what they had replaced holds again.

A file is withdrawn by its content, so that a corrected one under the same name is read. The note
comes first and alone; whatever loads next, `tenure withdraw` itself or a run, acts on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from sources import load_audit, store
from sources.checks import KEY_RULES, key_text
from sources.contract import Table
from sources.fingerprints import fingerprint
from sources.load_audit import OF_PLACE, Place
from warehouse import Warehouse

# Files of the newest load of each table, and of the events that are in the lake.
DELIVERED = """
with newest as (
    select distinct on (system, source, table_name) *
    from tenure.deliveries
    order by system, source, table_name, delivery_id desc
),

contents as (
    select
        newest.system, newest.source || '.' || newest.table_name as table_name, files.file,
        files.sha256, newest.recorded_at
    from newest
    cross join jsonb_each_text(newest.files) as files (file, sha256)
    union all
    select system, source || '.' || table_name, file, sha256, recorded_at
    from tenure.landed_files
    where withdrawn_at is null
),

withdrawn as (
    select system, file, max(withdrawn_at) as withdrawn_at
    from tenure.withdrawn_files
    group by system, file
)

select
    system, file, array_agg(distinct sha256), array_agg(distinct table_name), max(recorded_at),
    max(withdrawn_at),
    coalesce(bool_or((system, file, sha256) in (
        select system, file, sha256 from tenure.withdrawn_files
    )), false)
from contents
full join withdrawn using (system, file)
group by system, file
order by system, file
"""

# A table may have shrunk by what is withdrawn: its former size is no measure any more. The runs
# before left another state behind, so that the next one does not take itself for unchanged.
NOTE = """
insert into tenure.withdrawn_files
select %(system)s, %(file)s, unnest(%(contents)s::text[]), %(now)s
on conflict do nothing;
update tenure.checks set accepted_row_count = null
where suite || '.' || table_name = any(%(tables)s);
update tenure.runs set state_signature = null
"""

WITHDRAWN = (
    "select file, sha256, withdrawn_at from tenure.withdrawn_files where system = %(system)s"
)

# The loads of a place with whether any of their files is withdrawn, the newest first.
LOADS = f"""
select
    delivery_id, recorded_at, files,
    exists (
        select from jsonb_each_text(deliveries.files) as files (file, sha256)
        inner join tenure.withdrawn_files as withdrawn using (file, sha256)
        where withdrawn.system = deliveries.system
    ) as is_withdrawn
from tenure.deliveries
where {OF_PLACE}
order by delivery_id desc
"""

CLEAR = f"""
delete from quarantine.rejected_rows where {OF_PLACE};
delete from quarantine.corrected_cells where {OF_PLACE};
delete from tenure.repairs where {OF_PLACE};
delete from tenure.deliveries where {OF_PLACE} and delivery_id > %(delivery_id)s;
delete from tenure.loads where {OF_PLACE}
"""


@dataclass(frozen=True)
class Delivered:
    """A delivered file: the tables that were read from it, and as of when.

    `contents` are its hashes; none when nothing of it holds. `withdrawn_at` is when one of its
    contents was withdrawn last; `is_pending` while what that brought still holds.
    """

    system: str
    file: str
    contents: tuple[str, ...]
    tables: tuple[str, ...]
    recorded_at: datetime | None
    withdrawn_at: datetime | None
    is_pending: bool

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was withdrawn, with all that it brought, and not delivered again since."""
        return (
            not self.is_pending
            and self.withdrawn_at is not None
            and (self.recorded_at is None or self.recorded_at <= self.withdrawn_at)
        )


def delivered_files(warehouse: Warehouse) -> list[Delivered]:
    """The files of which something holds, and those that were withdrawn."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(DELIVERED)
        return [
            Delivered(system, file, _kept(contents), _kept(tables), *rest)
            for system, file, contents, tables, *rest in cursor.fetchall()
        ]


def note_withdrawn(
    warehouse: Warehouse, file: Delivered, tables: Iterable[str], now: datetime
) -> None:
    """Note in one transaction that what a file holds now is not to be read any more.

    `tables` are those whose rows change by that.
    """
    warehouse.execute(
        NOTE,
        {
            "system": file.system,
            "file": file.file,
            "contents": list(file.contents),
            "tables": list(tables),
            "now": now,
        },
    )


def withdrawn_in(warehouse: Warehouse, system: str, folder: Path) -> dict[str, datetime]:
    """The files of a folder that are withdrawn as they lie there, by name, with when."""
    found: dict[str, datetime] = {}
    hashes: dict[str, str] = {}
    for file, sha256, withdrawn_at in _withdrawn(warehouse, system):
        path = folder / file
        if file not in hashes and path.is_file():
            stat = path.stat()
            hashes[file] = _sha256(path, stat.st_size, stat.st_mtime_ns)
        if hashes.get(file) == sha256:
            found[file] = withdrawn_at
    return found


def withdrawn_contents(warehouse: Warehouse, system: str) -> frozenset[tuple[str, str]]:
    """Name and hash of everything that a system's withdrawn files held."""
    return frozenset((file, sha256) for file, sha256, _ in _withdrawn(warehouse, system))


def sentences(withdrawn: Mapping[str, datetime]) -> list[str]:
    """A sentence for each withdrawn file that lies in the folder still."""
    return [
        f"{file}: was withdrawn on {at:%Y-%m-%d} and is not read; a corrected file is"
        for file, at in sorted(withdrawn.items())
    ]


def go_back(warehouse: Warehouse, table: Table, place: Place, recorded_at: datetime) -> None:
    """Where the newest load is withdrawn, make the rows before it hold again, in one transaction.

    They are those that held before the first load since the newest one of which no file is
    withdrawn; without such a load, none. What was in quarantine then is not known any more.
    """
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(LOADS, place.params)
        loads = cursor.fetchall()
        if not loads or not loads[0][-1]:
            return
        kept = next((load for load in loads if not load[-1]), None)
        since = kept and min(at for number, at, *_ in loads if number > kept[0])
        params = {
            **place.params,
            "recorded_at": recorded_at,
            "since": since,
            "delivery_id": kept[0] if kept else 0,
        }
        cursor.execute(_leave(table), params)
        changed = cursor.rowcount
        if kept:
            cursor.execute(_return(table), params)
            changed += cursor.rowcount
        cursor.execute(CLEAR, params)
        if kept:
            cursor.execute(
                f"select count(*) from {table.full_name} "
                f"where _source = %(system)s and {store.HOLDS}",
                params,
            )
            [rows] = cursor.fetchone() or (0,)
            cursor.execute(load_audit.SAVE_LOAD, {**params, **_audit(rows, kept[2], recorded_at)})
        if changed:
            cursor.execute(load_audit.MARK_CHANGED, params)


def _leave(table: Table) -> str:
    return (
        f"update {table.full_name} set _superseded_at = %(recorded_at)s "
        f"where _source = %(system)s and {store.HOLDS} "
        "and (%(since)s::timestamptz is null or _recorded_at >= %(since)s)"
    )


def _return(table: Table) -> str:
    """SQL: what held before `since` is recorded again, but for keys that others have since."""
    names = ", ".join(f'"{name}"' for name in (*table.column_names, "attributes", "_row_hash"))
    taken = "".join(
        f" and ({key_text(rule)} in (select {key_text(rule)} from {table.full_name} "
        f"where _source <> %(system)s and {store.HOLDS})) is not true"
        for rule in table.rules
        if rule.kind in KEY_RULES
    )
    return (
        f"insert into {table.full_name} ({names}, _source, _recorded_at) "
        f"select {names}, _source, %(recorded_at)s from {table.full_name} "
        "where _source = %(system)s and _recorded_at < %(since)s "
        f"and _superseded_at >= %(since)s{taken}"
    )


def _audit(rows: int, files: Mapping[str, str], now: datetime) -> dict[str, object]:
    # No digest: where the files are there again, they are read.
    return {
        "files": sorted(files),
        "rows_in": rows,
        "rows_loaded": rows,
        "rows_quarantined": 0,
        "rows_duplicate": 0,
        "now": now,
        "digest": None,
        "problems": "[]",
    }


@cache
def _sha256(path: Path, _size: int, _modified: int) -> str:
    # Each table of a run asks, and a file of events is large.
    return fingerprint(path).sha256


def _withdrawn(warehouse: Warehouse, system: str) -> list[tuple[str, str, datetime]]:
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(WITHDRAWN, {"system": system})
        return cursor.fetchall()


def _kept(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(value for value in values if value is not None)

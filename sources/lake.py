"""The event lake's catalogue: which landed file wrote which Parquet files, and what they hold.

The lake is the set of parts that `tenure.lake_parts` lists. A part is written aside, renamed, and
recorded last, so that a killed run leaves files that no row names; the next landing removes them.
A part never changes: what replaces it has another name.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from sources import load_audit, store
from sources.checks import Counts
from sources.fingerprints import Fingerprint
from sources.landing import literal
from warehouse import Warehouse


def system_lake(lake: Path, system: str) -> Path:
    """Folder of a system's events."""
    return lake / system


@dataclass(frozen=True)
class Part:
    """One Parquet file of the lake: who wrote it, and what is known of it without reading it."""

    part: str
    file: str
    event_count: int
    first_date: date
    last_date: date
    has_event_ids: bool
    has_users: bool
    has_feature_users: bool
    has_sessions: bool
    has_api_calls: bool
    has_data_bytes: bool


@dataclass(frozen=True)
class LandedFile:
    """A file as it was landed, and where its rows went."""

    file: str
    fingerprint: Fingerprint
    mapping_hash: str
    is_lookup: bool = False
    rows_in: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_repeated: int = 0
    rows_late: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """What holds of one system: landed files and parts by name, and the parts to roll up again."""

    files: dict[str, LandedFile]
    parts: dict[str, Part]
    added: tuple[Part, ...]
    removed: tuple[Part, ...]

    @property
    def counts(self) -> Counts:
        """Where all rows of the files that hold went."""
        files = self.files.values()
        return Counts(
            sum(file.rows_in for file in files),
            sum(file.rows_loaded for file in files),
            sum(file.rows_quarantined for file in files),
            sum(file.rows_duplicate for file in files),
            sum(file.rows_late for file in files),
        )


@dataclass(frozen=True)
class Change:
    """What one landing changes. `replaced` are the files that were read again or are gone; `landed`
    those that now hold, `parts` what was written for them, `removed_parts` what holds no more;
    `departed` are accounts whose events were taken out."""

    landed: tuple[LandedFile, ...]
    parts: tuple[Part, ...]
    removed_parts: frozenset[str]
    replaced: frozenset[str] = frozenset()
    departed: tuple[str, ...] = ()


FILE_COLUMNS = (
    "file, is_lookup, size, modified_at, sha256, mapping_hash, rows_in, rows_loaded, "
    "rows_quarantined, rows_duplicate, rows_repeated, rows_late, notes"
)
PART_COLUMNS = ", ".join(field.name for field in fields(Part))
HOLDS = (
    "system = %(system)s and source = %(source)s and table_name = %(table)s "
    "and withdrawn_at is null"
)


def read_catalogue(warehouse: Warehouse, place: load_audit.Place) -> Catalogue:
    """The catalogue as the last run left it, finished or not."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            f"select {FILE_COLUMNS} from tenure.landed_files where {HOLDS} order by file",
            place.params,
        )
        files = [_landed_file(*row) for row in cursor.fetchall()]
        cursor.execute(
            f"select {PART_COLUMNS}, rolled_up_at is null, removed_at is not null "
            "from tenure.lake_parts where system = %(system)s order by first_date, part",
            place.params,
        )
        parts = [(Part(*row[:-2]), row[-2], row[-1]) for row in cursor.fetchall()]
    return Catalogue(
        files={file.file: file for file in files},
        parts={part.part: part for part, _, is_removed in parts if not is_removed},
        added=tuple(part for part, is_new, is_removed in parts if is_new and not is_removed),
        # Even one that was never rolled up to the end: a killed run may have begun to.
        removed=tuple(part for part, _, is_removed in parts if is_removed),
    )


def record_change(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: load_audit.Place,
    change: Change,
    is_first: bool,
) -> None:
    """Record a landing in one transaction: files, parts, the rows of `rejected`, the load audit.

    `is_first`: nothing was landed file by file before, so that all quarantined rows are older.
    """
    rejected = store.rejected_rows(con, place)
    accounts = con.execute("select account_id from landed_accounts order by 1").fetchall()
    params = {
        **place.params,
        "now": datetime.now(UTC),
        "is_first": is_first,
        "replaced": sorted(change.replaced),
        "withdrawn": sorted(change.replaced | {file.file for file in change.landed}),
        "departed": list(change.departed),
        "removed": sorted(change.removed_parts),
        "accounts": [account for (account,) in accounts],
    }
    # A run that was killed may have left its stage behind.
    warehouse.execute(f"drop table if exists {STAGE}; create unlogged table {STAGE} {STAGE_SHAPE}")
    if rejected.num_rows:
        warehouse.bulk_load(rejected, STAGE)
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(WITHDRAW_FILES, params)
        for file in change.landed:
            cursor.execute(ADD_FILE, {**params, **_file_values(file)})
        cursor.execute(REMOVE_PARTS, params)
        for part in change.parts:
            cursor.execute(ADD_PART, {**params, **asdict(part)})
        cursor.execute(REMOVE_ACCOUNTS, params)
        cursor.execute(ADD_ACCOUNTS, params)
        cursor.execute(LEAVE_QUARANTINE, params)
        cursor.execute(ENTER_QUARANTINE, params)
        _audit(cursor, params)
        cursor.execute(f"drop table {STAGE}")


def record_restored(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: load_audit.Place,
    change: Change,
    rejections: Sequence[str],
) -> None:
    """Record events that left quarantine: `change.landed` are their files, counted anew."""
    accounts = con.execute("select account_id from landed_accounts order by 1").fetchall()
    params = {
        **place.params,
        "now": datetime.now(UTC),
        "removed": sorted(change.removed_parts),
        "rejections": list(rejections),
        "accounts": [account for (account,) in accounts],
    }
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for file in change.landed:
            cursor.execute(COUNT_FILE_ANEW, {**params, **_file_values(file)})
        cursor.execute(REMOVE_PARTS, params)
        for part in change.parts:
            cursor.execute(ADD_PART, {**params, **asdict(part)})
        cursor.execute(ADD_ACCOUNTS, params)
        cursor.execute(
            "delete from quarantine.rejected_rows where rejection_id = any(%(rejections)s)", params
        )
        _audit(cursor, params)


def record_unchanged(
    warehouse: Warehouse, place: load_audit.Place, files: Sequence[LandedFile]
) -> None:
    """Keep the new size and time of files that were written again with the same content."""
    for file in files:
        warehouse.execute(
            f"update tenure.landed_files set modified_at = %(modified_at)s where {HOLDS} "
            "and file = %(file)s",
            {**place.params, "file": file.file, "modified_at": file.fingerprint.modified_at},
        )


def forget_accounts(warehouse: Warehouse, place: store.Place, accounts: Sequence[str]) -> None:
    """Forget accounts that have no event in the lake."""
    if accounts:
        warehouse.execute(REMOVE_ACCOUNTS, {**place.params, "departed": list(accounts)})


def finish_rollups(
    warehouse: Warehouse, folder: Path, system: str, added: Iterable[Part], removed: Iterable[Part]
) -> None:
    """Note that the roll-ups hold the parts `added`, and delete those `removed`."""
    params = {
        "system": system,
        "now": datetime.now(UTC),
        "added": [part.part for part in added],
        "removed": [part.part for part in removed],
    }
    warehouse.execute(
        """
        update tenure.lake_parts set rolled_up_at = %(now)s
        where system = %(system)s and part = any(%(added)s);
        delete from tenure.lake_parts
        where system = %(system)s and part = any(%(removed)s)
        """,
        params,
    )
    for part in removed:
        (folder / part.part).unlink(missing_ok=True)


def remove_strays(warehouse: Warehouse, folder: Path, system: str) -> None:
    """Remove what no row names: the parts of killed runs, and a lake of an earlier version."""
    if not folder.is_dir():
        return
    named = warehouse.read_arrow(
        f"select part from tenure.lake_parts where system = {literal(system)}"
    )
    known = set(named["part"].to_pylist())
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in known:
            path.unlink()


STAGE = "tenure.incoming_product_events_rejected"
STAGE_SHAPE = (
    "(rejection_id text, file text, row_number bigint, rule text, message text, row_data jsonb)"
)

WITHDRAW_FILES = f"""
update tenure.landed_files set withdrawn_at = %(now)s
where {HOLDS} and (file = any(%(withdrawn)s) or is_lookup)
"""

ADD_FILE = f"""
insert into tenure.landed_files (system, source, table_name, recorded_at, {FILE_COLUMNS})
values (
    %(system)s, %(source)s, %(table)s, %(now)s, %(file)s, %(is_lookup)s, %(size)s,
    %(modified_at)s, %(sha256)s, %(mapping_hash)s, %(rows_in)s, %(rows_loaded)s,
    %(rows_quarantined)s, %(rows_duplicate)s, %(rows_repeated)s, %(rows_late)s, %(notes)s
)
"""

COUNT_FILE_ANEW = f"""
update tenure.landed_files set
    rows_loaded = %(rows_loaded)s,
    rows_quarantined = %(rows_quarantined)s,
    rows_duplicate = %(rows_duplicate)s,
    rows_repeated = %(rows_repeated)s,
    rows_late = %(rows_late)s
where {HOLDS} and file = %(file)s
"""

REMOVE_PARTS = """
update tenure.lake_parts set removed_at = %(now)s
where system = %(system)s and part = any(%(removed)s)
"""

ADD_PART = f"""
insert into tenure.lake_parts (system, added_at, {PART_COLUMNS})
values (
    %(system)s, %(now)s, %(part)s, %(file)s, %(event_count)s, %(first_date)s, %(last_date)s,
    %(has_event_ids)s, %(has_users)s, %(has_feature_users)s, %(has_sessions)s, %(has_api_calls)s,
    %(has_data_bytes)s
)
"""

ADD_ACCOUNTS = """
insert into tenure.lake_accounts
select %(system)s, unnest(%(accounts)s::text[])
on conflict do nothing
"""

REMOVE_ACCOUNTS = """
delete from tenure.lake_accounts
where system = %(system)s and account_id = any(%(departed)s)
"""

LEAVE_QUARANTINE = f"""
delete from quarantine.rejected_rows as old
where
    {load_audit.OF_PLACE}
    and (%(is_first)s or old.file = any(%(replaced)s))
    and not exists (select from {STAGE} as new where new.rejection_id = old.rejection_id)
"""

ENTER_QUARANTINE = f"""
insert into quarantine.rejected_rows
select
    rejection_id, %(system)s, %(source)s, %(table)s, file, row_number, rule, message, row_data,
    %(now)s, %(now)s
from {STAGE}
on conflict (rejection_id) do update set
    rule = excluded.rule, message = excluded.message, last_seen_at = excluded.last_seen_at
"""

SUMS = f"""
select
    coalesce(array_agg(file order by file) filter (where not is_lookup), '{{}}'),
    coalesce(sum(rows_in), 0)::bigint,
    coalesce(sum(rows_loaded), 0)::bigint,
    coalesce(sum(rows_quarantined), 0)::bigint,
    coalesce(sum(rows_duplicate), 0)::bigint,
    coalesce(sum(rows_late), 0)::bigint
from tenure.landed_files
where {HOLDS}
"""

NOTES = f"""
select coalesce(array_agg(note order by landed_files.file, note), '{{}}')
from tenure.landed_files
cross join lateral unnest(landed_files.notes) as noted (note)
where {HOLDS} and not is_lookup
"""


def _audit(cursor: Any, params: Mapping[str, Any]) -> None:
    """The load audit of the system's events: the sums over the files that hold."""
    cursor.execute(SUMS, params)
    files, rows_in, loaded, quarantined, duplicate, late = cursor.fetchone()
    counts = Counts(rows_in, loaded, quarantined, duplicate, late)
    cursor.execute(NOTES, params)
    [notes] = cursor.fetchone()
    sums = {
        **params,
        "files": files,
        "rows_in": rows_in,
        "rows_loaded": loaded,
        "rows_quarantined": quarantined,
        "rows_duplicate": duplicate,
        "rules": list(counts.repairs),
        "repaired": list(counts.repairs.values()),
        # the files are catalogued one by one
        "digest": None,
        "problems": json.dumps(notes),
    }
    cursor.execute(load_audit.SAVE_LOAD, sums)
    cursor.execute(f"delete from tenure.repairs where {load_audit.OF_PLACE}", sums)
    cursor.execute(load_audit.ADD_REPAIRS, sums)


def _landed_file(
    file: str,
    is_lookup: bool,
    size: int,
    modified_at: datetime,
    sha256: str,
    mapping_hash: str,
    *counts_and_notes: Any,
) -> LandedFile:
    *counts, notes = counts_and_notes
    print_ = Fingerprint(size, modified_at.astimezone(UTC), sha256)
    return LandedFile(file, print_, mapping_hash, is_lookup, *counts, notes=tuple(notes))


def _file_values(file: LandedFile) -> dict[str, Any]:
    return {**asdict(file), **asdict(file.fingerprint), "notes": list(file.notes)}

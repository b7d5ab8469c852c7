"""Events that waited in quarantine for their account, added to the lake once it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import duckdb

from sources import lake, load_audit, store
from sources.contract import Contract
from sources.damaged_keys import match_event_keys, replace_matched
from sources.event_draft import Draft
from sources.event_landing import note_accounts, write_once
from sources.events import (
    EVENTS,
    check_events,
    good_events,
    kept_columns,
    reject_events,
)
from sources.lake import Catalogue, Change, LandedFile
from sources.repeats import Repeats
from sources.usage import ROLLUP_TABLES, RollUps
from warehouse import Warehouse


def restore_events(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    place: load_audit.Place,
    types: Mapping[str, str],
    recorded_at: datetime,
) -> int:
    """Restore the events of `mapped` that are good now, and roll up their days; their number.

    They become parts of the files that brought them: what replaces or withdraws such a file takes
    them along.
    """
    store.fetch_parents(warehouse, con, EVENTS.rules)
    catalogue = lake.read_catalogue(warehouse, place)
    if match_event_keys(con, types, _whole_files(con, catalogue)):
        replace_matched(con, "mapped", EVENTS)
    check_events(con, types)
    con.execute("create or replace table rejected as select * from no_rejections")
    files = [name for (name,) in con.execute("select distinct _file from mapped").fetchall()]
    for file in files:
        reject_events(con, types, file)
    good = con.execute(
        "select _file, list(_rejection_id) from mapped "
        "where _n not in (select _n from rejected) group by _file order by _file"
    ).fetchall()
    # A file that is in no row was landed by an earlier version: the next landing reads it again.
    resolved = {file: ids for file, ids in good if file in catalogue.files}
    if not resolved:
        return 0
    folder = lake.system_lake(warehouse.settings.lake, place.system)
    draft = Draft.of(catalogue)
    restored = 0
    for file, ids in resolved.items():
        written, repeats = write_once(
            con, folder, draft, file, good_events(file), kept_columns(types)
        )
        landed = draft.files[file]
        draft.add(
            _counted(landed, len(ids), written.rows, written.rows_late, repeats), written.part
        )
        restored += written.rows
    note_accounts(con, folder, list(draft.written.values()))
    change = Change(
        landed=tuple(draft.landed.values()),
        parts=tuple(draft.written.values()),
        removed_parts=frozenset(draft.removed),
    )
    rejections = [rejection for ids in resolved.values() for rejection in ids]
    lake.record_restored(warehouse, con, place, change, rejections)
    current = lake.read_catalogue(warehouse, place)
    roll_ups = RollUps(warehouse, con, place.system, folder, current, recorded_at)
    for name in ROLLUP_TABLES:
        roll_ups.refresh(contract.table(name))
    roll_ups.finish()
    return restored


def _counted(file: LandedFile, resolved: int, rows: int, late: int, repeats: Repeats) -> LandedFile:
    return replace(
        file,
        rows_loaded=file.rows_loaded + rows,
        rows_quarantined=file.rows_quarantined - resolved,
        rows_duplicate=file.rows_duplicate + repeats.rows_lost,
        rows_repeated=file.rows_repeated + repeats.rows_lost_to_others,
        rows_late=file.rows_late + late,
    )


def _whole_files(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> list[str]:
    """The files of `mapped` of which every event waits: their keys are all to be seen."""
    waiting = con.execute("select _file, count(*) from mapped group by _file order by _file")
    return [
        file
        for file, number in waiting.fetchall()
        if (landed := catalogue.files.get(file))
        and (landed.rows_loaded, landed.rows_quarantined) == (0, number)
    ]

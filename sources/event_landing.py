"""Events of one delivery into the lake: only files that are new or changed are read.

A file is known by its fingerprint and by what else its events depend on: the mapping, the
contract, the files that the mapping looks things up in. A file that changed replaces what it wrote
before, a file that is gone is withdrawn. Everything is written aside and recorded last.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from sources import lake, load_audit, withdrawals
from sources.damaged_keys import match_event_keys, sentences, with_matched_accounts
from sources.event_draft import Draft, Landing, Plan
from sources.events import (
    ALL_COLUMNS,
    EVENTS,
    LAKE_FORMAT,
    Written,
    check_events,
    good_events,
    kept_columns,
    late_events,
    read_parts,
    reject_events,
    unusable_values,
    write_part,
)
from sources.fingerprints import combined, fingerprint
from sources.lake import Catalogue, Change, LandedFile, Part
from sources.landing import FileProblem, Landed, literal, one_row, quoted
from sources.mapping import Delivery, Mapping, Reader, explain, run_mapping
from sources.repeats import Repeats, find_repeats, remainder, without_repeats
from warehouse import Warehouse

ACCOUNTS = "keys of crm.accounts.account_id"


class EventLanding:
    """One system's delivery of events, over one DuckDB connection."""

    def __init__(
        self,
        warehouse: Warehouse,
        con: duckdb.DuckDBPyConnection,
        system: str,
        reader: Reader,
        mapping: Mapping | None,
    ) -> None:
        self.warehouse = warehouse
        self.con = con
        self.place = load_audit.Place(system, EVENTS.source, EVENTS.name)
        self.folder = lake.system_lake(warehouse.settings.lake, system)
        self.reader = reader
        self.mapping = mapping

    def find(self) -> dict[str, list[Landed]]:
        """The delivered files by pattern; empty when none of them was delivered."""
        found = (
            self.reader.find_mapped(self.mapping)
            if self.mapping
            else {EVENTS.full_name: self.reader.find_table(EVENTS.full_name)}
        )
        if not any(found.values()):
            return {}
        if self.mapping and (missing := [name for name, files in found.items() if not files]):
            if self.is_withdrawn:
                return {}
            raise FileProblem(f"{missing[0]}: not in the folder, and {self.mapping.name} needs it")
        return found

    @property
    def is_withdrawn(self) -> bool:
        """Whether the lake holds files that are withdrawn, or was emptied and not rolled up."""
        catalogue = lake.read_catalogue(self.warehouse, self.place)
        return bool(self.withdrawn(catalogue)) or Landing(catalogue, is_usable=False).is_emptied

    def withdrawn(self, catalogue: Catalogue) -> list[str]:
        """The files of the lake that are withdrawn."""
        contents = withdrawals.withdrawn_contents(self.warehouse, self.place.system)
        files = catalogue.files.values()
        return sorted(f.file for f in files if (f.file, f.fingerprint.sha256) in contents)

    def land(self, found: Dict[str, list[Landed]]) -> Landing:
        """Bring the lake to what the folder holds; where it holds nothing, withdrawn files leave.

        Needs the known accounts (`store.fetch_parents`). When no event would be left in the lake,
        what was loaded before stays, unless it was withdrawn.
        """
        catalogue = lake.read_catalogue(self.warehouse, self.place)
        if catalogue.files:
            lake.remove_strays(self.warehouse, self.folder, self.place.system)
        withdrawn = self.withdrawn(catalogue)
        plan = self.plan(catalogue, found) if found else Plan.of_leaving(catalogue, withdrawn)
        lake.record_unchanged(self.warehouse, self.place, plan.touched)
        if not plan.to_land and not plan.gone:
            # No part holds them any more: else each run would look for them in every part.
            lake.forget_accounts(self.warehouse, self.place, plan.departed)
            return Landing(catalogue, is_usable=bool(catalogue.parts))
        draft = Draft.of(catalogue)
        try:
            self.write(draft, plan)
        except FileProblem:
            self._discard(draft)
            raise
        rejected = Catalogue(draft.files, draft.parts, (), ())
        if not draft.parts and self.has_events(catalogue) and not withdrawn:
            self._discard(draft)
            return Landing(rejected, is_usable=False, is_recorded=False)
        self.record(catalogue, plan, draft)
        lake.remove_strays(self.warehouse, self.folder, self.place.system)
        current = lake.read_catalogue(self.warehouse, self.place)
        return Landing(current, is_usable=bool(current.parts))

    def has_events(self, catalogue: Catalogue) -> bool:
        """Whether something was loaded before, be it by a version that kept no catalogue."""
        return bool(catalogue.parts) or (self.folder.is_dir() and any(self.folder.glob("*/*")))

    def plan(self, catalogue: Catalogue, found: Dict[str, list[Landed]]) -> Plan:
        """Which files must be read, which are gone, and what the others' events depend on."""
        files = {file.name: file for landed in found.values() for file in landed}
        prints = {
            name: fingerprint(
                file.path, known.fingerprint if (known := catalogue.files.get(name)) else None
            )
            for name, file in files.items()
        }
        sql_hash = self._sql_hash()
        lookups = self._lookups(catalogue, found, sql_hash)
        driving = [pattern for pattern in found if pattern not in lookups]
        is_whole = self.mapping is not None and not (
            self.mapping.is_row_by_row and len(driving) == 1
        )
        depends_on = list(found) if is_whole else lookups
        mapping_hash = f"{sql_hash}:" + combined(
            {file.name: prints[file.name].sha256 for name in depends_on for file in found[name]}
        )
        drivers = [file for pattern in driving for file in found[pattern]]
        known = {name: file for name, file in catalogue.files.items() if not file.is_lookup}
        changed = {
            file.name
            for file in drivers
            if (landed := known.get(file.name)) is None
            or landed.fingerprint.sha256 != prints[file.name].sha256
            or landed.mapping_hash != mapping_hash
            or not self._is_whole_in_lake(catalogue, landed)
        }
        gone = sorted(set(known) - {file.name for file in drivers})
        departed = self._departed_accounts()
        changed |= self._files_of(catalogue, departed)
        if any(
            part.has_event_ids and (part.file in changed or part.file in gone)
            for part in catalogue.parts.values()
        ):
            # An event that another file brought too may now be theirs to bring.
            changed |= {name for name, file in known.items() if file.rows_repeated}
        return Plan(
            to_land=[file for file in drivers if file.name in changed],
            gone=gone,
            touched=[
                replace(file, fingerprint=prints[name])
                for name, file in catalogue.files.items()
                if name in prints
                and name not in changed
                and file.fingerprint != prints[name]
                and file.fingerprint.sha256 == prints[name].sha256
            ],
            lookups=[
                LandedFile(file.name, prints[file.name], mapping_hash, is_lookup=True)
                for name in lookups
                for file in found[name]
            ],
            prints=prints,
            mapping_hash=mapping_hash,
            is_whole=is_whole,
            departed=departed,
        )

    def write(self, draft: Draft, plan: Plan) -> None:
        """Write the parts of the files to land; their rejected rows go to `rejected`."""
        draft.withdraw([*(file.name for file in plan.to_land), *plan.gone])
        self.con.execute("create or replace table rejected as select * from no_rejections")
        whole = self._open_checked(None) if plan.is_whole else None
        for file in plan.to_land:
            delivery, types = whole or self._open_checked(file)
            try:
                self._write_file(draft, plan, delivery, types, file)
            except duckdb.Error as error:
                # Events stream through the mapping, so its errors come as late as this.
                raise FileProblem(f"{delivery.name}: {explain(error)}") from error
            if whole is None:
                self.reader.forget(delivery, file)

    def record(self, catalogue: Catalogue, plan: Plan, draft: Draft) -> None:
        """Record what was written, in one transaction."""
        note_accounts(self.con, self.folder, list(draft.written.values()))
        change = Change(
            replaced=frozenset([*(file.name for file in plan.to_land), *plan.gone]),
            landed=(*draft.landed.values(), *plan.lookups),
            parts=tuple(draft.written.values()),
            removed_parts=frozenset(draft.removed),
            departed=plan.departed,
        )
        lake.record_change(
            self.warehouse, self.con, self.place, change, is_first=not catalogue.files
        )

    def _write_file(
        self, draft: Draft, plan: Plan, delivery: Delivery, types: Dict[str, str], file: Landed
    ) -> None:
        written, repeats = write_once(
            self.con, self.folder, draft, file.name, good_events(file.name), kept_columns(types)
        )
        name = literal(file.name)
        rows_in = self._count(f"select count(*) from mapped where _file = {name}")
        if rows_in != written.rows + repeats.rows_lost:
            reject_events(self.con, types, file.name)
        left_out = self._left_out(delivery, file, rows_in)
        self.con.execute(
            "insert into rejected select distinct null::bigint, _file, _row, 'readable', reason, "
            f"json_object('line', content)::varchar from unreadable where _file = {name}"
        )
        unreadable = self._count(
            f"select count(distinct _row) from unreadable where _file = {name}"
        )
        unusable = [
            f"{file.name}: {number:,} {'values' if number > 1 else 'value'} of {column} "
            f"cannot be used and count{'' if number > 1 else 's'} as unknown"
            for column, number in unusable_values(self.con, types, file.name).items()
        ]
        landed = LandedFile(
            file.name,
            plan.prints[file.name],
            plan.mapping_hash,
            rows_in=rows_in + unreadable,
            rows_loaded=written.rows,
            rows_quarantined=self._count(f"select count(*) from rejected where _file = {name}"),
            rows_duplicate=repeats.rows_lost,
            rows_repeated=repeats.rows_lost_to_others,
            rows_late=written.rows_late,
            notes=(*delivery.notes, *left_out, *unusable),
        )
        draft.add(landed, written.part)

    def _open_checked(self, only: Landed | None) -> tuple[Delivery, dict[str, str]]:
        delivery = self._open(only)
        types = run_mapping(self.reader, delivery, "view")
        if match_event_keys(self.con, types):
            notes = (*delivery.notes, *sentences(self.con))
            delivery = replace(delivery, sql=with_matched_accounts(delivery.sql), notes=notes)
            types = run_mapping(self.reader, delivery, "view")
        check_events(self.con, types)
        return delivery, types

    def _open(self, only: Landed | None) -> Delivery:
        delivery = (
            self.reader.open_mapped(self.mapping, only)
            if self.mapping
            else self.reader.open_canonical(EVENTS, only)
        )
        assert delivery is not None
        return delivery

    def _sql_hash(self) -> str:
        mapping = self.mapping
        depends_on = {
            "format": str(LAKE_FORMAT),
            "contract": repr((EVENTS.columns, EVENTS.rules)),
            "mapping": repr((mapping.sql, mapping.dates, mapping.delimiter)) if mapping else "",
        }
        return combined(depends_on)

    def _lookups(
        self, catalogue: Catalogue, found: Dict[str, list[Landed]], sql_hash: str
    ) -> list[str]:
        """The patterns whose files the mapping only looks things up in."""
        if self.mapping is None or len(found) == 1:
            return []
        known = {
            name: file.is_lookup
            for name, file in catalogue.files.items()
            if file.mapping_hash.startswith(f"{sql_hash}:")
        }
        roles = {
            pattern: {known[file.name] for file in files if file.name in known}
            for pattern, files in found.items()
        }
        if all(len(role) == 1 for role in roles.values()):
            return [pattern for pattern, role in roles.items() if role == {True}]
        delivery = self._open(None)
        run_mapping(self.reader, delivery, "view")
        try:
            names = self.con.execute("select distinct _file from mapped").fetchall()
        except duckdb.Error as error:
            raise FileProblem(f"{delivery.name}: {explain(error)}") from error
        passed_on = {name for (name,) in names}
        driving = [
            pattern for pattern, files in found.items() if passed_on & {file.name for file in files}
        ]
        return [pattern for pattern in found if driving and pattern not in driving]

    def _is_whole_in_lake(self, catalogue: Catalogue, landed: LandedFile) -> bool:
        parts = [part for part in catalogue.parts.values() if part.file == landed.file]
        return sum(part.event_count for part in parts) == landed.rows_loaded and all(
            (self.folder / part.part).is_file() for part in parts
        )

    def _departed_accounts(self) -> tuple[str, ...]:
        """Accounts with events in the lake that are no customers any more."""
        known = self.warehouse.read_arrow(
            "select account_id from tenure.lake_accounts "
            f"where system = {literal(self.place.system)}"
        )
        self.con.register("lake_accounts", known)
        departed = self.con.execute(
            "select account_id from lake_accounts "
            f"where account_id not in (select key from {quoted(ACCOUNTS)}) order by 1"
        ).fetchall()
        self.con.unregister("lake_accounts")
        return tuple(account for (account,) in departed)

    def _files_of(self, catalogue: Catalogue, accounts: Sequence[str]) -> set[str]:
        parts = {
            name: part for name, part in catalogue.parts.items() if (self.folder / name).is_file()
        }
        if not accounts or not parts:
            return set()
        found = self.con.execute(
            "select distinct parse_filename(filename) "
            f"from {read_parts(self.folder, parts.values(), ', filename = true')} "
            "where list_contains(?, account_id)",
            [list(accounts)],
        ).fetchall()
        return {parts[name].file for (name,) in found}

    def _left_out(self, delivery: Delivery, file: Landed, rows_in: int) -> list[str]:
        """A note when the file has more rows than the mapping passes on."""
        [raw] = [raw for raw, files in delivery.groups.items() if file in files]
        rows = self._count(f"select count(*) from {quoted(raw)} where _file = {literal(file.name)}")
        if rows_in >= rows:
            return []
        return [f"{file.name}: {delivery.name} leaves out {rows - rows_in:,} of {rows:,} rows"]

    def _discard(self, draft: Draft) -> None:
        for part in draft.written:
            (self.folder / part).unlink(missing_ok=True)

    def _count(self, sql: str) -> int:
        return one_row(self.con, sql)[0]


def write_once(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    draft: Draft,
    file: str,
    events: str,
    columns: Sequence[str],
) -> tuple[Written, Repeats]:
    """Write the query `events` to a part of `file`, each event once in the whole lake.

    Repeats are looked for in what was written: to cast all events once more would take longer.
    """
    written = write_part(con, folder, file, events, columns)
    if written.part is None:
        return written, Repeats()
    repeats = find_repeats(con, folder, written.part, draft.parts.values())
    if repeats.rows_lost:
        first = written.part
        written = write_part(con, folder, file, without_repeats(folder, first), columns)
        (folder / first.part).unlink()
    take_from_losers(con, folder, draft, repeats)
    return written, repeats


def take_from_losers(
    con: duckdb.DuckDBPyConnection, folder: Path, draft: Draft, repeats: Repeats
) -> None:
    """Write the parts anew from which a repeated event went to another file."""
    for name, rows in repeats.losing_parts:
        losing = draft.parts[name]
        before = late_events(con, folder, losing)
        kept = write_part(con, folder, losing.file, remainder(folder, losing), ALL_COLUMNS)
        draft.shrink(losing, kept.part, rows, before - kept.rows_late)


def note_accounts(con: duckdb.DuckDBPyConnection, folder: Path, parts: Sequence[Part]) -> None:
    """Put the accounts of newly written parts into the table `landed_accounts`."""
    con.execute("create or replace table landed_accounts (account_id varchar)")
    if parts:
        con.execute(
            "insert into landed_accounts select distinct account_id from "
            + read_parts(folder, parts)
        )

"""A system's delivery into the warehouse, table by table: read, check, load, account for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from sources import damaged_keys, load_audit, store, withdrawals
from sources.checks import Counts, check_rows, enforced
from sources.contract import Contract, Rule, Table
from sources.delivery import Reading, content_hash, delivery_digest
from sources.event_landing import EventLanding
from sources.events import EVENTS
from sources.folder import expect_files, unread_files
from sources.lake import finish_rollups
from sources.landing import FileProblem, Landed, literal, one_row, quoted
from sources.mapping import (
    CANONICAL,
    MAPPINGS,
    Delivery,
    Mapping,
    Reader,
    drafts,
    load_mappings,
    run_mapping,
)
from sources.number_marks import read_marks
from sources.projected_rows import without_projected
from sources.scoped_save import empty_rollups
from sources.session import open_duckdb
from sources.table_load import IngestError, TableLoad
from sources.total_rows import find_totals
from sources.usage import ROLLUP_TABLES, RollUps
from warehouse import Settings, Warehouse
from warehouse.personal import impersonal

ACCOUNTS = "crm.accounts"
WITHDRAW = " (tenure withdraw FILE takes a wrong file back)"


def ingest(
    warehouse: Warehouse,
    settings: Settings,
    contract: Contract,
    system: str,
    folder: Path,
    sources: Sequence[str] | None = None,
    mapping_folder: Path = MAPPINGS,
    recorded_at: datetime | None = None,
) -> list[TableLoad]:
    """Load what `system` delivered in `folder`, for some raw schemas or for all, parents first.

    Each table is one transaction and replaces that system's rows: those that are no longer
    delivered are superseded as of `recorded_at` (default: now), at which new ones are recorded. A
    delivery that was loaded already is not read again. A file that cannot be used fails its own
    table, whose loaded rows stay. Raises IngestError when the folder is missing,
    holds nothing that is expected, or leaves no customer at all; MappingError for a system that
    has no mapping.
    """
    if not folder.is_dir():
        raise IngestError(f"{folder}: there is no such folder")
    mappings = load_mappings(system, mapping_folder)
    expect_files(contract, mappings, system, folder)
    store.create_tables(warehouse, contract)
    chosen = [table for table in contract.tables if not sources or table.source in sources]
    clock = recorded_at or datetime.now(UTC)
    loads = load_tables(warehouse, settings, chosen, system, folder, mappings, clock)
    for place, load in enumerate(loads):
        # said once in a run, with the table that every delivery has
        if load.full_name == ACCOUNTS:
            unread = unread_files(contract, mappings, folder) + drafts(system, mapping_folder)
            skipped = withdrawals.sentences(withdrawals.withdrawn_in(warehouse, system, folder))
            loads[place] = replace(load, problems=(*load.problems, *unread, *skipped))
    _expect_customers(warehouse, loads)
    return loads


def load_tables(
    warehouse: Warehouse,
    settings: Settings,
    tables: Sequence[Table],
    system: str,
    folder: Path,
    mappings: dict[str, Mapping],
    recorded_at: datetime,
) -> list[TableLoad]:
    """Load some tables, parents first, of whatever `folder` holds for them and is not withdrawn."""
    withdrawn = withdrawals.withdrawn_in(warehouse, system, folder)
    with open_duckdb(settings, recorded_at) as con:
        reader = Reader(con, folder, withdrawn)
        run = _Run(warehouse, con, system, reader, mappings, recorded_at)
        return run.load_all(tables)


def _expect_customers(warehouse: Warehouse, loads: Sequence[TableLoad]) -> None:
    of_accounts = [load for load in loads if load.full_name == ACCOUNTS]
    if any(load.status != "absent" for load in of_accounts):
        found = warehouse.read_arrow(
            f"select exists (select from {ACCOUNTS} where {store.HOLDS}) as is_there"
        )
        if not found["is_there"][0].as_py():
            problems = [problem for load in loads for problem in load.problems]
            raise IngestError("\n".join(["no customer could be loaded", *problems]))


class _Run:
    """One delivery being loaded, over one DuckDB connection."""

    def __init__(
        self,
        warehouse: Warehouse,
        con: duckdb.DuckDBPyConnection,
        system: str,
        reader: Reader,
        mappings: dict[str, Mapping],
        recorded_at: datetime,
    ) -> None:
        self.warehouse = warehouse
        self.recorded_at = recorded_at
        self.roll_ups: RollUps | None = None
        self.rollups: list[Table] = []
        self.con = con
        self.system = system
        self.reader = reader
        self.mappings = mappings

    def load_all(self, tables: Sequence[Table]) -> list[TableLoad]:
        loads: list[TableLoad] = []
        self.rollups = [table for table in tables if table.full_name in ROLLUP_TABLES]
        of_events: TableLoad | None = None
        for table in tables:
            if table.full_name in ROLLUP_TABLES and of_events is None:
                of_events = self.load(EVENTS, self.load_events)
                loads.append(of_events)
            if table.full_name in ROLLUP_TABLES and of_events and of_events.status != "absent":
                loads.append(self.load_rollup(table, of_events))
            else:
                loads.append(self.load(table, self.load_table))
        if self.roll_ups:
            self.roll_ups.finish()
        return loads

    def load(self, table: Table, how: Callable[[Table], TableLoad]) -> TableLoad:
        """Load one table; a file that cannot be used fails this table only."""
        try:
            return how(table)
        except FileProblem as error:
            return self.outcome(table, "failed", problems=[self.kept(table, str(error))])

    def load_table(self, table: Table) -> TableLoad:
        rules = enforced(table, store.fetch_delivered(self.warehouse, table))
        contents = self.contents(table)
        digest = self.digest(table, rules, contents)
        if digest and (unchanged := self.unchanged(table, digest)):
            return unchanged
        delivery = self.open(table)
        if delivery is None:
            return self.absent(table)
        types = run_mapping(self.reader, delivery, "table")
        notes = find_totals(self.con, table, types, delivery.groups)
        notes += read_marks(self.con, table, types)
        store.fetch_parents(self.warehouse, self.con, rules)
        store.fetch_claimed_keys(self.warehouse, self.con, table, but=self.system)
        existing = store.fetch_existing_hashes(self.warehouse, self.con, table, self.system)
        counts = self.add_unreadable(delivery, check_rows(self.con, table, types, rules))
        counts, projected = without_projected(self.con, table, counts, delivery.groups)
        problems = [*delivery.notes, *notes, *projected, *self.left_out(delivery)]
        problems += self.rejections(table, counts)
        problems += [*damaged_keys.sentences(self.con), *self.corrections(table)]
        if counts.rows_loaded == 0 and existing > 0:
            if counts.rows_in == 0:
                problems.append(f"{delivery.files[0]}: has a header and no rows")
            # A delivery without one good row is more likely broken than true.
            problems.append(self.kept(table, f"{table.full_name}: no row can be used", WITHDRAW))
            return self.outcome(table, "failed", delivery.files, counts, problems)
        self.save(table, counts, contents, digest, problems)
        return self.outcome(table, "loaded", delivery.files, counts, problems)

    def contents(self, table: Table) -> dict[str, str]:
        """The files that were delivered for a table, with the hash of each one's content."""
        if mapping := self.mappings.get(table.full_name):
            files = [file for found in self.reader.find_mapped(mapping).values() for file in found]
        else:
            is_canonical = self.system == CANONICAL
            files = self.reader.find_table(table.full_name) if is_canonical else []
        return {file.name: content_hash(self.warehouse, self.system, file) for file in files}

    def digest(self, table: Table, rules: Sequence[Rule], contents: dict[str, str]) -> str | None:
        """What the delivery of a table is known by; None when there is none."""
        if not contents:
            return None
        mapping = self.mappings.get(table.full_name)
        sql = f"{mapping.sql} {mapping.dates} {mapping.delimiter}" if mapping else ""
        return delivery_digest(contents.items(), Reading(table, sql, rules))

    def unchanged(self, table: Table, digest: str) -> TableLoad | None:
        """The newest load, where it read this very delivery."""
        last = load_audit.last_load(self.warehouse, self.place(table))
        if last is None or last.delivery_digest != digest:
            return None
        return self.outcome(table, "unchanged", last.files, last.counts, last.problems)

    def load_events(self, table: Table) -> TableLoad:
        landing = EventLanding(
            self.warehouse, self.con, self.system, self.reader, self.mappings.get(table.full_name)
        )
        found = landing.find()
        if not found and not landing.is_withdrawn:
            return self.absent(table)
        store.fetch_parents(self.warehouse, self.con, table.rules)
        landed = landing.land(found)
        if landed.is_emptied:
            empty_rollups(self.warehouse, self.rollups, self.system, self.recorded_at)
            removed = landed.catalogue.removed
            finish_rollups(self.warehouse, landing.folder, self.system, (), removed)
        if not found and not landed.is_usable:
            return self.outcome(table, "absent")
        files = [file for file in landed.catalogue.files.values() if not file.is_lookup]
        names = [file.file for file in files]
        notes = [note for file in files for note in file.notes]
        if landed.is_usable:
            lake, clock = landing.folder, self.recorded_at
            self.roll_ups = RollUps(
                self.warehouse, self.con, self.system, lake, landed.catalogue, clock
            )
        sentences = self.quarantined if landed.is_recorded else self.rejections
        problems = [*notes, *sentences(table, landed.counts)]
        if landed.is_usable:
            return self.outcome(table, "loaded", names, landed.counts, problems)
        problems.append(self.kept(table, f"{table.full_name}: no event can be used"))
        return self.outcome(table, "failed", names, landed.counts, problems)

    def load_rollup(self, table: Table, of_events: TableLoad) -> TableLoad:
        if self.roll_ups is None or of_events.status == "failed":
            problem = f"{table.full_name}: there are no new events to roll up"
            return self.outcome(table, "failed", problems=(self.kept(table, problem),))
        self.roll_ups.refresh(table)
        rows = load_audit.rows_loaded(self.warehouse, self.system, table)
        return self.outcome(table, "loaded", of_events.files, Counts(rows, rows, 0, 0))

    def open(self, table: Table) -> Delivery | None:
        if self.system == CANONICAL:
            return self.reader.open_canonical(table)
        mapping = self.mappings.get(table.full_name)
        return self.reader.open_mapped(mapping) if mapping else None

    def place(self, table: Table) -> load_audit.Place:
        return load_audit.Place(self.system, table.source, table.name)

    def save(
        self,
        table: Table,
        counts: Counts,
        contents: dict[str, str],
        digest: str | None,
        problems: Sequence[str],
    ) -> None:
        store.save(
            self.warehouse,
            self.con,
            self.place(table),
            table=table,
            contents=contents,
            counts=counts,
            recorded_at=self.recorded_at,
            delivery_digest=digest,
            problems=problems,
        )

    def outcome(
        self,
        table: Table,
        status: str,
        files: Sequence[str] = (),
        counts: Counts = Counts(0, 0, 0, 0),  # noqa: B008 (a frozen value)
        problems: Sequence[str] = (),
    ) -> TableLoad:
        return TableLoad(
            self.system,
            table.source,
            table.name,
            status,
            tuple(files),
            counts.rows_in,
            counts.rows_loaded,
            counts.rows_quarantined,
            counts.rows_duplicate,
            tuple(problems),
        )

    def absent(self, table: Table) -> TableLoad:
        problem = f"{table.full_name}: was delivered before and is not there now"
        kept = self.kept(table, problem, WITHDRAW)
        return self.outcome(table, "absent", problems=(kept,) if kept != problem else ())

    def kept(self, table: Table, problem: str, advice: str = "") -> str:
        """The problem, and how many rows of an earlier delivery stay in spite of it.

        They stay unless that delivery was withdrawn: then those before it hold again.
        """
        withdrawals.go_back(self.warehouse, table, self.place(table), self.recorded_at)
        last = load_audit.last_load(self.warehouse, self.place(table))
        if last is None or last.counts.rows_in == 0:
            return problem
        counts = last.counts
        where = "loaded before" if counts.rows_loaded else "in quarantine"
        rows = counts.rows_loaded or counts.rows_quarantined
        stay = f"{rows:,} rows {where} stay" if rows > 1 else f"row {where} stays"
        return f"{problem}; the {stay}{advice}"

    def driving(self, delivery: Delivery) -> dict[str, tuple[Landed, ...]]:
        """The groups of files whose rows the mapping passes on, not those it only looks up in."""
        passed_on = {
            name for (name,) in self.con.execute("select distinct _file from mapped").fetchall()
        }
        groups = {
            raw: files
            for raw, files in delivery.groups.items()
            if passed_on & {file.name for file in files}
        }
        return groups or dict(delivery.groups)

    def add_unreadable(self, delivery: Delivery, counts: Counts) -> Counts:
        """Quarantine the records that no reader could take apart."""
        names = [file.name for files in self.driving(delivery).values() for file in files]
        before = self.count("select count(*) from rejected")
        self.con.execute(
            "insert into rejected select null, _file, _row, 'readable', reason, "
            "json_object('line', content)::varchar from unreadable where list_contains(?, _file)",
            [names],
        )
        more = self.count("select count(*) from rejected") - before
        return replace(
            counts,
            rows_in=counts.rows_in + more,
            rows_quarantined=counts.rows_quarantined + more,
        )

    def left_out(self, delivery: Delivery) -> list[str]:
        """A note for each group of files with more rows than the mapping passes on."""
        notes = []
        for raw, files in self.driving(delivery).items():
            rows = self.count(f"select count(*) from {quoted(raw)}")
            names = ", ".join(file.name for file in files[:3])
            passed = self.count(
                "select count(*) from mapped where list_contains(?, _file)",
                [[file.name for file in files]],
            )
            if passed < rows:
                notes.append(
                    f"{names}: {delivery.name} leaves out {rows - passed:,} of {rows:,} rows"
                )
        return notes

    def rejections(self, table: Table, counts: Counts) -> list[str]:
        """A sentence for each rule that rows broke, with the first such row as the example."""
        rows = self.con.execute(
            "select rule, count(*), min_by((_file, _row, message), (_file, _row)) "
            "from rejected group by rule order by count(*) desc, rule"
        ).fetchall()
        return [
            f"{table.full_name}: {number:,} of {counts.rows_in:,} rows quarantined by {rule}, "
            f"first {file} row {row}: {impersonal(message)}"
            for rule, number, (file, row, message) in rows
        ]

    def corrections(self, table: Table) -> list[str]:
        """A sentence for each column and rule by which cells became unknown, with an example."""
        rows = self.con.execute(
            "select column_name, count(*), min_by((_file, _row, message), (_file, _row)) "
            "from corrections group by column_name, rule order by count(*) desc, 1, rule"
        ).fetchall()
        return [
            f"{table.full_name}: {number:,} {'values' if number > 1 else 'value'} of {column} "
            f"cannot be used and count{'' if number > 1 else 's'} as unknown, "
            f"first {file} row {row}: {impersonal(message)}"
            for column, number, (file, row, message) in rows
        ]

    def quarantined(self, table: Table, counts: Counts) -> list[str]:
        """The same sentences, of all rows that wait: those of files landed earlier among them."""
        rows = self.warehouse.read_arrow(
            "select distinct on (rule) rule, count(*) over (partition by rule) as number, "
            "file, row_number, message from quarantine.rejected_rows "
            f"where system = {literal(self.system)} and source = {literal(table.source)} "
            f"and table_name = {literal(table.name)} order by rule, file, row_number"
        ).to_pylist()
        return [
            f"{table.full_name}: {row['number']:,} of {counts.rows_in:,} rows quarantined by "
            f"{row['rule']}, first {row['file']} row {row['row_number']}: "
            f"{impersonal(row['message'])}"
            for row in sorted(rows, key=lambda row: (-row["number"], row["rule"]))
        ]

    def count(self, sql: str, params: Sequence[object] = ()) -> int:
        return one_row(self.con, sql, params)[0]

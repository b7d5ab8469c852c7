"""The load audit: where every row of a delivery went, and what a load changed."""

from __future__ import annotations

from dataclasses import dataclass

from sources.checks import Counts
from sources.contract import Table
from sources.landing import literal
from warehouse import Warehouse


@dataclass(frozen=True)
class Place:
    """Whose rows of which table: what a load replaces and the load audit counts."""

    system: str
    source: str
    table: str

    @property
    def params(self) -> dict[str, str]:
        return {"system": self.system, "source": self.source, "table": self.table}


@dataclass(frozen=True)
class LastLoad:
    """What the load audit knows of the newest load of a place."""

    files: tuple[str, ...]
    counts: Counts
    delivery_digest: str | None
    problems: tuple[str, ...]


# Each change of rows is a new version of the table: what was built from an older one is stale.
MARK_CHANGED = """
insert into tenure.raw_tables (source, table_name, version, changed_at)
values (%(source)s, %(table)s, 1, %(recorded_at)s)
on conflict (source, table_name) do update set
    version = raw_tables.version + 1,
    changed_at = excluded.changed_at
"""

SAVE_LOAD = """
insert into tenure.loads (
    system, source, table_name, files, rows_in, rows_loaded, rows_quarantined, rows_duplicate,
    loaded_at, delivery_digest, problems
)
values (
    %(system)s, %(source)s, %(table)s, %(files)s, %(rows_in)s, %(rows_loaded)s,
    %(rows_quarantined)s, %(rows_duplicate)s, %(now)s, %(digest)s, %(problems)s
)
on conflict (system, source, table_name) do update set
    files = excluded.files,
    rows_in = excluded.rows_in,
    rows_loaded = excluded.rows_loaded,
    rows_quarantined = excluded.rows_quarantined,
    rows_duplicate = excluded.rows_duplicate,
    loaded_at = excluded.loaded_at,
    delivery_digest = excluded.delivery_digest,
    problems = excluded.problems
"""

OF_PLACE = "system = %(system)s and source = %(source)s and table_name = %(table)s"

ADD_REPAIRS = """
insert into tenure.repairs
select %(system)s, %(source)s, %(table)s, rule, rows_repaired
from unnest(%(rules)s::text[], %(repaired)s::bigint[]) as repaired (rule, rows_repaired)
where rows_repaired > 0
on conflict (system, source, table_name, rule) do update set
    rows_repaired = repairs.rows_repaired + excluded.rows_repaired
"""

RESTORE = f"""
update tenure.loads set
    rows_loaded = rows_loaded + %(loaded)s,
    rows_duplicate = rows_duplicate + %(duplicate)s,
    rows_quarantined = rows_quarantined - %(loaded)s - %(duplicate)s
where {OF_PLACE}
"""


def last_load(warehouse: Warehouse, place: Place) -> LastLoad | None:
    """What was loaded last; None when the system never delivered this table."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "select files, rows_in, rows_loaded, rows_quarantined, rows_duplicate, "
            f"delivery_digest, problems from tenure.loads where {OF_PLACE}",
            place.params,
        )
        found = cursor.fetchone()
    if found is None:
        return None
    files, *numbers, digest, problems = found
    return LastLoad(tuple(files), Counts(*numbers), digest, tuple(problems))


def rows_loaded(warehouse: Warehouse, system: str, table: Table) -> int:
    """Rows of `system` in use, by the load audit; zero when it never delivered this table."""
    found = warehouse.read_arrow(
        f"select coalesce(sum(rows_loaded), 0)::bigint as rows from tenure.loads "
        f"where system = {literal(system)} and source = {literal(table.source)} "
        f"and table_name = {literal(table.name)}"
    )
    return found["rows"][0].as_py()

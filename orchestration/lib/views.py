"""Views that a build takes along and does not make again: a table built anew drops those on it."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg2.errors import DatatypeMismatch, UndefinedColumn, UndefinedFunction, UndefinedTable
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from warehouse import Warehouse

KEEP_SQL = """
insert into tenure.kept_views (schema_name, view_name, definition, description)
select
    namespaces.nspname,
    relations.relname,
    pg_get_viewdef(relations.oid),
    obj_description(relations.oid, 'pg_class')
from pg_class as relations
inner join pg_namespace as namespaces on relations.relnamespace = namespaces.oid
where
    relations.relkind = 'v'
    and namespaces.nspname in ('staging', 'intermediate', 'marts')
    and namespaces.nspname || '/' || relations.relname <> all (%(built)s)
on conflict (schema_name, view_name) do update set
    definition = excluded.definition,
    description = excluded.description
"""
GONE_SQL = """
select schema_name, view_name, definition, description
from tenure.kept_views
where to_regclass(format('%I.%I', schema_name, view_name)) is null
"""
# What a view reads is gone, or is of another type by now.
UNFIT = (DatatypeMismatch, UndefinedColumn, UndefinedFunction, UndefinedTable)


@dataclass(frozen=True)
class View:
    """A view as it was created."""

    schema: str
    name: str
    definition: str
    description: str | None


def keep_views(warehouse: Warehouse, built: Collection[str]) -> None:
    """Write down the views that are there and that a build of these assets does not make."""
    warehouse.execute(KEEP_SQL, {"built": list(built)})


def restore_views(warehouse: Warehouse) -> list[str]:
    """Create the kept views anew that are gone; those that what they read does not allow, and why.

    They stay kept until `forget_views`.
    """
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(GONE_SQL)
        gone = [View(*row) for row in cursor.fetchall()]
        # one may read another: again, as long as that helps
        while len(lost := _restored(cursor, gone)) < len(gone):
            gone = list(lost)
    return [f"{view.schema}.{view.name}: {reason}" for view, reason in lost.items()]


def forget_views(warehouse: Warehouse) -> None:
    """Keep no view any more: the build has ended well."""
    warehouse.execute("delete from tenure.kept_views")


def _restored(cursor: Cursor, views: Collection[View]) -> dict[View, str]:
    """Create these; those that could not be created, with PostgreSQL's reason."""
    lost = {}
    for view in views:
        name = SQL("{}.{}").format(Identifier(view.schema), Identifier(view.name))
        cursor.execute("savepoint before_view")
        try:
            cursor.execute(SQL("create view {} as ").format(name) + SQL(view.definition))
        except UNFIT as error:
            cursor.execute("rollback to savepoint before_view")
            lost[view] = str(error).partition("\n")[0]
            continue
        if view.description is not None:
            cursor.execute(SQL("comment on view {} is %s").format(name), (view.description,))
    return lost

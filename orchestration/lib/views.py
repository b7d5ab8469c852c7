"""Views that a build takes along and does not make again: a table built anew drops those on it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from psycopg2 import DatabaseError
from psycopg2.sql import SQL, Identifier

from warehouse import Warehouse

# A view is younger than all that it reads, and so are the numbers that PostgreSQL gives them.
VIEWS_SQL = """
select
    namespaces.nspname as schema_name,
    relations.relname as view_name,
    pg_get_viewdef(relations.oid) as definition,
    obj_description(relations.oid, 'pg_class') as description
from pg_class as relations
inner join pg_namespace as namespaces on relations.relnamespace = namespaces.oid
where relations.relkind = 'v' and namespaces.nspname in ('staging', 'intermediate', 'marts')
order by relations.oid
"""
IS_THERE_SQL = "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null"


@dataclass(frozen=True)
class View:
    """A view as it was created."""

    schema: str
    name: str
    definition: str
    description: str | None

    @property
    def asset(self) -> str:
        """Its asset's name."""
        return f"{self.schema}/{self.name}"


def views_beside(warehouse: Warehouse, built: Collection[str]) -> list[View]:
    """The views that are there and that a build of these assets does not make, parents first."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(VIEWS_SQL)
        views = [View(*row) for row in cursor.fetchall()]
    return [view for view in views if view.asset not in built]


def restore_views(warehouse: Warehouse, views: Iterable[View]) -> None:
    """Create those anew that are gone, as they were; not one whose columns are gone as well."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for view in views:
            cursor.execute(IS_THERE_SQL, (view.schema, view.name))
            [is_there] = cursor.fetchone() or [True]
            if is_there:
                continue
            name = SQL("{}.{}").format(Identifier(view.schema), Identifier(view.name))
            cursor.execute("savepoint before_view")
            try:
                cursor.execute(SQL("create view {} as ").format(name) + SQL(view.definition))
                if view.description is not None:
                    cursor.execute(
                        SQL("comment on view {} is %s").format(name), (view.description,)
                    )
            except DatabaseError:
                cursor.execute("rollback to savepoint before_view")

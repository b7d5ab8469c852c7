"""What keeps a reader from stopping others (bounds.sql): what of it is not in force."""

from __future__ import annotations

from warehouse.database import Warehouse

# What warehouse/bounds.sql could not set, which takes an administrator where the owner is none.
UNBOUNDED = """
with

stored as (
    select split_part(setting, '=', 1) as name
    from pg_db_role_setting as settings
    inner join pg_roles as roles on settings.setrole = roles.oid
    cross join unnest(settings.setconfig) as setting
    where roles.rolname = 'tenure_reader' and settings.setdatabase = 0
),

found (place, words) as (
    select 1, 'no ' || name
    from unnest(
        array['statement_timeout', 'idle_in_transaction_session_timeout', 'temp_file_limit']
    ) as name
    where name not in (select stored.name from stored)

    union all
    select 2, 'no connection limit'
    from pg_roles
    where rolname = 'tenure_reader' and rolconnlimit < 0

    union all
    select 3, 'may make temporary tables'
    where has_database_privilege('tenure_reader', current_database(), 'temporary')

    union all
    select 4, 'may make large objects'
    where has_function_privilege('tenure_reader', 'lo_from_bytea(oid, bytea)', 'execute')

    union all
    select 5, 'may take advisory locks'
    where has_function_privilege('tenure_reader', 'pg_advisory_lock(bigint)', 'execute')

    union all
    select 6, 'may connect to ' || datname
    from pg_database
    where
        datname = any (%(others)s)
        and has_database_privilege('tenure_reader', datname, 'connect')
)

select words from found
order by place, words
"""


def unbounded(warehouse: Warehouse) -> list[str]:
    """What a reader may still do to others, in words; nothing on Tenure's own server."""
    settings = warehouse.settings
    others = [settings.dagster_database, settings.mlflow_database]
    if settings.is_embedded:
        others += ["postgres", "template1"]
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(UNBOUNDED, {"others": others})
        return [words for (words,) in cursor.fetchall()]

"""Who is in the way of a statement that gave up waiting for a lock."""

from __future__ import annotations

from contextlib import closing

import psycopg2

# The sessions of Tenure's own locks touch nothing outside the schema `tenure`.
HOLDERS = """
select
    sessions.pid,
    sessions.usename,
    to_char(sessions.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
from pg_stat_activity as sessions
where
    sessions.datname = current_database()
    and sessions.pid <> pg_backend_pid()
    and sessions.xact_start < now() - interval '1 second'
    and exists (
        select from pg_locks as locks
        inner join pg_class as relations on locks.relation = relations.oid
        where
            locks.pid = sessions.pid
            and locks.granted
            and relations.relnamespace <> all (
                array['tenure', 'pg_catalog', 'information_schema']::regnamespace[]
            )
    )
order by sessions.xact_start
limit 3
"""


def holders_in_words(url: str) -> str:
    """The sessions whose transactions hold tables the longest; empty where none does any more."""
    try:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(HOLDERS)
            rows = cursor.fetchall()
    except psycopg2.Error:
        return ""
    return "; ".join(f"session {pid} of {role}, since {began}" for pid, role, began in rows)


def busy_in_words(url: str, text: str) -> str:
    """What to say of a statement that waited for a lock in vain, with the database's own words."""
    holders = holders_in_words(url)
    who = f"Transactions are open: {holders}. " if holders else ""
    return (
        f"A table was in use for too long. {who}Wait until that has ended, or end it by "
        f"select pg_terminate_backend(<session>), and run again. {text}"
    )

-- What one command keeps from another is locked as a whole table of this schema, which readers may
-- not even look into: an advisory lock could be taken by any role that may connect. A lock on a
-- table takes no transaction id, so that holding one for hours does not keep vacuum from its work,
-- and it ends with the session, however that ends.

-- Grain: one row at most, the command that took the lock last: whether it still holds it is what
-- pg_locks says. A home that was set back to an earlier migration by a restore has it already.
create table if not exists tenure.run_lock (
    is_only boolean primary key default true check (is_only),
    session_pid integer not null,
    command text not null,
    run_id text,
    host_name text not null,
    process_id integer not null,
    taken_at timestamptz not null default now()
);

-- Autovacuum takes the very lock that a run takes: the run would wait for it.
alter table tenure.run_lock set (autovacuum_enabled = false);

-- Never has a row: `tenure score` and `tenure diff` lock it while they build one account.
create table if not exists tenure.scratch_lock (is_locked boolean);

-- Nothing is overwritten: a raw row says when Tenure first knew it and when it ceased to hold, and
-- every run is a row of its own.

do $$
declare
    raw record;
begin
    -- raw tables are those that ingestion made: no other has a hash per row
    for raw in
        select
            n.nspname as schema_name,
            c.relname as table_name,
            bool_or(a.attname = '_loaded_at') as has_loaded_at,
            bool_or(a.attname = '_superseded_at') as has_superseded_at
        from pg_attribute as a
        inner join pg_class as c on a.attrelid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        where a.attnum > 0 and not a.attisdropped and c.relkind = 'r' and n.nspname != 'tenure'
        group by n.nspname, c.relname
        having bool_or(a.attname = '_row_hash')
    loop
        if raw.has_loaded_at then
            execute format(
                'alter table %I.%I rename column _loaded_at to _recorded_at',
                raw.schema_name, raw.table_name
            );
        end if;
        if not raw.has_superseded_at then
            execute format(
                'alter table %I.%I add column _superseded_at timestamptz',
                raw.schema_name, raw.table_name
            );
        end if;
    end loop;
end
$$;

-- One row per run, resolved once. `as_of_date` is null until the sources are loaded, where the
-- caller named none. Rows that the run loads are recorded at its `known_as_of`. `state_signature` is
-- of all that the run read and left behind: while it is the same, there is nothing to do.
create table tenure.runs (
    run_id text primary key,
    job text not null,
    -- unchanged: there was nothing to do
    status text not null check (
        status in ('running', 'succeeded', 'failed', 'interrupted', 'unchanged')
    ),
    as_of_date date,
    known_as_of timestamptz not null,
    is_known_as_of_given boolean not null,
    is_full_refresh boolean not null,
    code_version text not null,
    policy_version text not null,
    state_signature text,
    started_at timestamptz not null default now(),
    finished_at timestamptz
);

-- One row per raw table: how often its rows have changed, and for which state of the table and its
-- parents orphans were looked for. What is built from a table is current while its version is.
create table tenure.raw_tables (
    source text not null,
    table_name text not null,
    version bigint not null,
    changed_at timestamptz not null,
    reconciled_versions text,
    primary key (source, table_name)
);

-- One row per asset that is built from others: the digest of everything that it was built from.
create table tenure.asset_states (
    asset text primary key,
    signature text not null,
    run_id text not null,
    built_at timestamptz not null default now()
);

-- One row per delivered file: while size and time are the same, its content is not read again.
create table tenure.file_fingerprints (
    system text not null,
    file text not null,
    size_bytes bigint not null,
    modified_at timestamptz not null,
    sha256 text not null,
    primary key (system, file)
);

-- What the load read (files, mapping, contract), so that the same delivery is not parsed again, and
-- what was found wrong with it, so that it is still said.
alter table tenure.loads
add column delivery_digest text,
add column problems jsonb not null default '[]';

-- What the check judged: suite and version of the table.
alter table tenure.checks
add column evaluated_signature text,
add column note text not null default '';

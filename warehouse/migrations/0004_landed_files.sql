-- What was landed, and where its events lie. Every statement may run again.

create schema if not exists tenure;

-- One row per landing of a file: a file that changes is withdrawn and landed anew. Files that a
-- mapping only looks things up in have no rows of their own.
create table if not exists tenure.landed_files (
    landing_id bigint generated always as identity primary key,
    system text not null,
    source text not null,
    table_name text not null,
    file text not null,
    is_lookup boolean not null,
    size bigint not null,
    modified_at timestamptz not null,
    sha256 text not null,
    mapping_hash text not null,
    rows_in bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    rows_duplicate bigint not null,
    -- of the duplicates, those of an event that another file holds
    rows_repeated bigint not null,
    rows_late bigint not null,
    notes text[] not null,
    recorded_at timestamptz not null,
    withdrawn_at timestamptz,
    constraint every_row_of_a_file_is_accounted_for
    check (rows_in = rows_loaded + rows_quarantined + rows_duplicate)
);

create unique index if not exists landed_files_that_hold
on tenure.landed_files (system, source, table_name, file) where withdrawn_at is null;

-- One row per Parquet file of the event lake. A part that was removed stays until the days that it
-- held are rolled up again: it says which they are.
create table if not exists tenure.lake_parts (
    system text not null,
    part text not null,
    file text not null,
    event_count bigint not null,
    first_date date not null,
    last_date date not null,
    has_event_ids boolean not null,
    has_users boolean not null,
    has_feature_users boolean not null,
    has_sessions boolean not null,
    has_api_calls boolean not null,
    has_data_bytes boolean not null,
    added_at timestamptz not null,
    rolled_up_at timestamptz,
    removed_at timestamptz,
    primary key (system, part)
);

-- One row per system and roll-up: what it was computed with.
create table if not exists tenure.lake_rollups (
    system text not null,
    table_name text not null,
    sql_hash text not null,
    knowledge jsonb not null,
    rolled_up_at timestamptz not null,
    primary key (system, table_name)
);

-- One row per account that has, or had, events in the lake: those that leave are found here
-- instead of in the events.
create table if not exists tenure.lake_accounts (
    system text not null,
    account_id text not null,
    primary key (system, account_id)
);

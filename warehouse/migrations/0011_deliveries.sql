-- What each load of a raw table read, and which files are not to be read any more: so that a wrong
-- delivery can be withdrawn, and what it had replaced can hold again. Every statement may run again.

-- One row per load of a raw table: its files, by name, with the hash of each one's content.
create table if not exists tenure.deliveries (
    delivery_id bigint generated always as identity primary key,
    system text not null,
    source text not null,
    table_name text not null,
    files jsonb not null,
    recorded_at timestamptz not null
);

create index if not exists deliveries_by_place on tenure.deliveries (system, source, table_name);

-- One row per withdrawn content of a file.
create table if not exists tenure.withdrawn_files (
    system text not null,
    file text not null,
    sha256 text not null,
    withdrawn_at timestamptz not null,
    primary key (system, file, sha256)
);

-- Of the loads before, the newest of each table is known.
insert into tenure.deliveries (system, source, table_name, files, recorded_at)
select
    loads.system,
    loads.source,
    loads.table_name,
    jsonb_object_agg(prints.file, prints.sha256) as files,
    loads.loaded_at
from tenure.loads as loads
inner join tenure.file_fingerprints as prints
    on loads.system = prints.system and prints.file = any(loads.files)
where
    loads.delivery_digest is not null
    and not exists (
        select from tenure.deliveries as known
        where
            known.system = loads.system
            and known.source = loads.source
            and known.table_name = loads.table_name
    )
group by loads.system, loads.source, loads.table_name, loads.loaded_at;

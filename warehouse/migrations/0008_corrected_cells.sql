-- What a file said in cells that could not be used: null in the raw table, whose row stays. Every
-- statement may run again.

create table if not exists quarantine.corrected_cells (
    system text not null,
    source text not null,
    table_name text not null,
    file text not null,
    row_number bigint,
    column_name text not null,
    rule text not null,
    message text not null,
    content text,
    corrected_at timestamptz not null
);

create index if not exists corrected_cells_by_place
on quarantine.corrected_cells (system, source, table_name);

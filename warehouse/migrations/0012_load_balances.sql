-- Where the rows of each delivery went, summed up once for all who ask: the report on the data,
-- `tenure check`, the marts that the app reads. Every statement may run again.

-- One row per system and raw table: rows_in = rows_loaded + rows_quarantined + rows_duplicate.
-- What was rolled up from events was not delivered: the events were.
create or replace view tenure.table_balances as
with

corrected_rows as (
    select distinct
        system,
        source,
        table_name,
        file,
        row_number
    from quarantine.corrected_cells
),

corrected as (
    select
        system,
        source,
        table_name,
        count(*) as rows_corrected
    from corrected_rows
    group by system, source, table_name
)

select
    loads.system,
    loads.source,
    loads.table_name,
    loads.rows_in,
    loads.rows_loaded,
    coalesce(corrected.rows_corrected, 0) as rows_corrected,
    loads.rows_quarantined,
    loads.rows_duplicate,
    coalesce(repairs.rows_repaired, 0) as cells_corrected,
    loads.loaded_at,
    loads.problems as notes
from tenure.loads
left join tenure.repairs
    on
        loads.system = repairs.system
        and loads.source = repairs.source
        and loads.table_name = repairs.table_name
        and repairs.rule = 'corrected'
left join corrected
    on
        loads.system = corrected.system
        and loads.source = corrected.source
        and loads.table_name = corrected.table_name
where not exists (
    select
    from tenure.lake_rollups
    where
        loads.system = lake_rollups.system
        and loads.source || '.' || loads.table_name = lake_rollups.table_name
);

-- One row per system, raw table and rule with rows in quarantine. The example is the first row of
-- the first file; its content stays where it is, in quarantine.rejected_rows.
create or replace view quarantine.rejection_summary as
with

counted as (
    select
        system,
        source,
        table_name,
        rule,
        count(*) as rows_rejected,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from quarantine.rejected_rows
    group by system, source, table_name, rule
),

examples as (
    select distinct on (system, source, table_name, rule)
        system,
        source,
        table_name,
        rule,
        rejection_id,
        file,
        row_number,
        message
    from quarantine.rejected_rows
    order by system, source, table_name, rule, file, row_number, rejection_id
)

select
    counted.system,
    counted.source,
    counted.table_name,
    counted.rule,
    counted.rows_rejected,
    examples.rejection_id as example_rejection_id,
    examples.file as example_file,
    examples.row_number as example_row,
    examples.message as example_message,
    counted.first_seen_at,
    counted.last_seen_at
from counted
inner join examples
    on
        counted.system = examples.system
        and counted.source = examples.source
        and counted.table_name = examples.table_name
        and counted.rule = examples.rule;

-- One row per system, raw table and column with cells that could not be used.
create or replace view quarantine.correction_summary as
with

counted as (
    select
        system,
        source,
        table_name,
        column_name,
        count(*) as cells_corrected
    from quarantine.corrected_cells
    group by system, source, table_name, column_name
),

examples as (
    select distinct on (system, source, table_name, column_name)
        system,
        source,
        table_name,
        column_name,
        file,
        row_number,
        message
    from quarantine.corrected_cells
    order by system, source, table_name, column_name, file, row_number, message
)

select
    counted.system,
    counted.source,
    counted.table_name,
    counted.column_name,
    counted.cells_corrected,
    examples.file as example_file,
    examples.row_number as example_row,
    examples.message as example_message
from counted
inner join examples
    on
        counted.system = examples.system
        and counted.source = examples.source
        and counted.table_name = examples.table_name
        and counted.column_name = examples.column_name;

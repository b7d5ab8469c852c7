-- A view: what the newest load found must show although a failed check stops the build of all else.
{{ config(materialized='view') }}

-- Grain: one row per system, source and table that was delivered.
with

table_balances as (select * from {{ source('tenure', 'table_balances') }}),

deliveries as (select * from {{ ref('int_table_deliveries') }}),

joined as (
    select
        table_balances.system,
        table_balances.source,
        table_balances.table_name,
        table_balances.rows_in,
        table_balances.rows_loaded,
        table_balances.rows_quarantined,
        table_balances.rows_duplicate,
        table_balances.cells_corrected,
        deliveries.newest_delivered_date as newest_fact_date,
        table_balances.loaded_at,
        table_balances.notes
    from table_balances
    left join deliveries
        -- of events the models know their days alone
        on deliveries.source_table = case
            when table_balances.source = 'product' and table_balances.table_name = 'events'
                then 'product.account_days'
            else table_balances.source || '.' || table_balances.table_name
        end
)

select * from joined

-- Grain: one row per source that a signal needs.
with

signals as (select * from {{ ref('dim_signals') }}),

deliveries as (
    select * from {{ ref('int_table_deliveries') }}
    -- that someone overrode a score tells nothing of goals and onboarding
    where source_table <> 'success.health_overrides'
),

needed as (
    select
        needed_tables.source_table,
        count(*) as signals
    from signals
    cross join lateral unnest(signals.source_tables) as needed_tables (source_table)
    -- a company that sends its events has nothing to add up before
    left join deliveries as events
        on
            needed_tables.source_table = 'product.usage_metrics'
            and events.source_table = 'product.account_days'
    where not coalesce(events.is_delivered, false)
    group by needed_tables.source_table
),

-- a table that a signal needs and that int_table_deliveries does not list shows as never delivered
tables as (
    select
        split_part(coalesce(deliveries.source_table, needed.source_table), '.', 1) as source,
        split_part(coalesce(deliveries.source_table, needed.source_table), '.', 2) as table_name,
        coalesce(needed.signals, 0) as signals,
        deliveries.first_delivered_date,
        coalesce(deliveries.is_delivered, false) as is_delivered
    from deliveries
    full outer join needed on deliveries.source_table = needed.source_table
),

sources as (
    select
        source,
        min(first_delivered_date) as first_delivered_date,
        bool_or(is_delivered) as is_connected,
        string_agg(
            table_name, ', '
            order by table_name
        ) filter (where not is_delivered and signals > 0) as missing_tables,
        coalesce(sum(signals) filter (where not is_delivered), 0)::integer as missing_signals
    from tables
    group by source
    having sum(signals) > 0
)

select * from sources

-- Grain: one row per signal.
-- A table, not a view: it is the only look at all snapshots that a score needs.
{{ config(materialized='table') }}

with

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_open
),

first_dates as (
    select
        {{ first_known_dates(signal_registry()) }}
    from snapshots
),

signals as (
    select
        signals.signal,
        signals.first_known_date
    from first_dates
    cross join
        lateral (
            values
            {{ signal_values(signal_registry(), 'first_dates') }}
        ) as signals (signal, first_known_date)
)

select * from signals

-- Grain: one row per signal.
with

signal_dates as (select * from {{ ref('int_signal_dates') }}),

registry as (
    select registry.signal
    from unnest(array[{{ signal_names(signal_registry()) }}]::text[]) as registry (signal)
),

first_dates as (
    select
        known.signal,
        min(signal_dates.snapshot_date) as first_known_date
    from signal_dates
    cross join lateral unnest(signal_dates.known_signals) as known (signal)
    group by known.signal
)

select
    registry.signal,
    first_dates.first_known_date
from registry
left join first_dates on registry.signal = first_dates.signal

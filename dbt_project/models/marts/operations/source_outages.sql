-- Grain: one row per source and outage.
-- A view: the outages themselves are kept.
{{ config(materialized='view') }}

with

outages as (select * from {{ ref('int_source_outages') }}),

policy as (select * from {{ ref('outage_policy') }}),

measured as (
    select
        outages.source,
        policy.label,
        outages.first_missing_date,
        outages.last_missing_date,
        outages.last_missing_date - outages.first_missing_date + 1 as missing_days,
        outages.is_over,
        -- the longest window of a signal that is counted reaches back 90 days
        outages.last_missing_date > {{ as_of_date() }} - 90 as is_within_90d
    from outages
    inner join policy on outages.source = policy.source
),

worded as (
    select
        *,
        label || ' are missing for ' || {{ counted('missing_days', 'day') }} || ', from '
        || to_char(first_missing_date, 'FMDD Mon YYYY')
        || case
            when is_over then ' to ' || to_char(last_missing_date, 'FMDD Mon YYYY')
            else ' on'
        end as sentence
    from measured
)

select * from worded

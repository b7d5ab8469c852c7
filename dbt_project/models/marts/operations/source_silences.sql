-- Grain: one row per source and period of silence.
with

silences as (select * from {{ ref('int_source_silences') }}),

policy as (select * from {{ ref('silence_policy') }}),

measured as (
    select
        silences.source,
        policy.label,
        silences.first_silent_date,
        silences.last_silent_date,
        silences.last_silent_date - silences.first_silent_date + 1 as silent_days,
        silences.is_over,
        -- the longest window of a signal that is counted reaches back 90 days
        silences.last_silent_date > {{ as_of_date() }} - 90 as is_within_90d
    from silences
    inner join policy on silences.source = policy.source
),

worded as (
    select
        *,
        label || ' are missing for ' || silent_days || ' days, from '
        || to_char(first_silent_date, 'FMDD Mon YYYY')
        || case
            when is_over then ' to ' || to_char(last_silent_date, 'FMDD Mon YYYY')
            else ' on'
        end as sentence
    from measured
)

select * from worded

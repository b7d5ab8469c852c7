-- Grain: one row per account and period for which its segment and success manager were those known.
-- This reads the raw table itself: staging has what holds, and nothing that held.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['account_id', 'recorded_date'],
        on_schema_change='append_new_columns'
    )
}}

with

recordings as (select * from {{ recorded(source('crm', 'accounts')) }} as recordings),

segments as (select * from {{ ref('segments') }}),

-- of several recordings on one day the last one is known at its end
days as (
    select distinct on (account_id, recorded_date)
        account_id,
        {{ utc_date('_recorded_at') }} as recorded_date,
        employee_count,
        touch_tier,
        csm_id
    from recordings
    order by
        account_id asc,
        recorded_date asc,
        _recorded_at desc,
        _superseded_at desc nulls first
),

segmented as (
    select distinct on (days.account_id, days.recorded_date)
        days.account_id,
        days.recorded_date,
        coalesce(segments.segment, 'unknown') as segment,
        days.touch_tier,
        days.csm_id
    from days
    left join segments on days.employee_count >= segments.minimum_employees
    order by
        days.account_id asc,
        days.recorded_date asc,
        segments.minimum_employees desc nulls last
),

compared as (
    select
        *,
        lag(recorded_date) over by_account as previous_date,
        lag(segment) over by_account as previous_segment,
        lag(touch_tier) over by_account as previous_touch_tier,
        lag(csm_id) over by_account as previous_csm_id
    from segmented
    window by_account as (partition by account_id order by recorded_date)
),

changes as (
    select * from compared
    where
        previous_date is null
        or segment != previous_segment
        or touch_tier is distinct from previous_touch_tier
        or csm_id is distinct from previous_csm_id
),

-- what was recorded first is the oldest that is known of the days before it
periods as (
    select
        account_id,
        segment,
        touch_tier,
        csm_id,
        recorded_date,
        case when previous_date is not null then recorded_date end as valid_from,
        lead(recorded_date) over (partition by account_id order by recorded_date) as valid_to
    from changes
)

select * from periods

-- Grain: one row per measure and period of which the product counted it of nearly no account.
-- The accounts used the product meanwhile: a fall that nearly all of them share on one day is the
-- source's, one by one it is theirs. As in int_source_outages, what is usual is read from the days
-- before alone.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['measure', 'first_missing_date'],
        on_schema_change='append_new_columns'
    )
}}

{#- The column of int_product_days that counts the accounts of each. -#}
{%- set measures = {
    'active_users': 'accounts_with_users',
    'sessions': 'accounts_with_sessions',
    'api_calls': 'accounts_with_api_calls',
    'data_bytes': 'accounts_with_data_bytes',
} %}

with

product_days as (
    select * from {{ ref('int_product_days') }}
    where is_reported and usage_date <= {{ as_of_date() }}
),

policy as (
    select * from {{ ref('outage_policy') }}
    where source = 'product' and stopped_share is not null
),

peer_policy as (select minimum_peers from {{ ref('signal_policy') }}),

counted as (
    {% for measure, column in measures.items() -%}
        select
            '{{ measure }}' as measure,
            usage_date,
            accounts,
            {{ column }} as accounts_counted
        from product_days
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

usual as (
    select
        *,
        -- of a year, so that a stop of months does not become what is usual
        avg(accounts_counted::numeric / accounts) over (
            partition by measure order by usage_date
            range between interval '364 days' preceding and interval '1 day' preceding
        ) as usual_share
    from counted
),

-- of few accounts one that leaves is no small part: such days say nothing
compared as (
    select
        usual.measure,
        usual.usage_date,
        usual.usual_share,
        usual.accounts_counted::numeric / usual.accounts as counted_share,
        usual.accounts_counted > (1 - policy.stopped_share) * usual.usual_share * usual.accounts
            as is_counted
    from usual
    cross join policy
    cross join peer_policy
    where usual.usual_share * usual.accounts >= peer_policy.minimum_peers
),

numbered as (
    select
        *,
        row_number() over by_measure as day_number,
        count(*) over (partition by measure) as compared_days,
        lead(usage_date) over by_measure as next_date,
        min(usage_date) over (partition by measure) as compared_from,
        -- a day more than were seen: nothing is so regular that one such day is impossible
        count(*) filter (where is_counted) over last_91_days
        / (count(*) over last_91_days + 1)::numeric as counted_share_91d
    from compared
    window
        by_measure as (partition by measure order by usage_date),
        last_91_days as (
            partition by measure order by usage_date
            range between interval '90 days' preceding and current row
        )
),

runs as (
    select
        *,
        lead(day_number) over by_measure as next_counted_number,
        lead(usage_date) over by_measure as next_counted_date,
        avg(counted_share) over last_7_days as recent_share
    from numbered
    where is_counted
    window
        by_measure as (partition by measure order by usage_date),
        last_7_days as (
            partition by measure order by usage_date
            range between interval '6 days' preceding and current row
        )
),

gaps as (
    select
        runs.measure,
        runs.day_number,
        runs.next_date as first_missing_date,
        coalesce(runs.next_counted_date - 1, {{ as_of_date() }}) as last_missing_date,
        runs.next_counted_date is not null as is_over,
        coalesce(runs.next_counted_number, runs.compared_days + 1) - runs.day_number - 1 as missing_days,
        ceil(ln(policy.outage_p_value) / ln(1 - runs.counted_share_91d))::integer as usual_days
    from runs
    cross join policy
    where
        runs.counted_share_91d >= policy.reported_share_floor
        -- a rhythm is known after 13 whole weeks
        and runs.usage_date - 90 >= runs.compared_from
        -- at once: most of what is usual was there to the last
        and runs.recent_share >= policy.last_counted_share * runs.usual_share
),

outages as (
    select
        gaps.measure,
        gaps.first_missing_date,
        gaps.last_missing_date,
        -- the day on which it was too long to be chance
        numbered.usage_date as known_from,
        gaps.is_over
    from gaps
    inner join numbered
        on
            gaps.measure = numbered.measure
            and gaps.day_number + gaps.usual_days = numbered.day_number
    where gaps.missing_days >= gaps.usual_days
)

select * from outages

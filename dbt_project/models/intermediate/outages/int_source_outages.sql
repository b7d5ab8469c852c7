-- Grain: one row per source and outage, the one that still lasts included.
-- What is usual is read from the days before a gap alone, so that no later day changes a verdict.
-- A table, not a view: four models read it.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['source', 'first_missing_date'],
        on_schema_change='append_new_columns'
    )
}}

with

reported_days as (select * from {{ ref('int_source_reported_days') }}),

policy as (select * from {{ ref('outage_policy') }}),

rhythms as (
    select
        source,
        reported_date,
        lead(reported_date) over by_source as next_reported_date,
        min(reported_date) over (partition by source) as reported_from,
        -- a day more than were seen: nothing is so regular that one empty day is impossible
        count(*) over last_91_days / (91 + 1)::numeric as reported_share_91d
    from reported_days
    window
        by_source as (partition by source order by reported_date),
        last_91_days as (
            partition by source order by reported_date
            range between interval '90 days' preceding and current row
        )
),

gaps as (
    select
        rhythms.source,
        rhythms.reported_date + 1 as first_missing_date,
        coalesce(rhythms.next_reported_date - 1, {{ as_of_date() }}) as last_missing_date,
        rhythms.next_reported_date is not null as is_over,
        ceil(ln(policy.outage_p_value) / ln(1 - rhythms.reported_share_91d))::integer as usual_days
    from rhythms
    inner join policy on rhythms.source = policy.source
    where
        rhythms.reported_share_91d >= policy.reported_share_floor
        -- a rhythm is known after 13 whole weeks
        and rhythms.reported_date - 90 >= rhythms.reported_from
),

outages as (
    select
        source,
        first_missing_date,
        last_missing_date,
        -- the day on which the outage was too long to be chance
        first_missing_date + usual_days - 1 as known_from,
        is_over
    from gaps
    where last_missing_date - first_missing_date + 1 >= usual_days
)

select * from outages

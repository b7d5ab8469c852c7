-- Grain: one row per source and period of silence, the one that still lasts included.
-- What is usual is read from the days before a gap alone, so that no later day changes a verdict.
-- A table, not a view: four models read it.
{{ config(materialized='table') }}

with

told_days as (select * from {{ ref('int_source_told_days') }}),

policy as (select * from {{ ref('silence_policy') }}),

rhythms as (
    select
        source,
        told_date,
        lead(told_date) over by_source as next_told_date,
        min(told_date) over (partition by source) as told_from,
        -- a day more than were seen: nothing is so regular that one empty day is impossible
        count(*) over last_91_days / (91 + 1)::numeric as told_share_91d
    from told_days
    window
        by_source as (partition by source order by told_date),
        last_91_days as (
            partition by source order by told_date
            range between interval '90 days' preceding and current row
        )
),

gaps as (
    select
        rhythms.source,
        rhythms.told_date + 1 as first_silent_date,
        coalesce(rhythms.next_told_date - 1, {{ as_of_date() }}) as last_silent_date,
        rhythms.next_told_date is not null as is_over,
        ceil(ln(policy.silence_chance) / ln(1 - rhythms.told_share_91d))::integer as usual_days
    from rhythms
    inner join policy on rhythms.source = policy.source
    where
        rhythms.told_share_91d >= policy.told_share_floor
        -- a rhythm is known after 13 whole weeks
        and rhythms.told_date - 90 >= rhythms.told_from
),

silences as (
    select
        source,
        first_silent_date,
        last_silent_date,
        -- the day on which the silence was too long to be chance
        first_silent_date + usual_days - 1 as known_from,
        is_over
    from gaps
    where last_silent_date - first_silent_date + 1 >= usual_days
)

select * from silences

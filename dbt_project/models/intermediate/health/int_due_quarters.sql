-- Grain: one row per quarter whose evidence is to be gathered or deleted in this run.
-- A table, not a view: it must not change while the evidence is written.
{{ config(materialized='table') }}
-- depends_on: {{ ref('account_snapshots') }}
-- Weeks and today list in int_unscored_snapshots what they computed: without this line dbt may look
-- before they have, and the quarters of changed weeks keep the evidence of the old ones.

with

outcomes as (select * from {{ ref('int_quarter_outcomes') }}),

policy as (select * from {{ ref('learned_weights_policy') }}),

unscored as (select * from {{ ref('int_unscored_snapshots') }}),

present as (
    {{ quarters_evidenced() }}
),

quarters as (
    select
        outcomes.quarter_start,
        md5(
            concat_ws(
                ' ',
                '{{ learned_lines_hash() }}',
                policy.window_from_days,
                policy.window_to_days,
                policy.bad_below_points,
                string_agg(
                    concat_ws(' ', outcomes.account_id, outcomes.reference_date, outcomes.has_churned),
                    ' ' order by outcomes.account_id, outcomes.reference_date, outcomes.has_churned
                )
            )
        ) as input_hash
    from outcomes
    cross join policy
    group by
        outcomes.quarter_start,
        policy.window_from_days,
        policy.window_to_days,
        policy.bad_below_points
),

-- the windows of a quarter's accounts, counted back from any day of the three months before it
changed_weeks as (
    select distinct quarters.quarter_start
    from quarters
    cross join policy
    inner join unscored
        on
            unscored.snapshot_date <= quarters.quarter_start - policy.window_from_days
            and unscored.snapshot_date
            >= (quarters.quarter_start - interval '3 months')::date - policy.window_to_days
)

select
    coalesce(quarters.quarter_start, present.quarter_start) as quarter_start,
    quarters.input_hash
from quarters
full join present on quarters.quarter_start = present.quarter_start
left join changed_weeks on quarters.quarter_start = changed_weeks.quarter_start
where
    -- of a run that goes back: a full refresh knows no hash of what it finds
    quarters.quarter_start is null
    or quarters.input_hash is distinct from present.input_hash
    or changed_weeks.quarter_start is not null

-- Grain: one row per learned scorecard, signal and quarter in whose three months before it accounts
-- churned or stayed.
-- Only of quarters that are due: it averages half a year of snapshots per account and quarter.
{{
    config(
        materialized='incremental',
        incremental_strategy='due_rows',
        meta={'due': {'relation': 'int_due_quarters', 'key': ['quarter_start']}},
        unique_key=['scorecard', 'signal', 'quarter_start'],
        on_schema_change='append_new_columns',
        full_refresh=false
    )
}}

with

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_open
),

due as (select * from {{ ref('int_due_quarters') }}),

all_outcomes as (select * from {{ ref('int_quarter_outcomes') }}),

policy as (select * from {{ ref('learned_weights_policy') }}),

outcomes as (
    select
        all_outcomes.*,
        due.input_hash
    from due
    inner join all_outcomes on due.quarter_start = all_outcomes.quarter_start
),

windows as (
    select
        outcomes.quarter_start,
        outcomes.input_hash,
        outcomes.has_churned,
        {{ mean_line_points(learned_lines(), 'snapshots') }}
    from outcomes
    cross join policy
    inner join snapshots
        on
            outcomes.account_id = snapshots.account_id
            and snapshots.snapshot_date <= outcomes.reference_date - policy.window_from_days
            and snapshots.snapshot_date >= outcomes.reference_date - policy.window_to_days
            -- the as-of day is a snapshot of one run only
            and extract(isodow from snapshots.snapshot_date) = '7'
    group by
        outcomes.account_id,
        outcomes.quarter_start,
        outcomes.input_hash,
        outcomes.reference_date,
        outcomes.has_churned
),

shown as (
    select
        windows.quarter_start,
        windows.input_hash,
        windows.has_churned,
        shown_lines.scorecard,
        shown_lines.signal,
        shown_lines.mean_points is not null as is_known,
        coalesce(shown_lines.mean_points < policy.bad_below_points, false) as is_bad
    from windows
    cross join policy
    cross join
        lateral (
            values
            {{ line_values(learned_lines(), 'windows') }}
        ) as shown_lines (scorecard, signal, mean_points)
),

evidence as (
    select
        scorecard,
        signal,
        quarter_start,
        input_hash,
        count(*) filter (where has_churned) as churned_accounts,
        count(*) filter (where has_churned and is_known) as churned_known,
        count(*) filter (where has_churned and is_bad) as churned_bad,
        count(*) filter (where not has_churned and is_known) as stayed_known,
        count(*) filter (where not has_churned and is_bad) as stayed_bad
    from shown
    where scorecard is not null
    group by scorecard, signal, quarter_start, input_hash
)

select * from evidence

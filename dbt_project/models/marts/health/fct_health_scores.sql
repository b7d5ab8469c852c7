-- Grain: one row per account, snapshot date on which it was open, and scorecard.
-- Written where it differs, from the due scores alone. A full refresh makes all due (int_scores_built);
-- the table itself stays, as it would else hold the due ones only.
{{
    config(
        materialized='incremental',
        incremental_strategy='due_rows',
        meta={'due': {'relation': 'int_due_scores', 'key': ['account_id', 'snapshot_date']}},
        unique_key=['account_id', 'scorecard', 'snapshot_date'],
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[
            {'columns': ['account_id', 'scorecard', 'snapshot_date'], 'unique': true},
            {'columns': ['snapshot_date', 'scorecard']},
        ],
        pre_hook='{{ without_nested_loops() }}',
        post_hook="{{ remember_scores_built(
            ref('int_due_scores'),
            ref('int_score_inputs'),
            ref('int_scores_built'),
            ref('int_unscored_snapshots')
        ) }}"
    )
}}

{%- set scorecards = scorecard_policy('due') %}

with

contributions as (select * from {{ ref('int_health_contributions') }}),

overrides as (select * from {{ ref('int_health_overrides') }}),

policy as (
    select
        coverage_floor,
        deliverable_floor,
        fallback_scorecard
    from {{ ref('health_policy') }}
),

outage_dates as (select * from {{ ref('int_usage_outage_dates') }}),

-- a score is a whole number of its scorecard's steps, and half a step rounds up
rounded as (
    select
        *,
        (total_points + points_step / 2) / points_step * points_step as computed_points
    from contributions
    -- else PostgreSQL merges the steps, and computes each expression as often as it is named
    offset 0 -- noqa: AM09
),

-- Without its usage pillar a score is another one: two weeks without events doubled the red accounts
-- of a company of 300 for as long as its windows held them.
overridden as (
    select
        rounded.*,
        overrides.override_id,
        case
            when overrides.override_id is not null
                then (1000000 * overrides.override_score)::bigint
            else rounded.computed_points
        end as score_points,
        overrides.override_id is not null
        -- Looked up, not joined: tables that dbt has just made have no statistics, and PostgreSQL would
        -- expect thousands of rows of each, and sort all scores on disk for them.
        or (
            case
                when rounded.scorecard = (select policy.fallback_scorecard from policy)
                    -- full marks for what was merely never seen are no news
                    then
                        rounded.computed_points < {{ 100 * 1000000 }}
                        or rounded.coverage >= (select policy.coverage_floor from policy)
                        and rounded.deliverable_share >= (select policy.deliverable_floor from policy)
                else
                    rounded.coverage >= (select policy.coverage_floor from policy)
                    and rounded.deliverable_share >= (select policy.deliverable_floor from policy)
            end
            and not (
                rounded.lacks_a_pillar
                and rounded.snapshot_date in (select outage_dates.snapshot_date from outage_dates)
            )
        ) as is_enough_known
    from rounded
    left join overrides
        on
            rounded.account_id = overrides.account_id
            and rounded.snapshot_date = overrides.snapshot_date
    offset 0 -- noqa: AM09
),

banded as (
    select
        overridden.account_id,
        overridden.snapshot_date,
        overridden.scorecard,
        -- times a hundredth: a division would give sixteen digits, and cost as many
        (overridden.score_points / 10000 * 0.01)::numeric(5, 2) as health_score,
        -- written out, not joined: a comparison with each tier's bounds took a fifth of the time
        case
            when overridden.is_enough_known then {{ scorecard_tier(scorecards, 'tier') }}
            else 'Unknown'
        end as tier,
        case
            when overridden.is_enough_known then {{ scorecard_tier(scorecards, 'colour') }}
            else 'grey'
        end as colour,
        overridden.coverage,
        overridden.override_id,
        overridden.segment,
        overridden.policy_version,
        overridden.policy_segment,
        overridden.points,
        coalesce(overridden.computed_points - overridden.total_points, 0) as rounding_points,
        coalesce(
            overridden.score_points - coalesce(overridden.computed_points, 0), 0
        ) as override_points
    from overridden
){% if is_incremental() %}
    ,

    -- by an old wording with a signal that is no more nothing can be computed: what is there stays
    kept as (
        select present.*
        from {{ this }} as present
        inner join {{ ref('int_due_scores') }} as due
            on
                present.account_id = due.account_id
                and present.snapshot_date = due.snapshot_date
                and due.is_open
        inner join {{ ref('int_policies_in_force') }} as in_force
            on
                present.policy_version = in_force.policy_version
                and present.policy_segment = in_force.segment
                and present.snapshot_date >= in_force.in_force_from
                and present.snapshot_date < in_force.in_force_to
                and not in_force.is_computable
    )
{% endif %}

select * from banded
{% if is_incremental() %}
    union all
    select {{ declared_columns() }}
    from kept
{% endif %}

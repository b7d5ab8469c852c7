-- Grain: one row per account, snapshot date on which it was open, and scorecard; those that are due.
-- The SQL is written from the policy: one wide step per scorecard and segment, no row per signal.
{%- set policy = scorecard_policy('due') %}
with

due as (
    select * from {{ ref('int_due_scores') }}
    where is_open
),

snapshots as (select * from {{ ref('account_snapshots') }}),

-- of a copy PostgreSQL would not know how many rows a variant has: it expected one, and read all
-- snapshots once per date
reach as not materialized (select * from {{ ref('int_scorecard_reach') }}),

segments as (select * from {{ ref('int_account_segments') }}),

inputs as not materialized (
    select
        snapshots.*,
        segments.segment
    from due
    inner join snapshots
        on
            due.account_id = snapshots.account_id
            and due.snapshot_date = snapshots.snapshot_date
    left join segments
        on
            snapshots.account_id = segments.account_id
            and (segments.valid_from is null or snapshots.snapshot_date >= segments.valid_from)
            and (segments.valid_to is null or snapshots.snapshot_date < segments.valid_to)
),

{{ scorecard_contributions(policy, 'inputs', ['account_id', 'snapshot_date', 'segment'], 'reach') }}

select * from contributions

-- Grain: one row per target and account open on the as-of date.
with

predictions as (
    select * from {{ source('ml', 'predictions') }}
    -- a probability of another day says nothing about this one
    where as_of_date = {{ as_of_date() }}
),

champions as (
    select * from {{ source('ml', 'models') }}
    where status = 'champion'
),

ranked as (
    select
        *,
        -- all rows of a run were scored at one moment
        dense_rank() over (partition by target, horizon_days order by scored_at desc, run_id desc)
            as newest_first
    from predictions
),

newest as (
    select * from ranked
    where newest_first = 1
),

-- after a champion was cleared, what it had predicted stays in the history and is shown no more
current_predictions as (
    select
        newest.target,
        newest.account_id,
        newest.horizon_days,
        newest.as_of_date,
        newest.model_version,
        champions.passes_quality_gate,
        newest.run_id,
        newest.probability,
        newest.drivers,
        newest.scored_at
    from newest
    inner join champions
        on
            newest.target = champions.target
            and newest.horizon_days = champions.horizon_days
            and newest.model_version = champions.model_version
)

select * from current_predictions

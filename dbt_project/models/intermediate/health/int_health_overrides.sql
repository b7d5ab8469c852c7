-- Grain: one row per account and snapshot date at whose end an override was in force.
with

snapshot_dates as (select * from {{ ref('int_snapshot_dates') }}),

overrides as (select * from {{ ref('stg_success__health_overrides') }}),

in_force as (
    -- of several words the newest holds
    select distinct on (snapshot_dates.account_id, snapshot_dates.snapshot_date)
        snapshot_dates.account_id,
        snapshot_dates.snapshot_date,
        overrides.override_id,
        least(greatest(overrides.score, 0), 100)::numeric(5, 2) as override_score,
        overrides.reason,
        overrides.author,
        overrides.set_at,
        overrides.expires_at
    from snapshot_dates
    inner join overrides
        on
            snapshot_dates.account_id = overrides.account_id
            and snapshot_dates.snapshot_date >= {{ utc_date('overrides.set_at') }}
            -- in force until it expires: at midnight it has ceased to hold for the new day
            and snapshot_dates.snapshot_date < {{ utc_date('overrides.expires_at') }}
    where overrides.score is not null
    order by
        snapshot_dates.account_id asc,
        snapshot_dates.snapshot_date asc,
        overrides.set_at desc,
        overrides.override_id desc
)

select * from in_force

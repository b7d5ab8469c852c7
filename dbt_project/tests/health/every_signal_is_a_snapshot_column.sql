-- A signal of the seed that int_health_pillar_scores does not read would silently lose its weight.
with

-- one row, even of an empty warehouse: the names are asked for, not the values
snapshots as (
    select account_snapshots.*
    from {{ ref('health_policy') }} as health_policy
    left join {{ ref('account_snapshots') }} as account_snapshots
        on
            health_policy.default_scorecard is not null
            and account_snapshots.is_latest
),

listed as (
    select signals.signal
    from snapshots
    cross join
        lateral (
            values
            {{ snapshot_signals('snapshots') }}
        ) as signals (signal, signal_value)
),

described as (select signal from {{ ref('signals') }})

select
    listed.signal as listed_signal,
    described.signal as described_signal
from listed
full outer join described on listed.signal = described.signal
where
    listed.signal is null
    or described.signal is null

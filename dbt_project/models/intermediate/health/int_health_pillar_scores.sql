-- Grain: one row per account, snapshot date on which it was open, scorecard and pillar.
with

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_open
),

scorecard_signals as (select * from {{ ref('scorecard_signals') }}),

-- The sums are made inside the lateral join, snapshot by snapshot: to group the 3.4 million points
-- of 1,000 accounts and 84 weeks by account, date and pillar took twice as long. Points are counted
-- in whole millionths: sums of floats depend on the order of the rows, and numerics cost double.
scored as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        pillars.scorecard,
        pillars.pillar,
        pillars.signal_weight,
        pillars.known_weight,
        -- the known signals share the weight of the unknown ones
        (
            pillars.weighted_micropoints / nullif(pillars.known_weight, 0) / 1000000
        )::numeric(9, 6) as pillar_score
    from snapshots
    cross join
        lateral ( -- noqa: ST05
            with

            points as (
                select
                    scorecard_signals.scorecard,
                    scorecard_signals.pillar,
                    scorecard_signals.weight,
                    -- least() and greatest() skip nulls: unknown would be clamped into known
                    case
                        when signals.signal_value is not null
                            then
                                100000000 * least(
                                    greatest(
                                        (signals.signal_value - scorecard_signals.floor)
                                        / (scorecard_signals.ceiling - scorecard_signals.floor),
                                        0
                                    ),
                                    1
                                )
                    end::bigint as micropoints
                from scorecard_signals
                inner join (
                    values
                    {% for signal in signal_registry() -%}
                        ('{{ signal.signal }}', snapshots.{{ signal.signal }}::double precision)
                        {{- ',' if not loop.last }}
                    {% endfor %}
                ) as signals (signal, signal_value)
                    on scorecard_signals.signal = signals.signal
            )

            select
                scorecard,
                pillar,
                sum(weight) as signal_weight,
                coalesce(sum(weight) filter (where micropoints is not null), 0) as known_weight,
                sum(weight * micropoints) as weighted_micropoints
            from points
            group by scorecard, pillar
        ) as pillars
)

select * from scored

-- Grain: one row per account in colour as of the as-of date that lacks points.
-- What each signal takes from 100 is exact: the points that it could have given, less those it gave.
with

scores as (
    select scores.*
    from {{ ref('fct_health_scores') }} as scores
    inner join {{ ref('int_displayed_scorecards') }} as displayed
        on
            scores.segment = displayed.segment
            and scores.scorecard = displayed.scorecard
    where scores.snapshot_date = {{ as_of_date() }} and scores.colour != 'grey'
),

policies as (select * from {{ ref('dim_score_policies') }}),

signals as (select * from {{ ref('dim_signals') }}),

snapshots as (
    select
        latest.account_id,
        to_jsonb(latest) as known_signals
    from {{ ref('account_snapshots') }} as latest
    where latest.is_latest
),

-- a comparison among peers is of metrics or of events
usage_reasons as (
    select * from {{ ref('int_usage_metric_reasons') }}
    union all
    select * from {{ ref('int_usage_peer_reasons') }}
),

policy as (select reasons_shown from {{ ref('health_policy') }}),

bounds as (
    select
        policies.policy_version,
        policies.segment,
        signals.signal ->> 'signal' as signal,
        (signals.signal ->> 'floor')::numeric < (signals.signal ->> 'ceiling')::numeric as is_better_high
    from policies
    cross join lateral jsonb_array_elements(policies.policy -> 'pillars') as pillars (pillar)
    cross join lateral jsonb_array_elements(pillars.pillar -> 'signals') as signals (signal)
),

lines as (
    select
        scores.account_id,
        scores.policy_version,
        scores.policy_segment,
        policy_lines.signal,
        policy_lines.points * 0.000001 as points,
        policy_lines.pillar_weight * policy_lines.weight
        / sum(policy_lines.weight) over (partition by scores.account_id, policy_lines.pillar)
            as weight_of_all,
        (snapshots.known_signals ->> policy_lines.signal)::double precision as signal_value
    from scores
    inner join policies
        on
            scores.policy_version = policies.policy_version
            and scores.policy_segment = policies.segment
    inner join snapshots on scores.account_id = snapshots.account_id
    cross join
        lateral unnest(
            scores.points, policies.signals, policies.weights, policies.pillars, policies.pillar_weights
        ) as policy_lines (points, signal, weight, pillar, pillar_weight)
    where policy_lines.points is not null
),

-- known signals share the weight of the unknown ones: the full points are shared alike
lost as (
    select
        *,
        round((100 * signal_value)::numeric) as percent,
        100 * weight_of_all / sum(weight_of_all) over (partition by account_id) - points as lost_points
    from lines
),

usual as (
    select
        signal,
        percentile_cont(0.5) within group (order by signal_value) as usual_value,
        round((100 * percentile_cont(0.5) within group (order by signal_value))::numeric) as usual_percent
    from lines
    group by signal
),

described as (
    select
        lost.account_id,
        lost.lost_points,
        signals.about,
        coalesce(
            usage_reasons.words,
            case signals.unit
                when 'share' then signals.label || ': ' || {{ number_words('lost.percent') }} || ' %'
                when 'change' then signals.label || ': ' || to_char(lost.percent, 'FMSG999,990') || ' %'
                when 'yes/no'
                    then signals.label || ': ' || case when lost.signal_value = 1 then 'yes' else 'no' end
                else {{ signal_words('signals.label', 'signals.unit', 'lost.signal_value') }}
            end
            || case signals.unit
                when 'share' then ' (usual: ' || {{ number_words('usual.usual_percent') }} || ' %)'
                when 'change' then ' (usual: ' || to_char(usual.usual_percent, 'FMSG999,990') || ' %)'
                when 'yes/no' then ''
                else ' (usual: ' || {{ number_words('usual.usual_value') }} || ')'
            end
        ) as words
    from lost
    inner join signals on lost.signal = signals.signal
    inner join usual on lost.signal = usual.signal
    inner join bounds
        on
            lost.policy_version = bounds.policy_version
            and lost.policy_segment = bounds.segment
            and lost.signal = bounds.signal
    left join usage_reasons
        on
            lost.account_id = usage_reasons.account_id
            and lost.signal = usage_reasons.signal
    where
        -- what takes less than a point is no reason, nor is what no call can change, nor what is no
        -- worse than usual: a 7 among answers of 6 is not why one calls
        lost.lost_points >= 1
        and signals.is_actionable
        and case
            when bounds.is_better_high then lost.signal_value < usual.usual_value
            else lost.signal_value > usual.usual_value
        end
),

-- of several signals about one thing, the strongest speaks
distinct_reasons as (
    select distinct on (account_id, about) *
    from described
    order by account_id asc, about asc, lost_points desc, words asc
),

ranked as (
    select
        *,
        row_number() over (partition by account_id order by lost_points desc, words asc) as place
    from distinct_reasons
)

select
    ranked.account_id,
    string_agg(ranked.words, '; ' order by ranked.place) as reasons
from ranked
cross join policy
where ranked.place <= policy.reasons_shown
group by ranked.account_id

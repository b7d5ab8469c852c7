-- Grain: one row per learned scorecard, quarter and signal.
with

evidence as (select * from {{ ref('int_signal_evidence') }}),

lines as (select * from {{ ref('scorecard_signals') }}),

policy as (select * from {{ ref('learned_weights_policy') }}),

summed as (
    select
        evidence.scorecard,
        evidence.quarter_start,
        evidence.signal,
        policy.minimum_churned_accounts,
        sum(earlier.churned_accounts)::integer as churned_accounts,
        sum(earlier.churned_known)::integer as churned_known,
        sum(earlier.churned_bad)::integer as churned_bad,
        sum(earlier.stayed_known)::integer as stayed_known,
        sum(earlier.stayed_bad)::integer as stayed_bad
    from evidence
    cross join policy
    inner join evidence as earlier
        on
            evidence.scorecard = earlier.scorecard
            and evidence.signal = earlier.signal
            and evidence.quarter_start >= earlier.quarter_start
            and evidence.quarter_start
            < earlier.quarter_start + policy.lookback_quarters * interval '3 months'
    group by
        evidence.scorecard,
        evidence.quarter_start,
        evidence.signal,
        policy.minimum_churned_accounts
),

shares as (
    select
        *,
        (churned_bad / nullif(churned_known, 0)::numeric)::numeric(5, 4) as churned_share,
        (stayed_bad / nullif(stayed_known, 0)::numeric)::numeric(5, 4) as stayed_share
    from summed
),

lifts as (
    select
        *,
        -- too few to tell, or no more often among those who left: no weight
        case
            when churned_known >= minimum_churned_accounts
                then greatest(churned_share - stayed_share, 0)
        end as lift
    from shares
),

totals as (
    select
        *,
        sum(lift) over (partition by scorecard, quarter_start) as total_lift
    from lifts
),

judged as (
    select
        *,
        churned_accounts >= minimum_churned_accounts and coalesce(total_lift, 0) > 0 as is_proven
    from totals
)

select
    judged.scorecard,
    judged.quarter_start,
    (judged.quarter_start + interval '3 months')::date as next_quarter_start,
    lines.pillar,
    judged.signal,
    judged.churned_accounts,
    judged.churned_known,
    judged.churned_share,
    judged.stayed_known,
    judged.stayed_share,
    judged.is_proven,
    case
        when judged.is_proven then coalesce(100 * judged.lift / judged.total_lift, 0)
    end::numeric(5, 2) as weight,
    case
        when judged.is_proven
            then 'Learned from ' || {{ counted('judged.churned_accounts', 'churned account') }}
        when judged.churned_accounts < judged.minimum_churned_accounts
            then
                'Unproven: ' || {{ counted('judged.churned_accounts', 'churned account') }} || ', '
                || judged.minimum_churned_accounts || ' are needed'
        else 'Unproven: no signal was seen more often in accounts that left'
    end as reason
from judged
inner join lines
    on
        judged.scorecard = lines.scorecard
        and judged.signal = lines.signal

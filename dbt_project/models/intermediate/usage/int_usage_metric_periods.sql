-- Grain: one row per account, metric, grain and period.
-- Each series is measured at its own grain: a month's number is compared with those of other months.
-- Peers and all accounts together are those that reported the same period, so that a December which is
-- slow for all is no account's fall. A number that is zero at once at nearly all accounts that had
-- more, and has no season, is one that the source adds up no more: those zeros are unknown, and their
-- rows left out.
-- Written by difference: a run without new numbers leaves it as it is.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['account_id', 'metric', 'grain', 'period_end'],
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['account_id', 'metric', 'grain', 'period_end'], 'unique': true}]
    )
}}

{%- set series = 'account_id, metric, grain' %}

with

metrics as (select * from {{ ref('stg_product__usage_metrics') }}),

words as (select * from {{ ref('usage_metric_words') }}),

segments as (select * from {{ ref('int_account_segments') }}),

policy as (
    select
        minimum_past_days,
        minimum_peers
    from {{ ref('signal_policy') }}
),

-- without a policy of outages no metric stops
stop_policy as (
    select
        outage_policy.stopped_share,
        health_policy.usage_stale_after_days
    from {{ ref('outage_policy') }} as outage_policy
    cross join {{ ref('health_policy') }} as health_policy
    where outage_policy.source = 'product' and outage_policy.stopped_share is not null
),

named as (
    select
        metrics.account_id,
        coalesce(words.metric, metrics.metric_word) as metric,
        coalesce(words.weight, 1)::double precision as weight,
        metrics.metric_label,
        metrics.feature,
        metrics.grain,
        metrics.period_start,
        metrics.period_end,
        metrics.value
    from metrics
    left join words on metrics.metric_word = words.word
),

-- the account's own number where there is one; users of several features are not added up
totals as (
    select
        account_id,
        metric,
        weight,
        metric_label,
        grain,
        period_start,
        period_end,
        coalesce(
            max(value) filter (where feature is null),
            case when metric = 'active_users' then max(value) else sum(value order by feature) end
        ) as amount
    from named
    group by account_id, metric, weight, metric_label, grain, period_start, period_end
),

-- of two names for one metric, the first in the alphabet counts
reported as (
    select distinct on (account_id, metric, grain, period_end)
        *,
        period_end - period_start + 1 as period_days,
        amount / case when metric = 'active_users' then 1 else period_end - period_start + 1 end as rate
    from totals
    order by account_id asc, metric asc, grain asc, period_end asc, metric_label asc
),

preceded as (
    select
        *,
        lag(amount) over (partition by {{ series }} order by period_end) as previous_amount
    from reported
),

of_periods as (
    select
        metric,
        grain,
        period_start,
        period_end,
        count(*) filter (where amount > 0) as accounts_counted,
        count(*) filter (where previous_amount > 0) as accounts_before,
        count(*) filter (where previous_amount > 0 and amount = 0) as accounts_fallen
    from preceded
    group by metric, grain, period_start, period_end
),

-- a Sunday is no rest of a metric that comes by day: a whole week is
rests as (
    select
        metric,
        grain,
        period_end,
        max(accounts_counted) over last_week as accounts_counted,
        period_end - min(period_start) over last_week + 1 as counted_days
    from of_periods
    window last_week as {{ last_days(7, of='metric, grain', day='period_end') }}
),

-- What nearly all accounts left for a week or more within a year before has a season (tax returns by
-- quarter, a school's summer), and falls again: those zeros are true.
stops as (
    select
        falls.metric,
        falls.grain,
        falls.period_start as stopped_on,
        min(later.period_end) as counted_again_until
    from of_periods as falls
    cross join policy
    cross join stop_policy
    left join of_periods as later
        on
            falls.metric = later.metric
            and falls.grain = later.grain
            and falls.period_end < later.period_end
            and later.accounts_counted > (1 - stop_policy.stopped_share) * falls.accounts_before
    where
        falls.accounts_before >= policy.minimum_peers
        and falls.accounts_fallen >= stop_policy.stopped_share * falls.accounts_before
        and not exists (
            select
            from rests
            where
                falls.metric = rests.metric
                and falls.grain = rests.grain
                and rests.period_end between falls.period_start - 364 and falls.period_start - 1
                and rests.counted_days >= stop_policy.usage_stale_after_days
                and rests.accounts_counted <= (1 - stop_policy.stopped_share) * falls.accounts_before
        )
    group by falls.metric, falls.grain, falls.period_start
),

-- A week is the least, as in int_usage_windows: on a Sunday all numbers of a day are zero. Of
-- days the first six stay, since it was not known by then.
uncounted as (
    select distinct
        of_periods.metric,
        of_periods.grain,
        of_periods.period_end
    from stops
    cross join stop_policy
    inner join of_periods
        on
            stops.metric = of_periods.metric
            and stops.grain = of_periods.grain
            and stops.stopped_on <= of_periods.period_start
            and of_periods.period_end - stops.stopped_on + 1 >= stop_policy.usage_stale_after_days
            and (stops.counted_again_until is null or stops.counted_again_until > of_periods.period_end)
),

periods as (
    select reported.*
    from reported
    left join uncounted
        on
            reported.metric = uncounted.metric
            and reported.grain = uncounted.grain
            and reported.period_end = uncounted.period_end
    where reported.amount > 0 or uncounted.metric is null
),

rolled as (
    select
        *,
        avg(rate) over last_28_days as rate_28d,
        avg(rate) over previous_28_days as rate_previous_28d,
        avg(rate) over ended_56_days_ago as rate_28d_56d_ago,
        avg(rate) over recently as recent_rate,
        avg(amount) over recently as recent_value,
        min(period_start) over recently as recent_from,
        avg(rate) over before as past_rate,
        sum(period_days) over before as past_days,
        min(period_start) over before as past_from,
        max(period_start) over before as past_to
    from periods
    window
        last_28_days as {{ last_days(28, of=series, day='period_end') }},
        previous_28_days as {{ last_days(28, ended_before=28, of=series, day='period_end') }},
        ended_56_days_ago as {{ last_days(28, ended_before=56, of=series, day='period_end') }},
        recently as {{ last_days(56, of=series, day='period_end') }},
        before as {{ last_days(182, ended_before=56, of=series, day='period_end') }}
),

measured as (
    select
        rolled.*,
        coalesce(segments.segment, 'unknown') as segment,
        case
            when rolled.past_days >= policy.minimum_past_days
                then rolled.recent_rate / nullif(rolled.past_rate, 0)
        end as ratio
    from rolled
    cross join policy
    left join segments
        on
            rolled.account_id = segments.account_id
            and (segments.valid_from is null or rolled.period_end >= segments.valid_from)
            and (segments.valid_to is null or rolled.period_end < segments.valid_to)
),

of_all_accounts as (
    select
        measured.metric,
        measured.grain,
        measured.period_end,
        case
            when count(measured.ratio) >= max(policy.minimum_peers)
                then percentile_cont(0.5) within group (order by measured.ratio)
        end as usual_ratio
    from measured
    cross join policy
    group by measured.metric, measured.grain, measured.period_end
),

ranked as (
    select
        measured.*,
        measured.segment != 'unknown' and count(*) over in_segment >= policy.minimum_peers
            as is_ranked_in_segment,
        count(*) over in_segment as segment_accounts,
        rank() over (in_segment order by measured.recent_rate desc) as segment_place,
        percent_rank() over (in_segment order by measured.recent_rate) as segment_rank,
        count(*) over in_company as company_accounts,
        rank() over (in_company order by measured.recent_rate desc) as company_place,
        percent_rank() over (in_company order by measured.recent_rate) as company_rank
    from measured
    cross join policy
    window
        in_segment as (partition by measured.metric, measured.grain, measured.period_end, measured.segment),
        in_company as (partition by measured.metric, measured.grain, measured.period_end)
),

compared as (
    select
        ranked.account_id,
        ranked.metric,
        ranked.metric_label,
        ranked.weight,
        ranked.grain,
        ranked.period_start,
        ranked.period_end,
        ranked.amount,
        ranked.rate_28d,
        ranked.rate_previous_28d,
        ranked.rate_28d_56d_ago,
        ranked.recent_value,
        ranked.recent_from,
        ranked.past_from,
        ranked.past_to,
        ranked.ratio,
        of_all_accounts.usual_ratio,
        ranked.is_ranked_in_segment,
        case
            when ranked.is_ranked_in_segment then ranked.segment_accounts
            when ranked.company_accounts >= policy.minimum_peers then ranked.company_accounts
        end as peers,
        case
            when ranked.is_ranked_in_segment then ranked.segment_place
            when ranked.company_accounts >= policy.minimum_peers then ranked.company_place
        end as peer_place,
        case
            when ranked.is_ranked_in_segment then ranked.segment_rank
            when ranked.company_accounts >= policy.minimum_peers then ranked.company_rank
        end as peer_rank
    from ranked
    cross join policy
    left join of_all_accounts
        on
            ranked.metric = of_all_accounts.metric
            and ranked.grain = of_all_accounts.grain
            and ranked.period_end = of_all_accounts.period_end
)

select * from compared

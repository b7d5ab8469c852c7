-- Grain: one row per metric, grain and period without its numbers.
-- Of few accounts nothing is said: one that leaves takes its metric along.
with

policy as (
    select
        outage_policy.stopped_share,
        health_policy.usage_stale_after_days,
        signal_policy.minimum_peers
    from {{ ref('outage_policy') }} as outage_policy
    cross join {{ ref('health_policy') }} as health_policy
    cross join {{ ref('signal_policy') }} as signal_policy
    where outage_policy.source = 'product' and outage_policy.stopped_share is not null
),

periods as (
    select
        metric,
        grain,
        period_start,
        period_end,
        min(metric_label) as metric_label,
        count(*) as accounts
    from {{ ref('int_usage_metric_periods') }}
    where period_end <= {{ as_of_date() }}
    group by metric, grain, period_start, period_end
),

-- zeros that int_usage_metric_periods leaves out have come: nothing is late
zeros as (
    select
        coalesce(words.metric, metrics.metric_word) as metric,
        metrics.grain,
        max(metrics.period_end) as zero_until
    from {{ ref('stg_product__usage_metrics') }} as metrics
    left join {{ ref('usage_metric_words') }} as words on metrics.metric_word = words.word
    where metrics.value = 0 and metrics.period_end <= {{ as_of_date() }}
    group by coalesce(words.metric, metrics.metric_word), metrics.grain
),

compared as (
    select
        *,
        max(accounts) over (
            partition by metric, grain order by period_end
            rows between unbounded preceding and current row
        ) as most_accounts
    from periods
),

gaps as (
    select
        compared.metric,
        compared.metric_label,
        compared.grain,
        compared.period_end + 1 as first_missing_date,
        lead(compared.period_start) over (
            partition by compared.metric, compared.grain order by compared.period_end
        ) as next_start,
        coalesce(zeros.zero_until > compared.period_end, false) as has_zeros_since,
        case compared.grain when 'month' then 31 when 'week' then 7 else 1 end as grain_days,
        policy.usage_stale_after_days
    from compared
    cross join policy
    left join zeros on compared.metric = zeros.metric and compared.grain = zeros.grain
    where
        compared.most_accounts >= policy.minimum_peers
        and compared.accounts > (1 - policy.stopped_share) * compared.most_accounts
),

outages as (
    select
        *,
        coalesce(next_start - 1, {{ as_of_date() }}) as last_missing_date,
        next_start is not null as is_over
    from gaps
)

select
    metric,
    metric_label,
    grain,
    first_missing_date,
    last_missing_date,
    is_over
from outages
where
    last_missing_date - first_missing_date + 1
    -- one that is to come is late by so much at least
    >= usage_stale_after_days + case when is_over or has_zeros_since then 0 else grain_days + 1 end

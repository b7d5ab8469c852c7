-- Grain: one row per metric, grain and period without its numbers.
-- Of few accounts nothing is said: one that leaves takes its metric along. Neither is it of what
-- comes now and then, or comes by another grain since.
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

-- At once: accounts that leave one after the other over years are no outage, however few remain.
compared as (
    select
        *,
        greatest(
            accounts, lag(accounts) over by_series, lag(accounts, 2) over by_series
        ) as most_accounts,
        lag(period_end) over by_series is null as is_first,
        lead(period_start) over by_series as next_start,
        lead(accounts) over by_series as next_accounts
    from periods
    window by_series as (partition by metric, grain order by period_end)
),

ended as (
    select
        compared.*,
        policy.usage_stale_after_days,
        (1 - policy.stopped_share) * compared.most_accounts as remaining_accounts
    from compared
    cross join policy
    where
        compared.most_accounts >= policy.minimum_peers
        and compared.accounts > (1 - policy.stopped_share) * compared.most_accounts
        and (
            compared.next_start is null
            or compared.next_start > compared.period_end + 1
            or compared.next_accounts <= (1 - policy.stopped_share) * compared.most_accounts
        )
),

gaps as (
    select
        ended.metric,
        ended.metric_label,
        ended.grain,
        ended.is_first,
        ended.remaining_accounts,
        ended.usage_stale_after_days,
        ended.period_end + 1 as first_missing_date,
        min(later.period_start) as next_start
    from ended
    left join periods as later
        on
            ended.metric = later.metric
            and ended.grain = later.grain
            and ended.period_end < later.period_end
            and ended.remaining_accounts < later.accounts
    group by
        ended.metric,
        ended.metric_label,
        ended.grain,
        ended.is_first,
        ended.remaining_accounts,
        ended.usage_stale_after_days,
        ended.period_end
),

dated as (
    select
        *,
        coalesce(next_start - 1, {{ as_of_date() }}) as last_missing_date,
        next_start is not null as is_over
    from gaps
),

-- A quarter's numbers, or rows that come only where there was something, pause again and again:
-- what paused within a year before has a rhythm of its own.
followed as (
    select
        *,
        lag(last_missing_date) over (
            partition by metric, grain order by first_missing_date
        ) >= first_missing_date - 364 as has_paused_before
    from dated
    where last_missing_date - first_missing_date + 1 >= usage_stale_after_days
),

outages as (
    select
        followed.metric,
        followed.metric_label,
        followed.grain,
        followed.first_missing_date,
        followed.last_missing_date,
        followed.is_over
    from followed
    left join zeros on followed.metric = zeros.metric and followed.grain = zeros.grain
    where
        -- of one period alone no rhythm is known
        not followed.is_first
        and followed.has_paused_before is not true
        and followed.last_missing_date - followed.first_missing_date + 1
        -- one that is to come is late by so much at least
        >= followed.usage_stale_after_days
        + case
            when followed.is_over or zeros.zero_until >= followed.first_missing_date then 0
            when followed.grain = 'month' then 31 + 1
            when followed.grain = 'week' then 7 + 1
            else 1 + 1
        end
        and not exists (
            select
            from periods as by_grain
            where
                followed.metric = by_grain.metric
                and followed.grain != by_grain.grain
                and by_grain.period_end >= followed.first_missing_date
                and by_grain.period_start <= followed.last_missing_date
                and by_grain.accounts > followed.remaining_accounts
        )
),

-- of a file that is late no metric came
beside as (
    select distinct
        outages.grain,
        outages.first_missing_date,
        outages.last_missing_date
    from outages
    inner join periods
        on
            outages.grain = periods.grain
            and periods.period_end between outages.first_missing_date and outages.last_missing_date
    left join outages as alike
        on
            periods.metric = alike.metric
            and periods.grain = alike.grain
            and outages.first_missing_date = alike.first_missing_date
            and outages.last_missing_date = alike.last_missing_date
    where alike.metric is null
),

marked as (
    select
        outages.*,
        beside.grain is not null as have_others_come
    from outages
    left join beside
        on
            outages.grain = beside.grain
            and outages.first_missing_date = beside.first_missing_date
            and outages.last_missing_date = beside.last_missing_date
)

select * from marked

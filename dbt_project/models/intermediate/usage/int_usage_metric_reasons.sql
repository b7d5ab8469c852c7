-- Grain: one row per account and signal that its metrics speak for as of the as-of date.
-- The numbers themselves: of several metrics, the one that speaks most against the account.
{%- set month = "case grain when 'month' then 'FMMon YYYY' else 'FMDD Mon YYYY' end" %}

with

dates as (
    select * from {{ ref('int_usage_metric_dates') }}
    where snapshot_date = {{ as_of_date() }} and is_longest
),

periods as (
    select
        periods.*,
        replace(periods.metric_label, '_', ' ') as metric_words
    from {{ ref('int_usage_metric_periods') }} as periods
    inner join dates
        on
            periods.metric = dates.metric
            and periods.grain = dates.grain
            and periods.period_end = dates.period_end
    where periods.weight > 0
),

described as (
    select
        account_id,
        case metric when 'active_users' then 'active_users_against_past' else 'usage_against_past' end
            as signal,
        ratio / coalesce(nullif(usual_ratio, 0), 1) as standing,
        metric_words || ' ' || {{ number_words('recent_value') }} || ' a ' || grain || ' since '
        || to_char(recent_from, {{ month }}) || ', ' || {{ change_words('ratio') }} || ' '
        || to_char(past_from, {{ month }}) || ' to ' || to_char(past_to, {{ month }})
        || coalesce(
            ' (median account: '
            || replace({{ change_words('usual_ratio') }}, 'as much as', 'no change') || ')',
            ''
        )
            as words
    from periods
    where ratio is not null
    union all
    select
        account_id,
        'usage_peer_rank' as signal,
        peer_rank as standing,
        metric_words || ' ' || {{ number_words('recent_value') }} || ' a ' || grain || ' since '
        || to_char(recent_from, {{ month }}) || ', place ' || peer_place || ' of ' || peers
        || case when is_ranked_in_segment then ' in its segment' else ' accounts' end as words
    from periods
    where peer_rank is not null
),

reasons as (
    select distinct on (account_id, signal) *
    from described
    order by account_id asc, signal asc, standing asc, words asc
)

select
    account_id,
    signal,
    words
from reasons

-- Grain: one row per account whose use of today is compared with that of its peers.
-- Of several levels, the one that speaks most against the account.
with

accounts as (
    select * from {{ ref('int_account_today') }} as today
    -- of metrics that their source had added up, int_usage_metric_reasons speaks
    where {{ is_measured_by_events('today') }} and today.usage_peer_rank is null
),

peers as (select * from {{ ref('int_usage_peers') }}),

segments as (select * from {{ ref('segments') }}),

signals as (select * from {{ ref('dim_signals') }}),

compared as (
    select
        accounts.account_id,
        levels.signal,
        levels.signal_value,
        -- above so many tenths at least
        9 - width_bucket(levels.signal_value, levels.tenths) as tenths_above,
        {{ peer_place('levels.signal_value', 'levels.tenths') }} as place,
        case when levels.is_of_segment then segments.label || ' ' else '' end as segment_words
    from accounts
    left join peers as segment_peers
        on
            {{ peers_date('accounts.snapshot_date') }} = segment_peers.snapshot_date
            and accounts.segment = segment_peers.segment
    left join peers as company_peers
        on
            {{ peers_date('accounts.snapshot_date') }} = company_peers.snapshot_date
            and company_peers.segment = 'all'
    left join segments on accounts.segment = segments.segment
    cross join
        lateral (
            values
            {% for level in peer_levels() -%}
                (
                    '{{ level }}',
                    accounts.{{ level }},
                    {{ peer_tenths(level) }},
                    segment_peers.{{ level }} is not null
                )
                {{- ',' if not loop.last }}
            {% else -%}
                (null::text, null::double precision, null::double precision[], false)
            {%- endfor %}
        ) as levels (signal, signal_value, tenths, is_of_segment)
),

described as (
    select
        compared.account_id,
        compared.place,
        signals.position,
        {{ signal_words('signals.label', 'signals.unit', 'compared.signal_value') }}
        || ', less than ' || compared.tenths_above || ' of 10 ' || compared.segment_words || 'customers'
            as words
    from compared
    inner join signals on compared.signal = signals.signal
    where compared.tenths_above > 0
),

reasons as (
    select distinct on (account_id) *
    from described
    order by account_id asc, place asc, position asc
)

select
    account_id,
    'usage_peer_rank' as signal,
    words
from reasons

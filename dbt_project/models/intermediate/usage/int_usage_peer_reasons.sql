-- Grain: one row per account and signal by which its use of today is compared with that of its peers.
-- Of several levels, the one that speaks most against the account.
with

accounts as (
    select * from {{ ref('int_account_today') }} as today
    where {{ is_measured_by_events('today') }}
),

peers as (select * from {{ ref('int_usage_peers') }}),

segments as (select * from {{ ref('segments') }}),

signals as (select * from {{ ref('dim_signals') }}),

beside_peers as (
    select
        {% for signal in peer_levels() + peer_changes() -%}
            accounts.{{ signal }},
            {{ of_peers(signal) }} as {{ signal }}_of_peers,
            case when segment_peers.{{ signal }} is not null then segments.label || ' ' else '' end
                as {{ signal }}_segment_words,
        {% endfor -%}
        accounts.usage_peer_rank,
        accounts.account_id
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
),

levels as (
    {% for level in peer_levels() -%}
        select
            account_id,
            '{{ level }}' as signal,
            {{ level }} as signal_value,
            -- above so many tenths at least
            9 - width_bucket({{ level }}, {{ level }}_of_peers) as tenths_above,
            {{ peer_place(level, level ~ '_of_peers') }} as place,
            {{ level }}_segment_words as segment_words
        from beside_peers
        -- of metrics that their source had added up, int_usage_metric_reasons speaks
        where usage_peer_rank is null
        union all
    {% endfor -%}
    select
        null as account_id,
        null as signal,
        null::double precision as signal_value,
        null::integer as tenths_above,
        null::integer as place,
        null as segment_words
    where false
),

described_levels as (
    select
        levels.account_id,
        levels.place,
        signals.position,
        {{ signal_words('signals.label', 'signals.unit', 'levels.signal_value') }}
        || ', less than ' || levels.tenths_above || ' of 10 ' || levels.segment_words || 'customers'
            as words
    from levels
    inner join signals on levels.signal = signals.signal
    where levels.tenths_above > 0
),

least_levels as (
    select distinct on (account_id) *
    from described_levels
    order by account_id asc, place asc, position asc
),

changes as (
    {% for change in peer_changes() -%}
        select
            account_id,
            '{{ change }}' as signal,
            1 + {{ change }} as ratio,
            1 + {{ change }}_of_peers as usual_ratio,
            {{ change }}_segment_words as segment_words
        from beside_peers
        where {{ change }} is not null
        union all
    {% endfor -%}
    select
        null as account_id,
        null as signal,
        null::double precision as ratio,
        null::double precision as usual_ratio,
        null as segment_words
    where false
),

reasons as (
    select
        account_id,
        'usage_peer_rank' as signal,
        words
    from least_levels
    union all
    select
        changes.account_id,
        changes.signal,
        signals.label || ': ' || replace({{ change_words('changes.ratio') }}, 'as much as', 'no change')
        || coalesce(
            ' (median ' || changes.segment_words || 'account: '
            || replace({{ change_words('changes.usual_ratio') }}, 'as much as', 'no change') || ')',
            ''
        ) as words
    from changes
    inner join signals on changes.signal = signals.signal
)

select * from reasons

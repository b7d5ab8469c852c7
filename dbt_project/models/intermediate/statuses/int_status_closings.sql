-- Grain: one row per table, key, product and start that its status closes without a time, and that was
-- recorded as open before.
-- This reads the raw tables themselves: staging has forgotten what was superseded.

{#- Each raw table, its key (a subscription's with product and start), and the time that it must
lack. A subscription with an end counts as well: what ends may have been a trial. -#}
{%- set tables = [
    ('support', 'tickets', 'ticket_id', 'null::text', 'null::timestamptz', 'solved_at'),
    ('billing', 'invoices', 'invoice_id', 'null::text', 'null::timestamptz', 'voided_at'),
    ('billing', 'subscriptions', 'subscription_id', 'product', 'started_at', none),
] %}

with

words as (
    select
        table_name,
        word,
        meaning in ('open', 'owed', 'running', 'trial') as is_open,
        meaning = 'trial' as is_trial
    from {{ ref('status_words') }}
    where table_name in ('invoices', 'subscriptions', 'tickets')
),

recordings as (
    {%- for schema, table_name, key, product, start, closing_time in tables %}
        select
            '{{ table_name }}' as table_name,
            {{ key }} as row_key,
            {{ product }} as product,
            {{ start }} as started_at,
            {{ status_word('status') }} as word,
            _recorded_at as recorded_at
        from {{ recorded(source(schema, table_name)) }} as {{ table_name }}
        where
            status is not null
            {%- if closing_time %}
                and {{ closing_time }} is null
            {%- endif %}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

openings as (
    select
        recordings.*,
        words.is_open,
        max(recordings.recorded_at) filter (where words.is_open) over of_the_key as last_open_at,
        max(recordings.recorded_at) filter (where words.is_trial) over of_the_key as last_trial_at
    from recordings
    inner join words
        on
            recordings.table_name = words.table_name
            and recordings.word = words.word
    window of_the_key as (
        partition by
            recordings.table_name, recordings.row_key, recordings.product, recordings.started_at
    )
),

-- what is recorded on a day happened before the delivery, and a delivery is of the day before
closings as (
    select
        table_name,
        row_key,
        product,
        started_at,
        {{ utc_date('min(recorded_at)') }} - 1 as closed_date,
        {{ utc_date('max(last_open_at)') }} - 1 as last_open_date,
        coalesce(bool_and(last_trial_at = last_open_at), false) as was_trial
    from openings
    where recorded_at > last_open_at and not is_open
    group by table_name, row_key, product, started_at
)

select * from closings

-- Grain: one row per table, key, product and start that its status closes without a time, and that was
-- recorded as open before.
-- This reads the raw tables themselves: staging has forgotten what was superseded.
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
    select
        'tickets' as table_name,
        ticket_id as row_key,
        null::text as product,
        null::timestamptz as started_at,
        {{ status_word('status') }} as word,
        _recorded_at as recorded_at
    from {{ recorded(source('support', 'tickets')) }} as tickets
    where solved_at is null and status is not null
    union all
    select
        'invoices' as table_name,
        invoice_id as row_key,
        null::text as product,
        null::timestamptz as started_at,
        {{ status_word('status') }} as word,
        _recorded_at as recorded_at
    from {{ recorded(source('billing', 'invoices')) }} as invoices
    where voided_at is null and status is not null
    union all
    select
        'subscriptions' as table_name,
        subscription_id as row_key,
        product,
        started_at,
        {{ status_word('status') }} as word,
        _recorded_at as recorded_at
    from {{ recorded(source('billing', 'subscriptions')) }} as subscriptions
    -- one with an end as well: what ends may have been a trial
    where status is not null
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

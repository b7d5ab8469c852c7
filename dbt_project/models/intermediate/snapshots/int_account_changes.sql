-- Grain: one row per account of which a raw row was recorded or superseded since the last build.
-- This reads the raw tables themselves: staging has forgotten what was superseded. The two large ones
-- are indexed here, after their first load.
{{
    config(
        materialized='table',
        pre_hook=[
            "{{ index_days(source('product', 'account_days')) }}",
            "{{ index_days(source('product', 'account_feature_days')) }}",
        ]
    )
}}
-- depends_on: {{ ref('int_weeks_built') }}

{% set recorded_after, recorded_until = changed_between() %}
{%- set nothing_is_built = recorded_after == "'-infinity'::timestamptz" -%}
{%- set is_changed -%}
    (
        not {{ nothing_is_built }}
        and (
            (_recorded_at > {{ recorded_after }} and _recorded_at <= {{ recorded_until }})
            or (_superseded_at > {{ recorded_after }} and _superseded_at <= {{ recorded_until }})
        )
    )
{%- endset %}

{%- set first_time -%}
    least(
        changed_invoices.issued_at,
        changed_invoices.due_at,
        changed_invoices.voided_at,
        first_attempts.attempted_at
    )
{%- endset %}

{%- set following_days -%}
    (select following_within_days from {{ ref('subscription_policy') }})
{%- endset %}

{#-
The first day that a row can matter to; least() skips the times that are not known. A period that
continues another decides whether that one was renewed early, some days before.
-#}
{%- set first_days = {
    ('billing', 'subscriptions'): utc_date('started_at') ~ ' - ' ~ following_days,
    ('crm', 'activities'): utc_date('occurred_at'),
    ('crm', 'contacts'): utc_date('joined_at'),
    ('crm', 'opportunities'): utc_date('least(created_at, closed_at)'),
    ('crm', 'tasks'): utc_date('least(opened_at, due_at, completed_at)'),
    ('product', 'account_days'): 'usage_date',
    ('product', 'account_feature_days'): 'usage_date',
    ('support', 'tickets'): utc_date('least(created_at, first_response_at, escalated_at, solved_at)'),
    ('survey', 'responses'): utc_date('submitted_at'),
    ('survey', 'invitations'): utc_date('sent_at'),
    ('training', 'enrollments'): utc_date('least(scheduled_at, completed_at)'),
    ('community', 'posts'): utc_date('posted_at'),
    ('success', 'goals'): utc_date('set_at'),
    ('success', 'onboarding_steps'): utc_date('least(planned_at, started_at, completed_at)'),
} %}

with

-- read twice: PostgreSQL would keep a copy of all rows before it looks for those that changed
invoices as not materialized (select * from {{ source('billing', 'invoices') }}),

payments as not materialized (select * from {{ source('billing', 'payments') }}),

changed_invoices as (
    select
        *,
        greatest(_recorded_at, _superseded_at) as recorded_at
    from invoices
    where {{ is_changed }}
),

changed_payments as (
    select
        *,
        greatest(_recorded_at, _superseded_at) as recorded_at
    from payments
    where {{ is_changed }}
),

first_attempts as (
    select
        invoice_id,
        min(attempted_at) as attempted_at
    from payments
    group by invoice_id
),

changed_subscriptions as (
    select
        *,
        greatest(_recorded_at, _superseded_at) as recorded_at
    from {{ source('billing', 'subscriptions') }}
    where {{ is_changed }}
),

paused_words as (
    select word from {{ ref('status_words') }}
    where table_name = 'subscriptions' and meaning = 'paused'
),

paused_subscriptions as (
    select
        subscriptions.account_id,
        subscriptions.product,
        subscriptions.started_at
    from {{ source('billing', 'subscriptions') }} as subscriptions
    inner join paused_words on {{ status_word('subscriptions.status') }} = paused_words.word
),

-- a segment holds from the day of its recording on, the first of them of all days before
first_recordings as (
    select
        account_id,
        {{ utc_date('min(_recorded_at)') }} as first_recorded_date
    from {{ source('crm', 'accounts') }}
    group by account_id
),

changes as (
    {% for (source_name, table_name), first_day in first_days.items() -%}
        select
            account_id,
            {{ first_day }} as first_day,
            greatest(_recorded_at, _superseded_at) as recorded_at
        from {{ source(source_name, table_name) }}
        where {{ is_changed }}
        union all
    {% endfor -%}
    select
        accounts.account_id,
        nullif({{ utc_date('accounts._recorded_at') }}, first_recordings.first_recorded_date) as first_day,
        accounts._recorded_at as recorded_at
    from {{ source('crm', 'accounts') }} as accounts
    inner join first_recordings on accounts.account_id = first_recordings.account_id
    where
        not {{ nothing_is_built }}
        and accounts._recorded_at > {{ recorded_after }}
        and accounts._recorded_at <= {{ recorded_until }}
    union all
    -- an invoice decides of whom its payments are, and by its amount which of them came late
    select
        changed_invoices.account_id,
        {{ utc_date(first_time) }} as first_day,
        changed_invoices.recorded_at
    from changed_invoices
    left join first_attempts on changed_invoices.invoice_id = first_attempts.invoice_id
    union all
    select
        invoices.account_id,
        {{ utc_date('changed_payments.attempted_at') }} as first_day,
        changed_payments.recorded_at
    from changed_payments
    inner join invoices on changed_payments.invoice_id = invoices.invoice_id
    union all
    -- what goes on where a paused period ends says of all its days that they were not paid
    select
        changed_subscriptions.account_id,
        {{ utc_date('paused_subscriptions.started_at') }} as first_day,
        changed_subscriptions.recorded_at
    from changed_subscriptions
    inner join paused_subscriptions
        on
            changed_subscriptions.account_id = paused_subscriptions.account_id
            and trim(changed_subscriptions.product) = trim(paused_subscriptions.product)
            and changed_subscriptions.started_at > paused_subscriptions.started_at
),

-- While nothing is built every week is due, whenever its rows were recorded. To ask each row took
-- 50 s of 10,000 accounts; of a large table the newest stands at the end of its index.
recordings as (
    {% for (source_name, table_name), _ in first_days.items() -%}
        select max(_recorded_at) as recorded_at
        from {{ source(source_name, table_name) }}
        where _recorded_at <= {{ recorded_until }}
        union all
        select max(_superseded_at) as recorded_at
        from {{ source(source_name, table_name) }}
        where _superseded_at <= {{ recorded_until }}
        union all
    {% endfor -%}
    select max(greatest(_recorded_at, _superseded_at)) as recorded_at
    from invoices
    where _recorded_at <= {{ recorded_until }}
    union all
    select max(greatest(_recorded_at, _superseded_at)) as recorded_at
    from payments
    where _recorded_at <= {{ recorded_until }}
    union all
    select max(greatest(_recorded_at, _superseded_at)) as recorded_at
    from {{ source('crm', 'accounts') }}
    where _recorded_at <= {{ recorded_until }}
),

newest as (select max(recorded_at) as recorded_at from recordings),

every_account as (
    select account_id from {{ source('crm', 'accounts') }}
    union distinct
    select account_id from {{ source('billing', 'subscriptions') }}
),

due as (
    select * from changes
    union all
    select
        every_account.account_id,
        null as first_day,
        newest.recorded_at
    from every_account
    cross join newest
    where {{ nothing_is_built }}
),

earliest as (
    select
        account_id,
        -- a row without a time may matter to any day
        min(coalesce(first_day, '-infinity'::date)) as changed_from,
        max(recorded_at) as recorded_at
    from due
    group by account_id
)

select * from earliest

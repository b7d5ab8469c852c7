-- Grain: one row per source that a signal needs.
with

signals as (select * from {{ ref('dim_signals') }}),

deliveries as (
    select
        'product.account_days' as source_table,
        min(usage_date) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__account_days') }}
    where usage_date <= {{ as_of_date() }}
    union all
    select
        'product.account_feature_days' as source_table,
        min(usage_date) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__account_feature_days') }}
    where usage_date <= {{ as_of_date() }}
    union all
    select
        'product.features' as source_table,
        null::date as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__features') }}
    union all
    select
        'product.usage_metrics' as source_table,
        min(period_end) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__usage_metrics') }}
    where period_end <= {{ as_of_date() }}
    union all
    select
        'support.tickets' as source_table,
        min({{ utc_date('created_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_support__tickets') }}
    where {{ utc_date('created_at') }} <= {{ as_of_date() }}
    union all
    select
        'survey.invitations' as source_table,
        min({{ utc_date('sent_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_survey__invitations') }}
    where {{ utc_date('sent_at') }} <= {{ as_of_date() }}
    union all
    select
        'survey.responses' as source_table,
        min({{ utc_date('submitted_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_survey__responses') }}
    where {{ utc_date('submitted_at') }} <= {{ as_of_date() }}
    union all
    select
        'training.enrollments' as source_table,
        min({{ utc_date('scheduled_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_training__enrollments') }}
    where {{ utc_date('scheduled_at') }} <= {{ as_of_date() }}
    union all
    select
        'community.posts' as source_table,
        min({{ utc_date('posted_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_community__posts') }}
    where {{ utc_date('posted_at') }} <= {{ as_of_date() }}
    union all
    -- no signal needs them, and they are what a CRM is connected for
    select
        'crm.accounts' as source_table,
        min(signed_date) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__accounts') }}
    where signed_date <= {{ as_of_date() }}
    union all
    select
        'crm.activities' as source_table,
        min({{ utc_date('occurred_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__activities') }}
    where {{ utc_date('occurred_at') }} <= {{ as_of_date() }}
    union all
    select
        'crm.contacts' as source_table,
        min({{ utc_date('joined_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__contacts') }}
    where joined_at is null or {{ utc_date('joined_at') }} <= {{ as_of_date() }}
    union all
    select
        'crm.opportunities' as source_table,
        min({{ utc_date('created_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__opportunities') }}
    where created_at is null or {{ utc_date('created_at') }} <= {{ as_of_date() }}
    union all
    select
        'crm.tasks' as source_table,
        min({{ utc_date('opened_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__tasks') }}
    where {{ utc_date('opened_at') }} <= {{ as_of_date() }}
    union all
    select
        'success.goals' as source_table,
        min({{ utc_date('set_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_success__goals') }}
    where {{ utc_date('set_at') }} <= {{ as_of_date() }}
    union all
    select
        'success.onboarding_steps' as source_table,
        min({{ utc_date('planned_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_success__onboarding_steps') }}
    where planned_at is null or {{ utc_date('planned_at') }} <= {{ as_of_date() }}
    union all
    select
        'billing.subscriptions' as source_table,
        min(started_date) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_billing__subscriptions') }}
    where started_date <= {{ as_of_date() }}
    union all
    select
        'billing.invoices' as source_table,
        min({{ utc_date('issued_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_billing__invoices') }}
    where {{ utc_date('issued_at') }} <= {{ as_of_date() }}
    union all
    select
        'billing.payments' as source_table,
        min({{ utc_date('attempted_at') }}) as first_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_billing__payments') }}
    where {{ utc_date('attempted_at') }} <= {{ as_of_date() }}
),

needed as (
    select
        needed_tables.source_table,
        count(*) as signals
    from signals
    cross join lateral unnest(signals.source_tables) as needed_tables (source_table)
    -- a company that sends its events has nothing to add up before
    left join deliveries as events
        on
            needed_tables.source_table = 'product.usage_metrics'
            and events.source_table = 'product.account_days'
    where not coalesce(events.is_delivered, false)
    group by needed_tables.source_table
),

-- a table that a signal needs and that is not listed above shows as never delivered
tables as (
    select
        split_part(coalesce(deliveries.source_table, needed.source_table), '.', 1) as source,
        split_part(coalesce(deliveries.source_table, needed.source_table), '.', 2) as table_name,
        coalesce(needed.signals, 0) as signals,
        deliveries.first_delivered_date,
        coalesce(deliveries.is_delivered, false) as is_delivered
    from deliveries
    full outer join needed on deliveries.source_table = needed.source_table
),

sources as (
    select
        source,
        min(first_delivered_date) as first_delivered_date,
        bool_or(is_delivered) as is_connected,
        string_agg(
            table_name, ', '
            order by table_name
        ) filter (where not is_delivered and signals > 0) as missing_tables,
        coalesce(sum(signals) filter (where not is_delivered), 0)::integer as missing_signals
    from tables
    group by source
    having sum(signals) > 0
)

select * from sources

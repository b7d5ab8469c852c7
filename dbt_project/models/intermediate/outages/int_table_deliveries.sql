-- Grain: one row per raw table whose rows say when they happened, or that a signal reads.
with

deliveries as (
    select
        'product.account_days' as source_table,
        min(usage_date) as first_delivered_date,
        max(usage_date) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__account_days') }}
    where usage_date <= {{ as_of_date() }}
    union all
    select
        'product.account_feature_days' as source_table,
        min(usage_date) as first_delivered_date,
        max(usage_date) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__account_feature_days') }}
    where usage_date <= {{ as_of_date() }}
    union all
    select
        'product.features' as source_table,
        null::date as first_delivered_date,
        null::date as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__features') }}
    union all
    select
        'product.usage_metrics' as source_table,
        min(period_end) as first_delivered_date,
        max(period_end) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_product__usage_metrics') }}
    where period_end <= {{ as_of_date() }}
    union all
    select
        'support.tickets' as source_table,
        min({{ utc_date('created_at') }}) as first_delivered_date,
        max({{ utc_date('created_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_support__tickets') }}
    where {{ utc_date('created_at') }} <= {{ as_of_date() }}
    union all
    select
        'survey.invitations' as source_table,
        min({{ utc_date('sent_at') }}) as first_delivered_date,
        max({{ utc_date('sent_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_survey__invitations') }}
    where {{ utc_date('sent_at') }} <= {{ as_of_date() }}
    union all
    select
        'survey.responses' as source_table,
        min({{ utc_date('submitted_at') }}) as first_delivered_date,
        max({{ utc_date('submitted_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_survey__responses') }}
    where {{ utc_date('submitted_at') }} <= {{ as_of_date() }}
    union all
    select
        'training.enrollments' as source_table,
        min({{ utc_date('scheduled_at') }}) as first_delivered_date,
        max({{ utc_date('scheduled_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_training__enrollments') }}
    where {{ utc_date('scheduled_at') }} <= {{ as_of_date() }}
    union all
    select
        'community.posts' as source_table,
        min({{ utc_date('posted_at') }}) as first_delivered_date,
        max({{ utc_date('posted_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_community__posts') }}
    where {{ utc_date('posted_at') }} <= {{ as_of_date() }}
    union all
    select
        'crm.accounts' as source_table,
        min(signed_date) as first_delivered_date,
        max(signed_date) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__accounts') }}
    where signed_date <= {{ as_of_date() }}
    union all
    select
        'crm.activities' as source_table,
        min({{ utc_date('occurred_at') }}) as first_delivered_date,
        max({{ utc_date('occurred_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__activities') }}
    where {{ utc_date('occurred_at') }} <= {{ as_of_date() }}
    union all
    select
        'crm.contacts' as source_table,
        min({{ utc_date('joined_at') }}) as first_delivered_date,
        max({{ utc_date('joined_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__contacts') }}
    where joined_at is null or {{ utc_date('joined_at') }} <= {{ as_of_date() }}
    union all
    select
        'crm.opportunities' as source_table,
        min({{ utc_date('created_at') }}) as first_delivered_date,
        max({{ utc_date('created_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__opportunities') }}
    where created_at is null or {{ utc_date('created_at') }} <= {{ as_of_date() }}
    union all
    select
        'crm.tasks' as source_table,
        min({{ utc_date('opened_at') }}) as first_delivered_date,
        max({{ utc_date('opened_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_crm__tasks') }}
    where {{ utc_date('opened_at') }} <= {{ as_of_date() }}
    union all
    select
        'success.goals' as source_table,
        min({{ utc_date('set_at') }}) as first_delivered_date,
        max({{ utc_date('set_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_success__goals') }}
    where {{ utc_date('set_at') }} <= {{ as_of_date() }}
    union all
    select
        'success.onboarding_steps' as source_table,
        min({{ utc_date('planned_at') }}) as first_delivered_date,
        max({{ utc_date('planned_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_success__onboarding_steps') }}
    where planned_at is null or {{ utc_date('planned_at') }} <= {{ as_of_date() }}
    union all
    select
        'billing.subscriptions' as source_table,
        min(started_date) as first_delivered_date,
        max(started_date) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_billing__subscriptions') }}
    where started_date <= {{ as_of_date() }}
    union all
    select
        'billing.invoices' as source_table,
        min({{ utc_date('issued_at') }}) as first_delivered_date,
        max({{ utc_date('issued_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_billing__invoices') }}
    where {{ utc_date('issued_at') }} <= {{ as_of_date() }}
    union all
    select
        'billing.payments' as source_table,
        min({{ utc_date('attempted_at') }}) as first_delivered_date,
        max({{ utc_date('attempted_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_billing__payments') }}
    where {{ utc_date('attempted_at') }} <= {{ as_of_date() }}
    union all
    select
        'success.health_overrides' as source_table,
        min({{ utc_date('set_at') }}) as first_delivered_date,
        max({{ utc_date('set_at') }}) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_success__health_overrides') }}
    where {{ utc_date('set_at') }} <= {{ as_of_date() }}
    union all
    select
        'finance.exchange_rates' as source_table,
        min(rate_date) as first_delivered_date,
        max(rate_date) as newest_delivered_date,
        count(*) > 0 as is_delivered
    from {{ ref('stg_finance__exchange_rates') }}
    where rate_date <= {{ as_of_date() }}
)

select * from deliveries

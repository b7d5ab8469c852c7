-- Grain: one row per contradiction or gap (seed finding_texts) that rows of the sources show.
-- A view: read by the report on the data alone, and seldom.
{{ config(materialized='view') }}

with

accounts as (select * from {{ ref('stg_crm__accounts') }}),

subscriptions as (select * from {{ ref('stg_billing__subscriptions') }}),

usage_days as (select * from {{ ref('stg_product__account_days') }}),

contacts as (select * from {{ ref('stg_crm__contacts') }}),

responses as (select * from {{ ref('stg_survey__responses') }}),

-- of one account, product and amount: a second licence may have begun before the first one ends
sequenced as (
    select
        *,
        max(coalesce(ended_date, 'infinity')) over earlier as earlier_end_date
    from subscriptions
    where ended_date is null or ended_date > started_date
    window
        earlier as (
            partition by account_id, product, mrr_cents, currency
            order by started_date, subscription_id
            rows between unbounded preceding and 1 preceding
        )
),

coverage as (
    select
        account_id,
        max(coalesce(ended_date, 'infinity')) as last_end_date
    from subscriptions
    group by account_id
),

last_use as (
    select
        account_id,
        max(usage_date) as last_usage_date
    from usage_days
    where events > 0
    group by account_id
),

names as (
    select
        min(account_id) as account_id,
        count(*) as accounts
    from accounts
    group by lower(regexp_replace(account_name, '\W', '', 'g')), country
),

found as (
    select
        'account_without_subscription' as finding,
        account_id as example_key
    from accounts
    where account_id not in (select subscriptions.account_id from subscriptions)
    union all
    select
        'one_name_twice' as finding,
        account_id as example_key
    from names
    where accounts > 1
    union all
    select
        'closed_account_still_subscribed' as finding,
        accounts.account_id as example_key
    from accounts
    inner join coverage on accounts.account_id = coverage.account_id
    where
        {{ utc_date('accounts.closed_at') }} <= {{ as_of_date() }}
        and coverage.last_end_date > {{ as_of_date() }}
    union all
    select
        'subscription_of_no_day' as finding,
        subscription_id as example_key
    from subscriptions
    where ended_date <= started_date
    union all
    select
        'same_amount_twice' as finding,
        subscription_id as example_key
    from sequenced
    where
        earlier_end_date > started_date + 45
        and (ended_date is null or ended_date > started_date + 45)
    union all
    select
        'short_gap' as finding,
        subscription_id as example_key
    from sequenced
    where earlier_end_date between started_date - 31 and started_date - 1
    union all
    select
        'renewal_date_passed' as finding,
        subscription_id as example_key
    from subscriptions
    where
        renewal_date < {{ as_of_date() }}
        and started_date <= {{ as_of_date() }}
        and (ended_date is null or ended_date > {{ as_of_date() }})
        and auto_renews is not true
    union all
    select
        'use_after_the_end' as finding,
        coverage.account_id as example_key
    from coverage
    inner join last_use on coverage.account_id = last_use.account_id
    where coverage.last_end_date < last_use.last_usage_date - 30
    union all
    select
        'answer_before_the_contract' as finding,
        responses.response_id as example_key
    from responses
    inner join accounts on responses.account_id = accounts.account_id
    where {{ utc_date('responses.submitted_at') }} < accounts.signed_date
    union all
    select
        'contact_without_role' as finding,
        contact_id as example_key
    from contacts
    where role is null and left_at is null
),

counted as (
    select
        finding,
        count(*) as rows_found,
        min(example_key) as example_key
    from found
    group by finding
)

select * from counted

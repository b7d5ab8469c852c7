-- Grain: one row per customer account.
with

accounts as (select * from {{ ref('stg_crm__accounts') }}),

csms as (select * from {{ ref('stg_crm__csms') }}),

account_subscriptions as (select * from {{ ref('int_account_subscriptions') }}),

trials as (
    select
        account_id,
        min(started_date) as trial_started_date
    from {{ ref('int_subscriptions') }}
    where
        has_held
        and started_date <= {{ as_of_date() }}
        and coalesce(started_date < first_paid_date, true)
    group by account_id
),

-- of what was recorded of an account, the newest holds
segments as (
    select * from {{ ref('int_account_segments') }}
    where valid_to is null
),

described as (
    select
        accounts.account_id,
        accounts.account_name,
        accounts.parent_account_id,
        segments.segment,
        coalesce(accounts.industry, 'unknown') as industry,
        coalesce(accounts.region, 'unknown') as region,
        coalesce(accounts.country, 'unknown') as country,
        accounts.employee_count,
        accounts.touch_tier,
        accounts.csm_id,
        csms.csm_name,
        accounts.signed_date,
        trials.trial_started_date,
        account_subscriptions.first_subscription_date,
        account_subscriptions.last_subscription_date,
        coalesce(account_subscriptions.is_open, false) as is_open,
        account_subscriptions.closed_date,
        date_trunc(
            'quarter', coalesce(account_subscriptions.first_subscription_date, accounts.signed_date)
        )::date as signup_quarter
    from accounts
    inner join segments on accounts.account_id = segments.account_id
    left join csms on accounts.csm_id = csms.csm_id
    left join account_subscriptions on accounts.account_id = account_subscriptions.account_id
    left join trials on accounts.account_id = trials.account_id
    where
        accounts.signed_date <= {{ as_of_date() }}
        or account_subscriptions.first_subscription_date is not null
)

select * from described

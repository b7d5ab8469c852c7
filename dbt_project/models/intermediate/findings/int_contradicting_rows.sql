-- Grain: one row per row of a table and finding that only shows beside other rows or tables.
-- A view: read by data_findings alone.
{{ config(materialized='view') }}

with

accounts as (select * from {{ ref('stg_crm__accounts') }}),

subscriptions as (select * from {{ ref('int_subscriptions') }}),

terms as (select * from {{ ref('stg_billing__subscriptions') }}),

csms as (select * from {{ ref('stg_crm__csms') }}),

exchange_rates as (select * from {{ ref('stg_finance__exchange_rates') }}),

agreeing_rates as (select * from {{ ref('int_exchange_rates') }}),

usage_days as (select * from {{ ref('stg_product__account_days') }}),

contacts as (select * from {{ ref('stg_crm__contacts') }}),

responses as (select * from {{ ref('stg_survey__responses') }}),

words as (
    select * from {{ ref('status_words') }}
    where table_name = 'subscriptions'
),

-- the raw table itself: staging has forgotten what was superseded
recordings as (
    select
        subscription_id,
        product,
        started_at,
        {{ status_word('status') }} as word
    from {{ recorded(source('billing', 'subscriptions')) }} as subscriptions
    where status is not null
),

-- of one account, product and amount: a second licence may have begun before the first one ends
sequenced as (
    select
        *,
        max(coalesce(ended_date, 'infinity')) over earlier as earlier_end_date
    from subscriptions
    where has_held and mrr_cents > 0
    window
        earlier as (
            partition by account_id, product, mrr_cents, currency
            order by started_date, started_at, subscription_id
            rows between unbounded preceding and 1 preceding
        )
),

coverage as (
    select
        account_id,
        max(coalesce(ended_date, 'infinity')) as last_end_date
    from subscriptions
    where has_held and started_date <= {{ as_of_date() }}
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

product_ends as (
    select
        account_id,
        product,
        max(coalesce(ended_date, 'infinity')) as last_end_date
    from subscriptions
    where has_held
    group by account_id, product
),

-- what a subscription's status says beside its times and its amount
stated_terms as (
    select
        terms.source_system,
        concat_ws(', ', terms.subscription_id, terms.status) as example,
        unnest(array[
            case
                when
                    subscriptions.status_meaning = 'running'
                    and terms.ended_at is not null
                    and product_ends.last_end_date <= {{ as_of_date() }}
                    then 'running_and_ended'
            end,
            case
                when
                    subscriptions.status_meaning in ('ended', 'paused')
                    and terms.ended_date > {{ as_of_date() }}
                    then 'ended_ahead'
            end,
            case
                when subscriptions.status_meaning = 'trial' and terms.mrr_cents > 0
                    then 'trial_by_status'
            end,
            case when subscriptions.is_pause and terms.mrr_cents > 0 then 'pause_by_status' end,
            case
                when
                    subscriptions.status_meaning = 'paused'
                    and not subscriptions.is_pause
                    and terms.mrr_cents > 0
                    and terms.ended_date <= {{ as_of_date() }}
                    then 'paused_and_ended'
            end,
            case when subscriptions.status_meaning is null then 'unknown_status' end
        ]) as finding
    from terms
    inner join subscriptions
        on
            terms.subscription_id = subscriptions.subscription_id
            and terms.product = subscriptions.product
            and terms.started_at = subscriptions.started_at
    left join product_ends
        on
            subscriptions.account_id = product_ends.account_id
            and subscriptions.product = product_ends.product
    where terms.status is not null
),

managed_systems as (
    select distinct accounts.source_system
    from accounts
    inner join csms on accounts.csm_id = csms.csm_id
),

named as (
    select
        source_system,
        account_id,
        count(*) over (partition by lower(regexp_replace(account_name, '\W', '', 'g')), country)
            as accounts_of_name
    from accounts
    -- a name of signs alone is no name
    where account_name ~ '\w'
),

found_in_accounts as (
    select
        source_system,
        account_id as example,
        'no_subscription' as finding
    from accounts
    where account_id not in (select subscriptions.account_id from subscriptions)
    union all
    select
        source_system,
        account_id as example,
        'one_name_twice' as finding
    from named
    where accounts_of_name > 1
    union all
    select
        source_system,
        account_id as example,
        'unknown_csm' as finding
    from accounts
    where
        csm_id not in (select csms.csm_id from csms)
        -- of a system whose managers are not delivered it says nothing
        and source_system in (select managed_systems.source_system from managed_systems)
    union all
    select
        accounts.source_system,
        accounts.account_id as example,
        'closed_and_subscribed' as finding
    from accounts
    inner join coverage on accounts.account_id = coverage.account_id
    where
        {{ utc_date('accounts.closed_at') }} <= {{ as_of_date() }}
        and coverage.last_end_date > {{ as_of_date() }}
    union all
    select
        accounts.source_system,
        accounts.account_id as example,
        'use_after_the_end' as finding
    from accounts
    inner join coverage on accounts.account_id = coverage.account_id
    inner join last_use on accounts.account_id = last_use.account_id
    where coverage.last_end_date < last_use.last_usage_date - 30
),

-- An add-on, or a change of plan whose earlier product was not ended.
products_of_an_id as (
    select distinct
        earlier.source_system,
        earlier.subscription_id
    from subscriptions as earlier
    inner join subscriptions as later
        on
            earlier.account_id = later.account_id
            and earlier.source_system = later.source_system
            and earlier.subscription_id = later.subscription_id
    where
        earlier.product <> later.product
        and earlier.started_date < later.started_date
        and earlier.ended_date is null
        and earlier.has_held
        and later.has_held
),

-- under one start, nothing says when the pause began and ended
passed_pauses as (
    select distinct
        subscriptions.source_system,
        subscriptions.subscription_id
    from recordings
    inner join words on recordings.word = words.word
    inner join subscriptions
        on
            recordings.subscription_id = subscriptions.subscription_id
            and recordings.product = subscriptions.product
            and recordings.started_at = subscriptions.started_at
    where
        words.meaning = 'paused'
        and subscriptions.status_meaning = 'running'
        and subscriptions.has_held
),

found_in_subscriptions as (
    select
        source_system,
        subscription_id as example,
        'product_goes_on' as finding
    from products_of_an_id
    union all
    select
        source_system,
        subscription_id as example,
        'passed_pause' as finding
    from passed_pauses
    union all
    select
        source_system,
        subscription_id as example,
        'same_amount_twice' as finding
    from sequenced
    where
        earlier_end_date > started_date + 45
        and (ended_date is null or ended_date > started_date + 45)
    union all
    select
        source_system,
        subscription_id as example,
        'short_gap' as finding
    from sequenced
    where earlier_end_date between started_date - 31 and started_date - 1
    union all
    select
        terms.source_system,
        terms.subscription_id as example,
        'renewal_date_passed' as finding
    from terms
    inner join subscriptions
        on
            terms.subscription_id = subscriptions.subscription_id
            and terms.product = subscriptions.product
            and terms.started_at = subscriptions.started_at
    where
        terms.renewal_date < {{ as_of_date() }}
        and subscriptions.has_held
        and subscriptions.started_date <= {{ as_of_date() }}
        and (subscriptions.ended_date is null or subscriptions.ended_date > {{ as_of_date() }})
        and terms.auto_renews is not true
    union all
    select
        source_system,
        example,
        finding
    from stated_terms
    where finding is not null
),

found as (
    select
        source_system,
        'crm' as source,
        'accounts' as table_name,
        example,
        finding
    from found_in_accounts
    union all
    select
        source_system,
        'billing' as source,
        'subscriptions' as table_name,
        example,
        finding
    from found_in_subscriptions
    union all
    select
        exchange_rates.source_system,
        'finance' as source,
        'exchange_rates' as table_name,
        exchange_rates.currency || ' ' || exchange_rates.rate_date as example,
        'far_rate' as finding
    from exchange_rates
    left join agreeing_rates
        on
            exchange_rates.currency = agreeing_rates.currency
            and exchange_rates.rate_date = agreeing_rates.rate_date
    where agreeing_rates.currency is null
    union all
    select
        responses.source_system,
        'survey' as source,
        'responses' as table_name,
        responses.response_id as example,
        'before_the_contract' as finding
    from responses
    inner join accounts on responses.account_id = accounts.account_id
    where {{ utc_date('responses.submitted_at') }} < accounts.signed_date
    union all
    select
        source_system,
        'crm' as source,
        'contacts' as table_name,
        contact_id as example,
        'no_role' as finding
    from contacts
    where role is null and left_at is null
)

select * from found

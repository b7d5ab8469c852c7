-- Grain: one row per subscription, product and start, as delivered.
-- A table, not a view: five models read it.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['subscription_id', 'product', 'started_at'],
        on_schema_change='append_new_columns'
    )
}}

with

delivered as (select * from {{ ref('stg_billing__subscriptions') }}),

policy as (select * from {{ ref('subscription_policy') }}),

words as (
    select * from {{ ref('status_words') }}
    where table_name = 'subscriptions'
),

closings as (
    select * from {{ ref('int_status_closings') }}
    where table_name = 'subscriptions'
),

-- a status goes before a time that is missing
with_status as (
    select
        delivered.*,
        words.meaning as status_meaning,
        delivered.ended_at is null and coalesce(words.meaning in ('ended', 'paused'), false)
            as is_closed_by_status,
        words.meaning in ('ended', 'paused') and closings.was_trial as is_trial_that_ended,
        case
            -- recorded as running later, it ran on for its term of notice
            when
                words.meaning = 'ended'
                and coalesce({{ utc_date('delivered.cancelled_at') }} >= closings.last_open_date, true)
                then coalesce({{ utc_date('delivered.cancelled_at') }}, closings.closed_date)
            else closings.closed_date
        end as status_ended_date
    from delivered
    left join words on {{ status_word('delivered.status') }} = words.word
    left join closings
        on
            delivered.subscription_id = closings.row_key
            and delivered.product = closings.product
            and delivered.started_at = closings.started_at
),

-- an end in the last minute of a day is the first moment of the next
stamped as (
    select
        subscription_id,
        started_at,
        account_id,
        product,
        unit,
        case when status_meaning = 'trial' or is_trial_that_ended then 0 else mrr_cents end as mrr_cents,
        currency,
        source_system,
        status_meaning,
        is_closed_by_status,
        started_date,
        ended_at is null and coalesce(cancelled_at < started_at, false) as is_cancelled_before_start,
        coalesce((ended_at at time zone 'UTC')::time >= '23:59', false) as is_end_of_day,
        (ended_at at time zone 'UTC')::time = '00:00' as is_end_a_day,
        case
            when is_closed_by_status then status_ended_date
            else ended_date + ((ended_at at time zone 'UTC')::time >= '23:59')::integer
        end as ended_date
    from with_status
),

gaps as (
    select
        source_system,
        is_end_a_day,
        lead(started_date) over (
            partition by account_id, product order by started_date, ended_date, subscription_id
        ) - ended_date as gap_days
    from stamped
),

-- Ends are days of which most are followed by a start on the day after: they are last days.
inclusive as (
    select gaps.source_system
    from gaps
    cross join policy
    where gaps.is_end_a_day and gaps.gap_days between 0 and policy.following_within_days
    group by gaps.source_system, policy.inclusive_end_gaps, policy.inclusive_end_share
    having
        count(*) filter (where gaps.gap_days = 1) >= policy.inclusive_end_gaps
        and count(*) filter (where gaps.gap_days = 1) > policy.inclusive_end_share * count(*)
),

exclusive as (
    select
        stamped.*,
        coalesce(stamped.is_end_a_day and inclusive.source_system is not null, false) as is_inclusive_end,
        stamped.ended_date
        + coalesce(stamped.is_end_a_day and inclusive.source_system is not null, false)::integer
            as first_uncovered_date
    from stamped
    left join inclusive on stamped.source_system = inclusive.source_system
),

-- One id has one set of terms of a product at a time, so that its next period ends the one before.
-- Another product under the id is an item of its own.
sequenced as (
    select
        *,
        count(*) over (
            partition by source_system, account_id, subscription_id, product
        ) > 1 as has_further_periods,
        -- least() skips the null of what has no end, or no next period
        least(
            first_uncovered_date,
            lead(started_date) over (
                partition by source_system, account_id, subscription_id, product order by started_at
            )
        ) as last_possible_date,
        is_closed_by_status and lead(started_date) over (
            partition by source_system, account_id, subscription_id, product order by started_at
        ) is null as is_end_of_status_alone
    from exclusive
),

-- A status may be that of the subscription, written beside each of its terms, and an end that is but
-- the day of a status says nothing of the next period. So it takes one that runs on either side.
beside_others as (
    select
        *,
        coalesce(
            status_meaning = 'paused'
            and not is_end_of_status_alone
            and started_date - lag(last_possible_date) over by_product between 0 and 1
            and coalesce(lag(status_meaning) over by_product, '') not in ('paused', 'not_begun')
            and lead(started_date) over by_product - last_possible_date between 0 and 1
            and coalesce(lead(status_meaning) over by_product, '') not in ('paused', 'not_begun'),
            false
        ) as is_pause
    from sequenced
    window
        by_product as (
            partition by source_system, account_id, product order by started_at, subscription_id
        )
),

held as (
    select
        beside_others.*,
        policy.following_within_days,
        beside_others.is_closed_by_status and beside_others.last_possible_date is null as is_end_unknown,
        coalesce(
            beside_others.last_possible_date > beside_others.started_date,
            not beside_others.is_closed_by_status
        )
        and not beside_others.is_cancelled_before_start
        and coalesce(beside_others.status_meaning != 'not_begun', true) as has_held
    from beside_others
    cross join policy
),

-- Only what came before says whether a period renews the one before it: what comes later must not
-- change the weeks of the past. (That a pause was one is said by what follows alone.)
followed as (
    select
        *,
        lag(started_date) over by_product as previous_started_date,
        lag(last_possible_date) over by_product as previous_ended_date,
        max(coalesce(last_possible_date, 'infinity'::date)) over (
            by_product rows between unbounded preceding and 1 preceding
        ) as covered_until,
        max(coalesce(last_possible_date, 'infinity'::date)) over (
            by_product rows between unbounded preceding and 2 preceding
        ) as covered_before_until
    from held
    window
        by_product as (
            partition by account_id, product, has_held order by started_date, started_at, subscription_id
        )
),

renewals as (
    select
        *,
        has_held
        and previous_started_date < started_date
        and previous_ended_date > started_date
        and previous_ended_date <= started_date + following_within_days
        -- no other period of the product lasts until here, let alone is continued here
        and coalesce(covered_before_until < started_date, true)
        -- an account that ever held two for longer buys licences side by side
        and not coalesce(
            bool_or(covered_until > started_date + following_within_days) over (
                partition by account_id, product, has_held
                order by started_date, started_at, subscription_id
            ), false
        ) as is_early_renewal
    from followed
),

starts as (
    select distinct
        account_id,
        product,
        started_date
    from held
    where has_held
),

cut as (
    select
        renewals.*,
        coalesce(
            -- one that is continued on its last day is not what was renewed
            starts.account_id is null and lead(renewals.is_early_renewal) over by_product, false
        ) as is_renewed_early,
        lead(renewals.started_date) over by_product as next_started_date
    from renewals
    left join starts
        on
            renewals.account_id = starts.account_id
            and renewals.product = starts.product
            and renewals.last_possible_date = starts.started_date
    window
        by_product as (
            partition by renewals.account_id, renewals.product, renewals.has_held
            order by renewals.started_date, renewals.started_at, renewals.subscription_id
        )
),

subscriptions as (
    select
        subscription_id,
        started_at,
        account_id,
        product,
        unit,
        case when is_pause then 0 else mrr_cents end as mrr_cents,
        currency,
        source_system,
        started_date,
        case when is_renewed_early then next_started_date else last_possible_date end as ended_date,
        min(started_date) filter (where has_held and mrr_cents > 0) over (partition by account_id)
            as first_paid_date,
        has_held,
        has_further_periods,
        is_cancelled_before_start,
        is_end_of_day,
        is_inclusive_end,
        is_renewed_early,
        status_meaning,
        is_closed_by_status,
        is_end_unknown,
        is_pause
    from cut
)

select * from subscriptions

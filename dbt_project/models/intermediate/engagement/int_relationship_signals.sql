-- Grain: one row per account and snapshot date that is due.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

due_accounts as (
    select distinct account_id from snapshots
),

activities as (
    select activities.*
    from {{ ref('stg_crm__activities') }} as activities
    inner join due_accounts on activities.account_id = due_accounts.account_id
),

contacts as (
    select contacts.*
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join due_accounts on contacts.account_id = due_accounts.account_id
),

contact_roles as (
    select * from {{ ref('int_contact_roles') }}
    where is_sponsor is not null
),

coverage as (select * from {{ ref('int_source_coverage') }}),

timeline as (
    select
        account_id,
        snapshot_date as event_date,
        true as is_snapshot,
        0 as inbound,
        null::integer as review_attended,
        null::date as contact_date
    from snapshots
    union all
    select
        account_id,
        {{ utc_date('occurred_at') }} as event_date,
        false as is_snapshot,
        is_inbound::integer as inbound,
        case when activity_type = 'business_review' then was_attended::integer end
            as review_attended,
        -- a note to oneself and a meeting without the customer are no contact
        case
            when activity_type != 'note' and was_attended is not false
                then {{ utc_date('occurred_at') }}
        end as contact_date
    from activities
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        avg(review_attended) over last_180_days as review_attendance_180d,
        sum(inbound) over last_90_days as inbound_activities_90d,
        max(contact_date) over so_far as last_contact_date
    from timeline
    window
        last_90_days as (
            partition by account_id order by event_date
            range between interval '89 days' preceding and current row
        ),
        last_180_days as (
            partition by account_id order by event_date
            range between interval '179 days' preceding and current row
        ),
        so_far as (partition by account_id order by event_date)
),

sponsors as (
    select
        contacts.account_id,
        {{ utc_date('contacts.joined_at') }} as joined_date,
        {{ utc_date('contacts.left_at') }} as left_date,
        contact_roles.is_sponsor,
        contact_roles.known_from,
        contact_roles.known_until
    from contacts
    inner join contact_roles on contacts.contact_id = contact_roles.contact_id
),

sponsorship as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        max(
            (
                sponsors.is_sponsor
                and (sponsors.left_date is null or sponsors.left_date > snapshots.snapshot_date)
            )::integer
        ) as sponsor_present,
        count(*) filter (
            where sponsors.is_sponsor
            and sponsors.left_date between snapshots.snapshot_date - 89 and snapshots.snapshot_date
        ) as sponsor_left_90d
    from snapshots
    inner join sponsors
        on
            snapshots.account_id = sponsors.account_id
            -- without a date of joining a person was always there
            and snapshots.snapshot_date >= coalesce(sponsors.joined_date, '-infinity'::date)
            and snapshots.snapshot_date >= sponsors.known_from
            and snapshots.snapshot_date < sponsors.known_until
    group by snapshots.account_id, snapshots.snapshot_date
),

signals as (
    select
        rolled.account_id,
        rolled.snapshot_date,
        rolled.review_attendance_180d::double precision as review_attendance_180d,
        case
            when rolled.snapshot_date >= coverage.activity_directions_from
                then coalesce(rolled.inbound_activities_90d, 0)
        end::double precision as inbound_activities_90d,
        case
            when rolled.snapshot_date >= coverage.activities_from
                then
                    rolled.snapshot_date
                    -- never in touch: without contact since the customer, or the source, began
                    - coalesce(
                        rolled.last_contact_date,
                        greatest(snapshots.first_subscription_date, coverage.activities_from)
                    )
        end::double precision as days_since_last_contact,
        sponsorship.sponsor_present::double precision as sponsor_present,
        sponsorship.sponsor_left_90d::double precision as sponsor_left_90d
    from rolled
    inner join snapshots
        on
            rolled.account_id = snapshots.account_id
            and rolled.snapshot_date = snapshots.snapshot_date
    cross join coverage
    left join sponsorship
        on
            rolled.account_id = sponsorship.account_id
            and rolled.snapshot_date = sponsorship.snapshot_date
    where rolled.is_snapshot
)

select * from signals

-- Grain: one row per account and snapshot date that is due.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

due_accounts as (
    select distinct account_id from snapshots
),

activities as (
    select
        activities.*,
        {{ utc_date('activities.occurred_at') }} as occurred_date,
        activities.activity_type != 'note' and activities.was_attended is not false as is_contact
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

-- a note to oneself and a meeting without the customer are no contact
timeline as (
    {{ timeline(
        {
            'inbound': '0',
            'review_attended': 'null::integer',
            'review_date': 'null::date',
            'contact_date': 'null::date',
            'reply_seconds': 'null::numeric',
        },
        [
            {
                'from': 'activities',
                'day': 'occurred_date',
                'inbound': 'is_inbound::integer',
                'review_attended':
                    "case when activity_type = 'business_review' then was_attended::integer end",
                'review_date':
                    "case when activity_type = 'business_review' and is_contact then occurred_date end",
                'contact_date': 'case when is_contact then occurred_date end',
            },
            {
                'from': 'activities',
                'where': 'responded_at >= occurred_at and is_inbound is not true',
                'day': utc_date('responded_at'),
                'reply_seconds': 'extract(epoch from responded_at - occurred_at)',
            },
        ]
    ) }}
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        avg(review_attended) over last_180_days as review_attendance_180d,
        sum(inbound) over last_90_days as inbound_activities_90d,
        avg(reply_seconds) over last_90_days / 3600 as reply_hours_90d,
        max(review_date) over so_far as last_review_date,
        max(contact_date) over so_far as last_contact_date
    from timeline
    window
        last_90_days as {{ last_days(90) }},
        last_180_days as {{ last_days(180) }},
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
        case
            when rolled.snapshot_date >= coverage.reviews_from
                then
                    (
                        rolled.snapshot_date
                        - coalesce(
                            rolled.last_review_date,
                            greatest(snapshots.first_subscription_date, coverage.reviews_from)
                        )
                    )
                    / 7.0
        end::double precision as weeks_since_last_review,
        rolled.reply_hours_90d::double precision as reply_hours_90d,
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

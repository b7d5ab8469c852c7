-- Grain: one row per account and snapshot date that is due.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

due_accounts as (
    select distinct account_id from snapshots
),

coverage as (select activity_contacts_from from {{ ref('int_source_coverage') }}),

roles as (select * from {{ ref('int_contact_roles') }}),

-- who it was, in the role known by that day; a note to oneself and a meeting without the customer
-- are no contact
contacts_made as (
    select
        activities.account_id,
        activities.contact_id,
        activities.occurred_at,
        activities.responded_at,
        activities.is_inbound,
        {{ utc_date('activities.occurred_at') }} as occurred_date,
        roles.role,
        roles.is_sponsor
    from {{ ref('stg_crm__activities') }} as activities
    inner join due_accounts on activities.account_id = due_accounts.account_id
    left join roles
        on
            activities.contact_id = roles.contact_id
            and activities.account_id = roles.account_id
            and {{ utc_date('activities.occurred_at') }} >= roles.known_from
            and {{ utc_date('activities.occurred_at') }} < roles.known_until
    where
        activities.contact_id is not null
        and activities.activity_type != 'note'
        and activities.was_attended is not false
),

-- in touch for 90 days from each contact on: only the first day and the day after the last are
-- kept, so that a running sum counts distinct people
stays as (
    select
        account_id,
        occurred_date,
        occurred_date - lag(occurred_date) over by_contact as days_since_previous,
        lead(occurred_date) over by_contact - occurred_date as days_to_next
    from contacts_made
    window by_contact as (partition by account_id, contact_id order by occurred_date)
),

timeline as (
    {{ timeline(
        {
            'contacts_change': '0',
            'sponsor_date': 'null::date',
            'champion_date': 'null::date',
            'admin_date': 'null::date',
            'sponsor_reply_seconds': 'null::numeric',
        },
        [
            {
                'from': 'contacts_made',
                'day': 'occurred_date',
                'sponsor_date': 'case when is_sponsor then occurred_date end',
                'champion_date': "case when role = 'champion' then occurred_date end",
                'admin_date': "case when role = 'admin' then occurred_date end",
            },
            {
                'from': 'contacts_made',
                'where': 'is_sponsor and responded_at >= occurred_at and is_inbound is not true',
                'day': utc_date('responded_at'),
                'sponsor_reply_seconds': 'extract(epoch from responded_at - occurred_at)',
            },
            {
                'from': 'stays',
                'where': 'days_since_previous is null or days_since_previous > 90',
                'day': 'occurred_date',
                'contacts_change': '1',
            },
            {
                'from': 'stays',
                'where': 'days_to_next is null or days_to_next > 90',
                'day': 'occurred_date + 90',
                'contacts_change': '-1',
            },
        ]
    ) }}
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        sum(contacts_change) over so_far as contacts_in_touch_90d,
        max(sponsor_date) over so_far as last_sponsor_date,
        max(champion_date) over so_far as last_champion_date,
        max(admin_date) over so_far as last_admin_date,
        avg(sponsor_reply_seconds) over last_180_days / 3600 as sponsor_reply_hours_180d
    from timeline
    window
        last_180_days as {{ last_days(180) }},
        so_far as (partition by account_id order by event_date)
),

signals as (
    select
        rolled.account_id,
        rolled.snapshot_date,
        case
            when rolled.snapshot_date >= coverage.activity_contacts_from then rolled.contacts_in_touch_90d
        end::double precision as contacts_in_touch_90d,
        (rolled.snapshot_date - rolled.last_sponsor_date)::double precision as days_since_sponsor_contact,
        (rolled.snapshot_date - rolled.last_champion_date)::double precision as days_since_champion_contact,
        (rolled.snapshot_date - rolled.last_admin_date)::double precision as days_since_admin_contact,
        rolled.sponsor_reply_hours_180d::double precision as sponsor_reply_hours_180d
    from rolled
    cross join coverage
    where rolled.is_snapshot
)

select * from signals

-- Grain: one row per contact and period for which its role was the one that was known.
-- This reads the raw table itself: staging has the role that holds, and none that held.
with

recordings as (select * from {{ recorded(source('crm', 'contacts')) }} as recordings),

-- of several roles recorded on one day the last one is known at its end
days as (
    select distinct on (contact_id, recorded_date)
        contact_id,
        {{ utc_date('_recorded_at') }} as recorded_date,
        account_id,
        role,
        is_executive_sponsor
    from recordings
    order by
        contact_id asc,
        recorded_date asc,
        _recorded_at desc,
        _superseded_at desc nulls first
),

-- what was recorded first is the oldest that is known of the days before it
roles as (
    select
        contact_id,
        account_id,
        role,
        -- a person of unknown role says nothing about the sponsor
        case
            when is_executive_sponsor is not null or role is not null
                then coalesce(is_executive_sponsor, false) or coalesce(role = 'sponsor', false)
        end as is_sponsor,
        case
            when lag(recorded_date) over by_contact is null then '-infinity'::date
            else recorded_date
        end as known_from,
        coalesce(lead(recorded_date) over by_contact, 'infinity'::date) as known_until
    from days
    window by_contact as (partition by contact_id order by recorded_date)
)

select * from roles

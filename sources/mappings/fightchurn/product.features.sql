-- A CRM is there to keep leads, contacts and deals: adding, changing and moving them is its core.
-- Meetings are sold as an add-on, so they are not. For the rest (search, lists, mails, calls) the
-- names do not tell, and neither do we. Types 25 to 27 name sums over events, not features: no
-- event has them.
select
    event_type_name as feature,
    case when event_type_name like '%meeting' then 'meetings' else 'crm' end as product,
    case
        when event_type_name like '%meeting' or event_type_id::integer >= 25 then false
        when event_type_name in (
            'add_lead', 'edit_lead', 'add_contact', 'edit_contact', 'create_opportunity',
            'advance_stage', 'win_opportunity', 'lose_opportunity', 'disqualify_opportunity'
        ) then true
    end as is_core,
    * exclude (event_type_name),
from "event_type.csv"

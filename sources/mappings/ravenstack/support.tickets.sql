-- The file's name differs between exports: ravenstack_support_tickets, ravenstack_supports_ticket.
-- dates: submitted_at, closed_at
select
    ticket_id,
    account_id,
    case when priority = 'medium' then 'normal' else priority end as priority,
    submitted_at as created_at,
    submitted_at + to_minutes(try_cast(first_response_time_minutes as integer))
        as first_response_at,
    closed_at as solved_at,
    -- whether it was escalated is stated, when is not: at its closing this was certainly known
    case when try_cast(escalation_flag as boolean) then closed_at end as escalated_at,
    satisfaction_score as csat_score,
    try_cast(resolution_time_hours as double) as resolution_time_hours,
    * exclude (
        ticket_id, account_id, priority, submitted_at, first_response_time_minutes, closed_at,
        escalation_flag, satisfaction_score, resolution_time_hours
    ),
from "ravenstack_support*_ticket*.csv"

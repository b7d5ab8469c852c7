-- Grain: one row per account and snapshot date that is due.
-- Opening, first answer, escalation and solution are facts of their own days: what happened to a
-- ticket after a snapshot has not happened yet at it.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

windows as (select * from {{ ref('int_support_windows') }}),

coverage as (select * from {{ ref('int_source_coverage') }}),

due_accounts as (
    select
        account_id,
        min(snapshot_date) - 89 as read_from
    from snapshots
    group by account_id
),

-- opened and solved before all windows, a ticket is in none of them, and no longer open
tickets as (
    select tickets.*
    from {{ ref('stg_support__tickets') }} as tickets
    inner join due_accounts on tickets.account_id = due_accounts.account_id
    where
        tickets.solved_at is null
        -- greatest() skips the times of what never happened
        or {{ utc_date(
            'greatest(tickets.created_at, tickets.first_response_at, tickets.escalated_at, tickets.solved_at)'
        ) }} >= due_accounts.read_from
),

ticket_facts as (
    select
        account_id,
        {{ utc_date('created_at') }} as event_date,
        1 as opened,
        (priority = 'urgent')::integer as urgent,
        is_core_function::integer as core,
        0 as escalated,
        1 as open_change,
        null::numeric as response_seconds,
        null::numeric as csat_score
    from tickets
    union all
    select
        account_id,
        {{ utc_date('first_response_at') }} as event_date,
        0 as opened,
        0 as urgent,
        0 as core,
        0 as escalated,
        0 as open_change,
        extract(epoch from first_response_at - created_at) as response_seconds,
        null as csat_score
    from tickets
    where first_response_at >= created_at
    union all
    select
        account_id,
        {{ utc_date('escalated_at') }} as event_date,
        0 as opened,
        0 as urgent,
        0 as core,
        1 as escalated,
        0 as open_change,
        null as response_seconds,
        null as csat_score
    from tickets
    where escalated_at is not null
    union all
    -- the satisfaction with a ticket has no time of its own: it is asked once the ticket is solved
    select
        account_id,
        {{ utc_date('solved_at') }} as event_date,
        0 as opened,
        0 as urgent,
        0 as core,
        0 as escalated,
        -1 as open_change,
        null as response_seconds,
        csat_score
    from tickets
    where solved_at is not null
),

timeline as (
    select
        account_id,
        snapshot_date as event_date,
        true as is_snapshot,
        0 as opened,
        0 as urgent,
        0 as core,
        0 as escalated,
        0 as open_change,
        null as response_seconds,
        null as csat_score
    from snapshots
    union all
    select
        account_id,
        event_date,
        false as is_snapshot,
        opened,
        urgent,
        core,
        escalated,
        open_change,
        response_seconds,
        csat_score
    from ticket_facts
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        sum(opened) over last_28_days as tickets_28d,
        sum(core) over last_28_days as core_tickets_28d,
        sum(opened) over last_90_days as tickets_90d,
        sum(urgent) over last_90_days as urgent_tickets_90d,
        sum(escalated) over last_90_days as escalations_90d,
        avg(response_seconds) over last_90_days / 3600 as first_response_hours_90d,
        avg(csat_score) over last_90_days as csat_90d,
        sum(open_change) over so_far as open_tickets
    from timeline
    window
        last_28_days as (
            partition by account_id order by event_date
            range between interval '27 days' preceding and current row
        ),
        last_90_days as (
            partition by account_id order by event_date
            range between interval '89 days' preceding and current row
        ),
        so_far as (partition by account_id order by event_date)
),

signals as (
    select
        rolled.account_id,
        rolled.snapshot_date,
        case when windows.is_window_complete_28d then rolled.tickets_28d end::double precision
            as tickets_28d,
        case when windows.is_window_complete_90d then rolled.tickets_90d end::double precision
            as tickets_90d,
        case
            when windows.is_window_complete_90d and rolled.snapshot_date >= coverage.priority_from
                then rolled.urgent_tickets_90d
        end::double precision as urgent_tickets_90d,
        case
            when windows.is_window_complete_28d and rolled.snapshot_date >= coverage.core_tickets_from
                then rolled.core_tickets_28d
        end::double precision as core_tickets_28d,
        case
            when windows.is_window_complete_90d and rolled.snapshot_date >= coverage.escalations_from
                then rolled.escalations_90d
        end::double precision as escalations_90d,
        case
            -- what was opened and solved recently is not known
            when windows.is_window_complete_28d and rolled.snapshot_date >= coverage.solutions_from
                then rolled.open_tickets
        end::double precision as open_tickets,
        -- means are those of the tickets that were reported
        rolled.first_response_hours_90d::double precision as first_response_hours_90d,
        rolled.csat_90d::double precision as csat_90d
    from rolled
    cross join coverage
    left join windows on rolled.snapshot_date = windows.snapshot_date
    where rolled.is_snapshot and rolled.snapshot_date >= coverage.tickets_from
)

select * from signals

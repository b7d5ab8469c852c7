-- Grain: one row per account and snapshot date that is due.
-- Opening, first answer, escalation and solution are facts of their own days: what happened to a
-- ticket after a snapshot has not happened yet at it.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

windows as (select * from {{ ref('int_support_windows') }}),

coverage as (select * from {{ ref('int_source_coverage') }}),

policy as (select poor_rating_up_to from {{ ref('signal_policy') }}),

outages as (
    select * from {{ ref('int_source_outages') }}
    where source = 'support'
),

due_accounts as (
    select
        account_id,
        min(snapshot_date) - 179 as read_from
    from snapshots
    group by account_id
),

words as (
    select * from {{ ref('status_words') }}
    where table_name = 'tickets'
),

closings as (
    select * from {{ ref('int_status_closings') }}
    where table_name = 'tickets'
),

all_tickets as (
    select
        tickets.*,
        tickets.solved_at is null and coalesce(words.meaning = 'closed', false) as is_closed_by_status,
        case
            when closings.closed_date is not null
                then greatest(closings.closed_date, {{ utc_date('tickets.created_at') }})
        end as status_closed_date,
        due_accounts.read_from,
        {{ utc_date('tickets.created_at') }} as created_date,
        {{ utc_date('tickets.created_at') }} - lag({{ utc_date('tickets.created_at') }}) over (
            partition by tickets.account_id order by tickets.created_at, tickets.ticket_id
        ) as gap_days
    from {{ ref('stg_support__tickets') }} as tickets
    inner join due_accounts on tickets.account_id = due_accounts.account_id
    left join words on {{ status_word('tickets.status') }} = words.word
    left join closings on tickets.ticket_id = closings.row_key
),

-- opened and solved before all windows, a ticket is in none of them, and no longer open
tickets as (
    select * from all_tickets
    where
        solved_at is null
        -- greatest() skips the times of what never happened
        or {{ utc_date('greatest(created_at, first_response_at, escalated_at, solved_at)') }} >= read_from
),

-- satisfaction and reopenings have no time of their own: they are known once the ticket is solved
timeline as (
    {{ timeline(
        {
            'opened': '0',
            'urgent': '0',
            'core': '0',
            'escalated': '0',
            'open_change': '0',
            'gap_days': 'null::integer',
            'opened_date': 'null::date',
            'response_seconds': 'null::numeric',
            'csat_score': 'null::numeric',
            'reopened': 'null::integer',
        },
        [
            {
                'from': 'tickets',
                'day': 'created_date',
                'opened': '1',
                'urgent': "(priority = 'urgent')::integer",
                'core': 'is_core_function::integer',
                'open_change': '(not is_closed_by_status or status_closed_date is not null)::integer',
                'gap_days': 'gap_days',
                'opened_date': 'created_date',
            },
            {
                'from': 'tickets',
                'where': 'first_response_at >= created_at',
                'day': utc_date('first_response_at'),
                'response_seconds': 'extract(epoch from first_response_at - created_at)',
            },
            {
                'from': 'tickets',
                'where': 'escalated_at is not null',
                'day': utc_date('escalated_at'),
                'escalated': '1',
            },
            {
                'from': 'tickets',
                'where': 'solved_at is not null',
                'day': utc_date('solved_at'),
                'open_change': '-1',
                'csat_score': 'csat_score',
                'reopened': '(reopened_count > 0)::integer',
            },
            {
                'from': 'tickets',
                'where': 'is_closed_by_status and status_closed_date is not null',
                'day': 'status_closed_date',
                'open_change': '-1',
            },
        ]
    ) }}
),

rolled as (
    select
        timeline.account_id,
        timeline.event_date as snapshot_date,
        timeline.is_snapshot,
        sum(timeline.opened) over last_28_days as tickets_28d,
        sum(timeline.core) over last_28_days as core_tickets_28d,
        sum(timeline.opened) over last_90_days as tickets_90d,
        sum(timeline.urgent) over last_90_days as urgent_tickets_90d,
        sum(timeline.escalated) over last_90_days as escalations_90d,
        avg(timeline.response_seconds) over last_90_days / 3600 as first_response_hours_90d,
        (
            sum(timeline.response_seconds) over last_180_days
            - coalesce(sum(timeline.response_seconds) over last_90_days, 0)
        )
        / 3600
        / nullif(
            count(timeline.response_seconds) over last_180_days
            - count(timeline.response_seconds) over last_90_days, 0
        ) as first_response_hours_previous_90d,
        avg(timeline.csat_score) over last_90_days as csat_90d,
        sum((timeline.csat_score <= policy.poor_rating_up_to)::integer) over last_90_days
            as poor_ratings_90d,
        avg(timeline.reopened) over last_90_days as reopened_share_90d,
        sum(timeline.opened) over last_180_days as tickets_180d,
        sum(timeline.core) over last_180_days as core_tickets_180d,
        avg(timeline.gap_days) over last_180_days as usual_gap_days,
        max(timeline.opened_date) over so_far as last_ticket_date,
        sum(timeline.open_change) over so_far as open_tickets
    from timeline
    cross join policy
    window
        last_28_days as {{ last_days(28) }},
        last_90_days as {{ last_days(90) }},
        last_180_days as {{ last_days(180) }},
        so_far as (partition by account_id order by event_date)
),

known as (
    select
        rolled.*,
        windows.is_window_complete_28d,
        windows.is_window_complete_90d,
        -- what is usual takes half a year of the customer and of the source
        windows.is_window_complete_28d
        and windows.is_window_complete_180d
        and rolled.snapshot_date - 179 >= greatest(
            snapshots.first_subscription_date, coverage.tickets_from
        ) as has_usual,
        coverage.priority_from,
        coverage.core_tickets_from,
        coverage.escalations_from,
        coverage.solutions_from,
        coverage.ratings_from,
        -- on a missing day no account is known to have opened no ticket
        rolled.snapshot_date - rolled.last_ticket_date - meanwhile.missing_days as days_since_last_ticket
    from rolled
    cross join coverage
    inner join snapshots
        on
            rolled.account_id = snapshots.account_id
            and rolled.snapshot_date = snapshots.snapshot_date
    left join windows on rolled.snapshot_date = windows.snapshot_date
    cross join
        lateral (
            select {{ missing_days('rolled.last_ticket_date + 1', 'rolled.snapshot_date') }} as missing_days
            from outages
            where rolled.snapshot_date >= outages.known_from
        ) as meanwhile
    where rolled.is_snapshot and rolled.snapshot_date >= coverage.tickets_from
),

signals as (
    select
        account_id,
        snapshot_date,
        case when is_window_complete_28d then tickets_28d end::double precision as tickets_28d,
        case when is_window_complete_90d then tickets_90d end::double precision as tickets_90d,
        case
            when is_window_complete_90d and snapshot_date >= priority_from then urgent_tickets_90d
        end::double precision as urgent_tickets_90d,
        case
            when is_window_complete_28d and snapshot_date >= core_tickets_from then core_tickets_28d
        end::double precision as core_tickets_28d,
        -- above what was usual in the 152 days before, on as many days
        case
            when has_usual then tickets_28d - (tickets_180d - tickets_28d) * 28 / 152.0
        end::double precision as ticket_spike_28d,
        case
            when has_usual and snapshot_date - 179 >= core_tickets_from
                then core_tickets_28d - (core_tickets_180d - core_tickets_28d) * 28 / 152.0
        end::double precision as core_ticket_spike_28d,
        (days_since_last_ticket / nullif(usual_gap_days, 0))::double precision as ticket_gap_ratio,
        case
            when is_window_complete_90d and snapshot_date >= escalations_from then escalations_90d
        end::double precision as escalations_90d,
        case
            -- what was opened and solved recently is not known
            when is_window_complete_28d and snapshot_date >= solutions_from then open_tickets
        end::double precision as open_tickets,
        -- means and shares are those of the tickets that were reported
        first_response_hours_90d::double precision as first_response_hours_90d,
        (first_response_hours_90d / nullif(first_response_hours_previous_90d, 0) - 1)::double precision
            as first_response_change_90d,
        csat_90d::double precision as csat_90d,
        reopened_share_90d::double precision as reopened_share_90d,
        case
            when is_window_complete_90d and snapshot_date >= ratings_from
                then coalesce(poor_ratings_90d, 0)
        end::double precision as poor_ratings_90d
    from known
)

select * from signals

-- Grain: one row per account and snapshot date that is due.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

due_accounts as (
    select distinct account_id from snapshots
),

coverage as (
    select
        tasks_from,
        opportunities_from
    from {{ ref('int_source_coverage') }}
),

tasks as (
    select
        crm_tasks.account_id,
        greatest({{ utc_date('crm_tasks.due_at') }} + 1, {{ utc_date('crm_tasks.opened_at') }})
            as overdue_from,
        {{ utc_date('crm_tasks.completed_at') }} as completed_date
    from {{ ref('stg_crm__tasks') }} as crm_tasks
    inner join due_accounts on crm_tasks.account_id = due_accounts.account_id
    where
        crm_tasks.due_at is not null
        -- held out of a playbook by a draw: nothing is to be done
        and crm_tasks.is_holdout is not true
),

expansions as (
    select
        opportunities.account_id,
        opportunities.opened_date,
        opportunities.closed_date
    from {{ ref('int_opportunities') }} as opportunities
    inner join due_accounts on opportunities.account_id = due_accounts.account_id
    where
        opportunities.opportunity_type = 'expansion'
        and opportunities.opened_date is not null
        -- won or lost, and when is not known: in no week it is known to be open
        and (opportunities.outcome = 'open' or opportunities.closed_date is not null)
),

timeline as (
    {{ timeline(
        {'overdue_change': '0', 'expansion_change': '0', 'expansion_date': 'null::date'},
        [
            {
                'from': 'tasks',
                'where': 'completed_date is null or completed_date > overdue_from',
                'day': 'overdue_from',
                'overdue_change': '1',
            },
            {
                'from': 'tasks',
                'where': 'completed_date > overdue_from',
                'day': 'completed_date',
                'overdue_change': '-1',
            },
            {
                'from': 'expansions',
                'day': 'opened_date',
                'expansion_change': '1',
                'expansion_date': 'opened_date',
            },
            {
                'from': 'expansions',
                'where': 'closed_date is not null',
                'day': 'greatest(closed_date, opened_date)',
                'expansion_change': '-1',
                'expansion_date': 'greatest(closed_date, opened_date)',
            },
        ]
    ) }}
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        sum(overdue_change) over so_far as overdue_tasks,
        sum(expansion_change) over so_far as open_expansions,
        max(expansion_date) over so_far as last_expansion_date
    from timeline
    window so_far as (partition by account_id order by event_date)
),

signals as (
    select
        rolled.account_id,
        rolled.snapshot_date,
        case
            when rolled.snapshot_date >= coverage.tasks_from then rolled.overdue_tasks
        end::double precision as overdue_tasks,
        case
            when rolled.snapshot_date >= coverage.opportunities_from then rolled.open_expansions
        end::double precision as open_expansions,
        -- while one is open, it is being talked about
        case
            when rolled.open_expansions > 0 then 0
            else rolled.snapshot_date - rolled.last_expansion_date
        end::double precision as days_since_expansion_talk
    from rolled
    cross join coverage
    where rolled.is_snapshot
)

select * from signals

-- Grain: one row per account and snapshot date that is due.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

due_accounts as (
    select distinct account_id from snapshots
),

enrollments as (
    select enrollments.*
    from {{ ref('stg_training__enrollments') }} as enrollments
    inner join due_accounts on enrollments.account_id = due_accounts.account_id
),

posts as (
    select posts.*
    from {{ ref('stg_community__posts') }} as posts
    inner join due_accounts on posts.account_id = due_accounts.account_id
),

coverage as (select * from {{ ref('int_source_coverage') }}),

-- a seat counts from the day on which it is known what came of it
seats as (
    select
        account_id,
        outcome,
        case
            when outcome = 'completed'
                then coalesce({{ utc_date('completed_at') }}, {{ utc_date('scheduled_at') }})
            else {{ utc_date('scheduled_at') }}
        end as known_date
    from enrollments
    where outcome in ('completed', 'no_show')
),

timeline as (
    {{ timeline(
        {'completed': '0', 'no_shows': '0', 'posts': '0'},
        [
            {
                'from': 'seats',
                'day': 'known_date',
                'completed': "(outcome = 'completed')::integer",
                'no_shows': "(outcome = 'no_show')::integer",
            },
            {'from': 'posts', 'day': utc_date('posted_at'), 'posts': '1'},
        ]
    ) }}
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        sum(completed) over last_180_days as completed_180d,
        sum(no_shows) over last_180_days as no_shows_180d,
        sum(no_shows) over last_90_days as no_shows_90d,
        sum(posts) over last_90_days as posts_90d
    from timeline
    window
        last_90_days as {{ last_days(90) }},
        last_180_days as {{ last_days(180) }}
),

signals as (
    select
        rolled.account_id,
        rolled.snapshot_date,
        (
            rolled.completed_180d::numeric
            / nullif(rolled.completed_180d + rolled.no_shows_180d, 0)
        )::double precision as training_attendance_180d,
        case
            when rolled.snapshot_date >= coverage.training_from then rolled.no_shows_90d
        end::double precision as training_no_shows_90d,
        case
            when rolled.snapshot_date >= coverage.posts_from then rolled.posts_90d
        end::double precision as community_posts_90d
    from rolled
    cross join coverage
    where rolled.is_snapshot
)

select * from signals

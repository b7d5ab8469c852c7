-- Grain: one row per account and snapshot date that is due.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

due_accounts as (
    select distinct account_id from snapshots
),

responses as (
    select responses.*
    from {{ ref('stg_survey__responses') }} as responses
    inner join due_accounts on responses.account_id = due_accounts.account_id
),

invitations as (
    select invitations.*
    from {{ ref('stg_survey__invitations') }} as invitations
    inner join due_accounts on invitations.account_id = due_accounts.account_id
),

coverage as (select survey_responses_from from {{ ref('int_source_coverage') }}),

policy as (select * from {{ ref('signal_policy') }}),

-- the scale travels with the answer, so a 1-5 and a 0-10 question can be compared
shares as (
    select
        account_id,
        response_id,
        survey_type,
        submitted_at,
        {{ utc_date('submitted_at') }} as submitted_date,
        (score - scale_min) / nullif(scale_max - scale_min, 0) as answer_share
    from responses
),

answers as (
    select
        shares.*,
        (
            (shares.survey_type = 'nps' and shares.answer_share * 10 <= policy.detractor_up_to)
            or (shares.survey_type = 'csat' and shares.answer_share <= policy.poor_answer_up_to)
        )::integer as is_negative
    from shares
    cross join policy
),

nps_days as (
    select distinct on (account_id, submitted_date)
        account_id,
        submitted_date,
        answer_share * 10 as nps_score
    from answers
    where survey_type = 'nps'
    order by account_id asc, submitted_date asc, submitted_at desc, response_id desc
),

-- an answer speaks for the account until the next one, and for 180 days at most
nps_periods as (
    select
        account_id,
        nps_score,
        submitted_date as spoken_from,
        -- least() skips the null of the last answer: only the 180 days end it
        least(
            lead(submitted_date) over (partition by account_id order by submitted_date),
            submitted_date + 180
        ) as spoken_until
    from nps_days
),

timeline as (
    {{ timeline(
        {'responses': '0', 'invitations': '0', 'negatives': '0', 'csat_share': 'null::numeric'},
        [
            {
                'from': 'answers',
                'day': 'submitted_date',
                'responses': '1',
                'negatives': 'is_negative',
                'csat_share': "case when survey_type = 'csat' then answer_share end",
            },
            {'from': 'invitations', 'day': utc_date('sent_at'), 'invitations': '1'},
        ]
    ) }}
),

rolled as (
    select
        account_id,
        event_date as snapshot_date,
        is_snapshot,
        sum(negatives) over last_90_days as negative_answers_90d,
        avg(csat_share) over last_180_days as csat_survey_180d,
        sum(responses) over last_180_days as responses_180d,
        sum(invitations) over last_180_days as invitations_180d
    from timeline
    window
        last_90_days as {{ last_days(90) }},
        last_180_days as {{ last_days(180) }}
),

signals as (
    select
        rolled.account_id,
        rolled.snapshot_date,
        nps_periods.nps_score::double precision as nps_score_180d,
        rolled.csat_survey_180d::double precision as csat_survey_180d,
        case
            when rolled.snapshot_date >= coverage.survey_responses_from then rolled.negative_answers_90d
        end::double precision as negative_answers_90d,
        case
            when rolled.invitations_180d > 0 and rolled.snapshot_date >= coverage.survey_responses_from
                then least(rolled.responses_180d::numeric / rolled.invitations_180d, 1)
        end::double precision as survey_response_rate_180d
    from rolled
    cross join coverage
    left join nps_periods
        on
            rolled.account_id = nps_periods.account_id
            and rolled.snapshot_date >= nps_periods.spoken_from
            and rolled.snapshot_date < nps_periods.spoken_until
    where rolled.is_snapshot
)

select * from signals

-- Grain: one row per scorecard, period of its weights, and adoption.
-- Only ever added to: which wording a past week is scored by is history, and no seed holds it.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
    )
}}

with

policies as (
    select distinct
        scorecard,
        policy_version,
        coalesce(valid_from, '-infinity') as valid_from,
        coalesce(valid_to, 'infinity') as valid_to
    from {{ ref('int_scorecard_policies') }}
),

dated as (select * from {{ ref('scorecard_adoptions') }}),

newest as (
    {% if is_incremental() -%}
        select distinct on (scorecard, valid_from)
            scorecard,
            valid_from,
            valid_to,
            adoption_number,
            policy_version,
            adopted_on
        from {{ this }}
        order by scorecard asc, valid_from asc, adoption_number desc
    {%- else -%}
        select
            null::text as scorecard,
            null::date as valid_from,
            null::date as valid_to,
            null::integer as adoption_number,
            null::text as policy_version,
            null::date as adopted_on
        where false
    {%- endif %}
),

wanted as (
    select
        coalesce(policies.scorecard, newest.scorecard) as scorecard,
        coalesce(policies.valid_from, newest.valid_from) as valid_from,
        coalesce(policies.valid_to, newest.valid_to) as valid_to,
        coalesce(newest.adoption_number, 0) + 1 as adoption_number,
        policies.policy_version,
        newest.policy_version as newest_version,
        newest.adopted_on as newest_adopted_on
    from policies
    full join newest
        on
            policies.scorecard = newest.scorecard
            and policies.valid_from = newest.valid_from
),

adopted as (
    select
        wanted.scorecard,
        wanted.valid_from,
        wanted.valid_to,
        wanted.adoption_number,
        wanted.policy_version,
        case
            when dated.adopted_from is not null then dated.adopted_from
            -- there is no older wording that could score the weeks before
            when wanted.newest_adopted_on is null then '-infinity'
            else {{ as_of_date() }}
        end as adopted_on,
        {{ as_of_date() }} as as_of_date
    from wanted
    left join dated on wanted.scorecard = dated.scorecard
    where
        -- a quarter that is yet to come is not withdrawn by a run that looks back
        wanted.valid_from <= {{ as_of_date() }}
        and (
            wanted.policy_version is distinct from wanted.newest_version
            or dated.adopted_from != wanted.newest_adopted_on
        )
)

select * from adopted
-- what is over when it is adopted scores no day
where adopted_on < valid_to

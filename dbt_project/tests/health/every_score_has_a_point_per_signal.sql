-- Scores and wordings are unique, so the long view of both is, if each score has one wording with as
-- many signals as it has points: unfolded are neither.
with

scores as (select * from {{ ref('fct_health_scores') }}),

policies as (select * from {{ ref('dim_score_policies') }})

select
    scores.policy_version,
    scores.policy_segment,
    count(*) as scores
from scores
left join policies
    on
        scores.policy_version = policies.policy_version
        and scores.policy_segment = policies.segment
        and scores.scorecard = policies.scorecard
        and cardinality(scores.points) = cardinality(policies.signals)
where policies.policy_version is null
group by scores.policy_version, scores.policy_segment

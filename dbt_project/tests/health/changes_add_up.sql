-- A change whose lines do not add up to it explains nothing.
with

changes as (select * from {{ ref('fct_health_changes') }})

select
    account_id,
    scorecard,
    span_days,
    to_score - from_score as change_of_score,
    sum(points) as points
from changes
group by account_id, scorecard, span_days, from_score, to_score
having sum(points) != to_score - from_score

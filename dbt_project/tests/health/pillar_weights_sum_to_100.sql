-- A scorecard whose weights do not add up gives a score that no document describes.
select
    scorecard,
    segment,
    sum(pillar_weight) as total_weight
from {{ ref('scorecards') }}
group by scorecard, segment
having sum(pillar_weight) != 100

-- Grain: one row per segment.
with

segments as (
    select segment from {{ ref('segments') }}
    union all
    select 'unknown' as segment
),

displayed as (select * from {{ ref('displayed_scorecards') }}),

policy as (select default_scorecard from {{ ref('health_policy') }})

select
    segments.segment,
    coalesce(displayed.scorecard, policy.default_scorecard) as scorecard
from segments
cross join policy
left join displayed on segments.segment = displayed.segment

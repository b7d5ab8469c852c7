-- A pillar without signals, or signals of a pillar that no scorecard has, would never count.
select
    scorecards.scorecard,
    scorecards.segment,
    scorecards.pillar,
    scorecard_signals.signal
from {{ ref('scorecards') }} as scorecards
full outer join {{ ref('scorecard_signals') }} as scorecard_signals
    on
        scorecards.scorecard = scorecard_signals.scorecard
        and scorecards.segment = scorecard_signals.segment
        and scorecards.pillar = scorecard_signals.pillar
where scorecards.pillar is null or scorecard_signals.pillar is null

{#-
The CTEs that say why scores changed between two days; the last is `score_changes`. Their points add
up to the difference of the two scores exactly, because each line is the step from one sum of whole
contributions to the next:

    the score of the first day
      policy          its signals by the wording of today (and the other way round for a later score
                      that was made with an older wording)
      segment         by the variant of the later day's segment
      became_unknown  without the signals that are unknown on the later day
      moved           with the later day's values, one line per signal
      became_known    with the signals that were unknown on the first day
      rounding, override
    the score of the later day

Arguments, each the name of a CTE but the first:
    policy: what scorecard_policy() returns.
    pairs: account_id, from_date and to_date.
    snapshots, scores, policies: account_snapshots, fct_health_scores and dim_score_policies.
-#}
{% macro score_change_lines(policy, pairs, snapshots, scores, policies) -%}
{%- set keys = ['account_id', 'from_date', 'to_date'] -%}
{%- set step_keys = keys + ['step', 'snapshot_date'] -%}
{%- set signals = policy_signals(policy) -%}
{%- set steps = ['policy', 'segment', 'became_unknown', 'moved', 'became_known'] -%}
paired_scores as (
    select
        {{ pairs }}.account_id,
        {{ pairs }}.from_date,
        {{ pairs }}.to_date,
        later.scorecard,
        earlier.health_score as from_score,
        later.health_score as to_score,
        earlier.segment as from_segment,
        later.segment as to_segment,
        (1000000 * earlier.health_score)::bigint
        - earlier.rounding_points - earlier.override_points as from_points,
        (1000000 * later.health_score)::bigint
        - later.rounding_points - later.override_points as to_points,
        later.rounding_points - earlier.rounding_points as rounding_change,
        later.override_points - earlier.override_points as override_change
    from {{ pairs }}
    inner join {{ scores }} as earlier
        on
            {{ pairs }}.account_id = earlier.account_id
            and {{ pairs }}.from_date = earlier.snapshot_date
    inner join {{ scores }} as later
        on
            {{ pairs }}.account_id = later.account_id
            and {{ pairs }}.to_date = later.snapshot_date
            and earlier.scorecard = later.scorecard
    where
        earlier.health_score is not null
        and later.health_score is not null
        -- by a wording that cannot be computed any more a change cannot be explained
        and later.policy_version = any('{ {{- policy | map(attribute="policy_version") | unique | join(",") -}} }'::text[])
),

paired_segments as (
    select
        account_id,
        from_date,
        to_date,
        min(from_segment) as from_segment,
        min(to_segment) as to_segment
    from paired_scores
    group by account_id, from_date, to_date
),

change_inputs as (
    {%- for step in steps %}
    select
        paired_segments.account_id,
        paired_segments.from_date,
        paired_segments.to_date,
        '{{ step }}' as step,
        paired_segments.to_date as snapshot_date,
        {% if step == 'policy' %}paired_segments.from_segment{% else %}paired_segments.to_segment{% endif %} as segment
        {%- for signal in signals %},
        {% if step in ['policy', 'segment'] -%}
        earlier.{{ signal }}
        {%- elif step == 'became_unknown' -%}
        case when later.{{ signal }} is not null then earlier.{{ signal }} end as {{ signal }}
        {%- elif step == 'moved' -%}
        case when earlier.{{ signal }} is not null then later.{{ signal }} end as {{ signal }}
        {%- else -%}
        later.{{ signal }}
        {%- endif %}
        {%- endfor %}
    from paired_segments
    inner join {{ snapshots }} as earlier
        on
            paired_segments.account_id = earlier.account_id
            and paired_segments.from_date = earlier.snapshot_date
    inner join {{ snapshots }} as later
        on
            paired_segments.account_id = later.account_id
            and paired_segments.to_date = later.snapshot_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{{ scorecard_contributions(policy, 'change_inputs', step_keys) }},

-- Side by side by grouping: after joins by three keys PostgreSQL expects one row, and would look
-- through all contributions once per row and step.
step_totals as (
    select
        {{ keys | join(',\n        ') }},
        scorecard,
        {%- for step in steps %}
        min(total_points) filter (where step = '{{ step }}') as {{ step }}_total,
        min(points) filter (where step = '{{ step }}') as {{ step }}_points,
        {%- endfor %}
        min(policy_version) filter (where step = 'moved') as policy_version,
        min(policy_segment) filter (where step = 'moved') as policy_segment
    from contributions
    group by {{ keys | join(', ') }}, scorecard
),

stepped as (
    select
        paired_scores.*,
        {%- for step in steps %}
        coalesce(step_totals.{{ step }}_total, 0) as {{ step }}_total,
        step_totals.{{ step }}_points,
        {%- endfor %}
        {{ policies }}.signals,
        {{ policies }}.pillars
    from paired_scores
    left join step_totals
        on
            paired_scores.scorecard = step_totals.scorecard
            {%- for key in keys %}
            and paired_scores.{{ key }} = step_totals.{{ key }}
            {%- endfor %}
    left join {{ policies }}
        on
            step_totals.policy_version = {{ policies }}.policy_version
            and step_totals.policy_segment = {{ policies }}.segment
),

signal_changes as (
    select
        stepped.account_id,
        stepped.from_date,
        stepped.to_date,
        stepped.scorecard,
        stepped.from_score,
        stepped.to_score,
        'moved' as change,
        by_signal.pillar,
        by_signal.signal,
        null::text as signals,
        (by_signal.after_points - by_signal.before_points)::bigint as points
    from stepped
    cross join
        lateral unnest(
            stepped.became_unknown_points, stepped.moved_points, stepped.signals, stepped.pillars
        ) as by_signal (before_points, after_points, signal, pillar)
),

step_changes as (
    select
        stepped.account_id,
        stepped.from_date,
        stepped.to_date,
        stepped.scorecard,
        stepped.from_score,
        stepped.to_score,
        by_step.change,
        null::text as pillar,
        null::text as signal,
        by_step.signals,
        by_step.points
    from stepped
    cross join
        lateral (
            values
            (
                'policy', null::text,
                stepped.policy_total - stepped.from_points
                + stepped.to_points - stepped.became_known_total
            ),
            ('segment', null, stepped.segment_total - stepped.policy_total),
            (
                'became_unknown',
                (
                    select string_agg(named.signal, ', ')
                    from unnest(stepped.segment_points, stepped.became_unknown_points, stepped.signals)
                        as named (before_points, after_points, signal)
                    where named.before_points is not null and named.after_points is null
                ),
                stepped.became_unknown_total - stepped.segment_total
            ),
            (
                'became_known',
                (
                    select string_agg(named.signal, ', ')
                    from unnest(stepped.moved_points, stepped.became_known_points, stepped.signals)
                        as named (before_points, after_points, signal)
                    where named.before_points is null and named.after_points is not null
                ),
                stepped.became_known_total - stepped.moved_total
            ),
            ('rounding', null, stepped.rounding_change),
            ('override', null, stepped.override_change)
        ) as by_step (change, signals, points)
),

score_changes as (
    select * from signal_changes
    where points != 0
    union all
    select * from step_changes
    where points != 0 or signals is not null
)
{%- endmacro %}


{#- The signals that any variant reads, in a fixed order. -#}
{% macro policy_signals(policy) %}
    {%- set signals = [] -%}
    {%- for variant in policy -%}
        {%- for line in scorecard_lines(variant) if line.signal not in signals -%}
            {%- do signals.append(line.signal) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(signals | sort) }}
{% endmacro %}

{#-
The CTEs that score a relation by each variant of the scorecards; the last is `contributions`.

Arguments:
    policy: what scorecard_policy() returns.
    inputs: a CTE with the keys, `segment`, `snapshot_date` and one column per signal.
    keys: the columns of `inputs` that name a row; `snapshot_date` is one of them.
    reach: a CTE with the rows of int_scorecard_reach, where coverage is wanted.

`contributions` holds, per key and scorecard, `points` (whole millionths of a point per signal, in
the order of the policy, null for an unknown signal), `total_points` (their sum, null when nothing
is known), and with a reach `coverage`, `lacks_a_pillar` and `deliverable_share`.

A signal earns 0 to 100 points between its floor and its ceiling. Known signals share the weight of
the unknown ones of their pillar, known pillars that of the unknown pillars, so a contribution is
points * weight / known weight of the pillar * pillar's weight / known weight of all pillars.

Written for speed, measured on 83,000 snapshots: three wide steps, each expression once. `offset 0`
keeps PostgreSQL from merging the steps, which would compute an expression as often as the next
step names it. Each contribution is rounded once, in a fixed order of operations, so that the same
row gives the same numbers in any build.
-#}
{% macro scorecard_contributions(policy, inputs, keys, reach=none) -%}
{%- for variant in policy -%}
{%- set name = 'variant_' ~ loop.index -%}
{%- set lines = scorecard_lines(variant) -%}
{%- set pillars = variant.pillars -%}
{{ name }}_weighted as (
    select
        {%- for key in keys %}
        {{ inputs }}.{{ key }},
        {%- endfor %}
        {%- for line in lines %}
        {{ weighted_points(inputs ~ '.' ~ line.signal, line) }} as weighted_{{ line.position }},
        {%- endfor %}
        {%- for pillar in pillars %}
        {%- set number = loop.index %}
        {%- for line in lines if line.pillar_number == number %}
        {{ '+ ' if not loop.first }}case when {{ inputs }}.{{ line.signal }} is null then 0 else {{ line.weight }}::double precision end
        {%- endfor %} as known_{{ number }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ inputs }}
    where {{ variant_condition(variant, inputs) }}
    offset 0
),

{{ name }}_shares as (
    select
        *,
        {%- for pillar in pillars %}
        case
            when known_{{ loop.index }} > 0
                then
                    {{ pillar.weight }}::double precision / (
                        known_{{ loop.index }} * (
                            {%- for other in pillars %}
                            {{ '+ ' if not loop.first }}case when known_{{ loop.index }} > 0 then {{ other.weight }}::double precision else 0 end
                            {%- endfor %}
                        )
                    )
        end as share_{{ loop.index }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ name }}_weighted
    offset 0
),

{{ name }}_contributions as (
    select
        {%- for key in keys %}
        {{ name }}_shares.{{ key }},
        {%- endfor %}
        '{{ variant.scorecard }}'::text as scorecard,
        '{{ variant.segment }}'::text as policy_segment,
        '{{ variant.policy_version }}'::text as policy_version,
        {{ (variant.points_step * 1000000) | round | int }}::bigint as points_step,
        array[
            {%- for line in lines %}
            (weighted_{{ line.position }} * share_{{ line.pillar_number }})::integer
            {{- ',' if not loop.last }}
            {%- endfor %}
        ]::integer[] as points,
        case
            when coalesce(
                {%- for pillar in pillars %}
                share_{{ loop.index }}{{ ',' if not loop.last }}
                {%- endfor %}
            ) is not null
                then
                    {%- for line in lines %}
                    {{ '+ ' if not loop.first }}coalesce((weighted_{{ line.position }} * share_{{ line.pillar_number }})::integer, 0)
                    {%- endfor %}
        end::bigint as total_points
        {%- if reach %},
        -- in whole thousandths first: a float is made numeric by way of text
        (
            0.001 * least(
                1000 * (
                    {%- for pillar in pillars %}
                    {{ '+ ' if not loop.first }}known_{{ loop.index }} * {{ reach }}.factors[{{ loop.index }}]
                    {%- endfor %}
                ),
                1000
            )::integer
        )::numeric(4, 3) as coverage,
        {%- for pillar in pillars %}
        {{ 'or ' if not loop.first }}(known_{{ loop.index }} = 0 and {{ reach }}.factors[{{ loop.index }}] > 0)
        {%- endfor %} as lacks_a_pillar,
        {{ reach }}.deliverable_share
        {%- endif %}
    from {{ name }}_shares
    {%- if reach %}
    inner join {{ reach }}
        on
            {{ name }}_shares.snapshot_date = {{ reach }}.snapshot_date
            and {{ reach }}.policy_version = '{{ variant.policy_version }}'
            and {{ reach }}.policy_segment = '{{ variant.segment }}'
    {%- endif %}
    offset 0
),

{% endfor -%}
contributions as (
    {%- for variant in policy %}
    select * from variant_{{ loop.index }}_contributions
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        null::text as scorecard,
        null::text as policy_segment,
        null::text as policy_version,
        null::bigint as points_step,
        null::integer[] as points,
        null::bigint as total_points
        {%- if reach %},
        null::numeric(4, 3) as coverage,
        null::boolean as lacks_a_pillar,
        null::numeric(4, 3) as deliverable_share
        {%- endif %}
    from {{ inputs }}
    where false
    {%- endfor %}
)
{%- endmacro %}


{#- The signals of a variant in the order of its contributions, each with its pillar's number. -#}
{% macro scorecard_lines(variant) %}
    {%- set lines = [] -%}
    {%- for pillar in variant.pillars -%}
        {%- set pillar_number = loop.index -%}
        {%- for signal in pillar.signals -%}
            {%- do lines.append(
                dict(signal, position=lines | length + 1, pillar_number=pillar_number)
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(lines) }}
{% endmacro %}


{#- Millionths of the 100 points between floor and ceiling, times the signal's weight. Unknown stays
unknown: least() and greatest() would clamp it into known. -#}
{% macro weighted_points(column, line) -%}
    case
        when {{ column }} is not null
            then
                least(
                    greatest(
                        ({{ column }}::double precision - {{ line.floor }}::double precision)
                        * (
                            100000000 * {{ line.weight }}::double precision
                            / ({{ line.ceiling }}::double precision - {{ line.floor }}::double precision)
                        ),
                        0
                    ),
                    100000000 * {{ line.weight }}::double precision
                )
    end
{%- endmacro %}


{#- Which rows a variant scores: its segment, or for `all` those without a variant of their own; and
its period, where its weights hold for one. -#}
{% macro variant_condition(variant, relation) -%}
    {%- set own = variant.own_segments | reject('equalto', 'all') | unique | sort | list -%}
    {%- if variant.segment != 'all' -%}
    {{ relation }}.segment = '{{ variant.segment }}'
    {%- elif own -%}
    coalesce({{ relation }}.segment, 'unknown') not in ('{{ own | join("', '") }}')
    {%- else -%}
    true
    {%- endif -%}
    {%- if variant.valid_from %}
        and {{ relation }}.snapshot_date >= '{{ variant.valid_from }}'::date
    {%- endif -%}
    {%- if variant.valid_to %}
        and {{ relation }}.snapshot_date < '{{ variant.valid_to }}'::date
    {%- endif -%}
{%- endmacro %}

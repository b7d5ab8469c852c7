{#-
The scorecards in force as the policy models hold them: a list of mappings, one per scorecard,
segment and period, in a fixed order.

The SQL of scores is written from this list, so a model that calls it is compiled after
int_scorecard_policies is built. Empty while dbt parses and on a database without the table. A unit
test gives its own under `overrides: {macros: {scorecard_policy: [...]}}`.
-#}
{% macro scorecard_policy() %}
    {%- set relation = ref('int_scorecard_policies') -%}
    {%- set variants = [] -%}
    {%- if execute and load_relation(relation) is not none -%}
        {%- set query %}
            select (jsonb_build_object(
                'scorecard', scorecard,
                'segment', segment,
                'policy_version', policy_version,
                'valid_from', valid_from,
                'valid_to', valid_to,
                'own_segments', jsonb_agg(segment) over (partition by scorecard)
            ) || policy)::text as variant
            from {{ relation }}
            order by scorecard, segment, valid_from
        {%- endset -%}
        {%- for row in run_query(query) -%}
            {%- do variants.append(fromjson(row['variant'])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(variants) }}
{% endmacro %}

{#-
The scorecards as they are in force: a list of mappings, one per scorecard, segment and period, in a
fixed order.

`dates` says for which snapshot dates: `due` (of int_due_scores), `latest` (the as-of date) or `all`.
What is in force on none of them is left out, so that the SQL does not grow with each wording of the
past.

The SQL of scores is written from this list, so a model that calls it is compiled after
int_policies_in_force is built. Empty while dbt parses and on a database without the table. A unit
test gives its own under `overrides: {macros: {scorecard_policy: [...]}}`.
-#}
{% macro scorecard_policy(dates='all') %}
    {%- set relation = ref('int_policies_in_force') -%}
    {%- set due = ref('int_due_scores') if dates == 'due' -%}
    {%- set variants = [] -%}
    {%- if execute and load_relation(relation) is not none -%}
        {%- set query %}
            select (jsonb_build_object(
                'scorecard', scorecard,
                'segment', segment,
                'policy_version', policy_version,
                'valid_from', nullif(in_force_from, '-infinity'),
                'valid_to', nullif(in_force_to, 'infinity'),
                'own_segments', jsonb_agg(segment) over (partition by policy_version, in_force_from)
            ) || policy)::text as variant
            from {{ relation }} as in_force
            where
                is_computable
                {%- if dates == 'due' %}
                and exists (
                    select 1
                    from {{ due }} as due
                    where
                        due.snapshot_date >= in_force.in_force_from
                        and due.snapshot_date < in_force.in_force_to
                )
                {%- elif dates == 'latest' %}
                and {{ as_of_date() }} >= in_force_from
                and {{ as_of_date() }} < in_force_to
                {%- endif %}
            order by scorecard, segment, in_force_from
        {%- endset -%}
        {%- for row in run_query(query) -%}
            {%- do variants.append(fromjson(row['variant'])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(variants) }}
{% endmacro %}

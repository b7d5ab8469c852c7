{#-
The tier, or its colour, of `overridden.score_points` by its policy's bounds. The documents' tiers
are bands of whole points, so half a point below a bound belongs to the band above it.
-#}
{% macro scorecard_tier(policy, key) -%}
    {%- set done = [] -%}
    case overridden.policy_version
        {%- for variant in policy if variant.policy_version not in done %}
        {%- do done.append(variant.policy_version) %}
        when '{{ variant.policy_version }}'
            then
                case
                    {%- for tier in variant.tiers %}
                    when overridden.score_points >= {{ (tier.lower_bound * 1000000) | int - 500000 }} then '{{ tier[key] }}'
                    {%- endfor %}
                end
        {%- else %}
        when '' then null
        {%- endfor %}
    end
{%- endmacro %}

{#- The UTC day of a timestamp. A bare ::date would answer in the session's time zone. -#}
{% macro utc_date(column) -%}
    ({{ column }} at time zone 'UTC')::date
{%- endmacro %}

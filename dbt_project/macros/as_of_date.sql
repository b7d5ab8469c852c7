{#-
The day that everything is computed as of, as a date literal.

The caller decides it (`tenure run` takes the newest fact when nobody names one). There is no
fallback to today: a warehouse built twice from the same files must hold the same tables.
-#}
{% macro as_of_date() -%}
    {%- set given = var('as_of_date') -%}
    {%- if execute and not given -%}
        {{ exceptions.raise_compiler_error(
            "as_of_date is not set. Pass it to dbt: --vars '{as_of_date: 2026-03-01}'"
        ) }}
    {%- elif execute and not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', given | string) -%}
        {{ exceptions.raise_compiler_error(
            "as_of_date must be a day written YYYY-MM-DD, not '" ~ given ~ "'"
        ) }}
    {%- endif -%}
    cast('{{ given }}' as date)
{%- endmacro %}

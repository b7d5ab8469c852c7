{#-
The day that everything is computed as of, as a date literal.

The caller decides it: the variable `as_of_date`, or TENURE_AS_OF_DATE in the environment, which
`tenure run` sets for this one command since dbt parses the whole project anew whenever a variable
changes. There is no fallback to today: a warehouse built twice from the same files must hold the
same tables.
-#}
{% macro as_of_date() -%}
    {%- set given = var('as_of_date') or (env_var('TENURE_AS_OF_DATE', '') if execute else '') -%}
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

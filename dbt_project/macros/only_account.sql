{#- The accounts of a build, as a condition: all of them, or the one that `tenure score` asks for. -#}
{% macro is_asked_account(column) -%}
    {%- set account = var('only_account') or (env_var('TENURE_ONLY_ACCOUNT', '') if execute else '') -%}
    {{ column ~ ' = ' ~ string_literal(escape_single_quotes(account)) if account else 'true' }}
{%- endmacro %}


{#- Days that are computed though they are no week-ends, as an array: `tenure diff` asks for one. -#}
{% macro further_dates() -%}
    {%- set days = (var('further_dates') or (env_var('TENURE_FURTHER_DATES', '') if execute else '')) -%}
    {%- if execute and not modules.re.fullmatch('([0-9]{4}-[0-9]{2}-[0-9]{2},?)*', days | string) -%}
        {{ exceptions.raise_compiler_error("further_dates must be days written YYYY-MM-DD") }}
    {%- endif -%}
    '{{ '{' ~ days ~ '}' }}'::date[]
{%- endmacro %}

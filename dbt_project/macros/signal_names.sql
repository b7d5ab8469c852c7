{#- The names of the signals as text literals. -#}
{% macro signal_names(registry) -%}
    {%- for signal in registry -%}
        '{{ signal.signal }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Per signal of the grouped rows its name where any of them knows it, else null. -#}
{% macro names_where_known(registry, relation) -%}
    {%- for signal in registry -%}
        case when bool_or({{ relation }}.{{ signal.signal }} is not null) then '{{ signal.signal }}' end
        {{- ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}


{#- One hash of the SQL that says which signals are known on a date, and of what they are found by. -#}
{% macro signal_dates_sql_hash(registry) -%}
    {%- set written = names_where_known(registry, 'snapshots') -%}
    {{ return(local_md5(sql_checksums(['int_signal_dates']) ~ written ~ snapshots_sql_hash())) }}
{%- endmacro %}

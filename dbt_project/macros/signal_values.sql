{#- The signal columns of a relation as rows of a `values` list: name and value. -#}
{% macro signal_values(registry, relation) -%}
    {%- for signal in registry -%}
        ('{{ signal.signal }}', {{ relation }}.{{ signal.signal }}){{ ',' if not loop.last }}
    {% else -%}
        (null::text, null::date)
    {%- endfor -%}
{%- endmacro %}


{#- Per signal the first snapshot date on which it is known. -#}
{% macro first_known_dates(registry) -%}
    {%- for signal in registry -%}
        min(snapshot_date) filter (where {{ signal.signal }} is not null) as {{ signal.signal }}
        {{- ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

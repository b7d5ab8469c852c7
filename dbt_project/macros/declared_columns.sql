{#- The columns that the model's YAML declares, in its order: what a signal is called stands once. -#}
{% macro declared_columns() -%}
    {{ model.columns | join(',\n        ') }}
{%- endmacro %}

{#-
The columns that the model's YAML declares, in its order: what a signal is called stands once.
`computed` is the SQL of those that are no column of the relation as they are.
-#}
{% macro declared_columns(relation='', computed={}) -%}
    {%- for column in model.columns -%}
        {%- set own = relation ~ '.' ~ column if relation else column -%}
        {{ computed[column] ~ ' as ' ~ column if column in computed else own }}
        {{- ',\n        ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

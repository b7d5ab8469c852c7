{#-
The signals as account_snapshots.yml declares them: a list of mappings with `signal`, the keys of
the column's `meta.signal`, and its description, in the order of the file.

Empty while dbt parses, when the graph is not complete. A unit test has no graph: it gives its own
registry under `overrides: {macros: {signal_registry: [...]}}`.
-#}
{% macro signal_registry() %}
    {%- set registry = [] -%}
    {%- if execute -%}
        {%- set snapshots = graph.nodes.values()
            | selectattr('resource_type', 'equalto', 'model')
            | selectattr('name', 'equalto', 'account_snapshots')
            | first -%}
        {%- for name, column in snapshots.columns.items() -%}
            {%- set declared = column.config.meta.get('signal') -%}
            {%- if declared -%}
                {%- do registry.append(
                    dict(
                        declared,
                        signal=name,
                        description=column.description,
                        position=registry | length + 1
                    )
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(registry) }}
{% endmacro %}

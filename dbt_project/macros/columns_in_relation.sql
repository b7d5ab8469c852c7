{#-
The columns of a relation, those that are arrays with the type of their elements: dbt knows such a type
as ARRAY, which is none that a kept table's new column could be given.
-#}
{% macro postgres__get_columns_in_relation(relation) -%}
    {%- set found = run_query(columns_in(relation)) -%}
    {{ return(sql_convert_columns_in_relation(found)) }}
{%- endmacro %}


{% macro columns_in(relation) -%}
    select
        column_name,
        case when data_type = 'ARRAY' then substr(udt_name, 2) || '[]' else data_type end as data_type,
        character_maximum_length,
        numeric_precision,
        numeric_scale
    from {{ relation.information_schema('columns') }}
    where
        table_name = '{{ relation.identifier }}'
        {{ "and table_schema = '" ~ relation.schema ~ "'" if relation.schema }}
    order by ordinal_position
{%- endmacro %}

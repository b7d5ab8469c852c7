{#-
Incremental strategies that write only what differs, so that a run in which nothing changed writes
no row: PostgreSQL's own statistics are the test.

- `difference`: the table becomes the query's result. For small tables that are cheap to compute.
- `changed_rows`: the query gives some of the table's rows; the others stay.
- `due_rows`: the query gives all rows of those keys that a table of due keys names; what else is
  there of them goes, the others stay. `meta: {due: {relation: <model>, key: [<column>, …]}}`.

`is distinct from` compares whole rows and takes two nulls for equal. A column whose type has changed
is changed in the table first.
-#}
{% macro get_incremental_difference_sql(arguments) -%}
    delete from {{ arguments.target_relation }} as present
    where not exists (
        select 1
        from {{ arguments.temp_relation }} as incoming
        where {{ same_key(arguments.unique_key) }}
    );
    {{ get_incremental_changed_rows_sql(arguments) }}
{%- endmacro %}


{% macro get_incremental_due_rows_sql(arguments) -%}
    {%- set due = config.meta_get('due') %}
    -- also after without_nested_loops(): the few due rows are looked up, not found by reading all
    set local enable_nestloop to default;
    delete from {{ arguments.target_relation }} as present
    using {{ ref(due.relation) }} as due
    where
        {%- for column in due.key %}
        present.{{ column }} = due.{{ column }} and
        {%- endfor %}
        not exists (
            select 1
            from {{ arguments.temp_relation }} as incoming
            where {{ same_key(arguments.unique_key) }}
        );
    {{ get_incremental_changed_rows_sql(arguments) }}
{%- endmacro %}


{% macro get_incremental_changed_rows_sql(arguments) -%}
    {{ match_column_types(arguments.target_relation, arguments.dest_columns) }}
    {%- set columns = arguments.dest_columns | map(attribute='quoted') | list %}
    {%- set assignments = [] %}
    {%- for column in columns %}
        {%- do assignments.append(column ~ ' = incoming.' ~ column) %}
    {%- endfor %}
    merge into {{ arguments.target_relation }} as present
    using {{ arguments.temp_relation }} as incoming
    on {{ same_key(arguments.unique_key) }}
    when matched
        and (present.{{ columns | join(', present.') }})
        is distinct from (incoming.{{ columns | join(', incoming.') }})
        then update set {{ assignments | join(', ') }}
    when not matched
        then insert ({{ columns | join(', ') }})
        values (incoming.{{ columns | join(', incoming.') }})
{%- endmacro %}


{#-
Give the kept table the types that its query gives by now: a value would else be cast to the former
type, rounded without a word, and the views on the table would not fit their contracts.

PostgreSQL changes no column that a view reads. The views go in the same transaction, and come back
with the build: they depend on this model.
-#}
{% macro match_column_types(target, incoming_columns) -%}
    {%- set types = {} -%}
    {%- for column in incoming_columns -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {%- set changed = [] -%}
    {%- for column in adapter.get_columns_in_relation(target) -%}
        {%- if types.get(column.name, column.data_type) != column.data_type -%}
            {%- do changed.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if changed -%}
        {%- for view in run_query(views_on(target)).rows -%}
            {%- do adapter.drop_relation(
                api.Relation.create(database=target.database, schema=view[0], identifier=view[1], type='view')
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for column in changed %}
    alter table {{ target }}
    alter column {{ column.quoted }} type {{ types[column.name] }}
    using {{ column.quoted }}::{{ types[column.name] }};
    {%- endfor %}
{%- endmacro %}


{#- The query for schema and name of the views that read a relation. -#}
{% macro views_on(relation) -%}
    select distinct
        schemas.nspname as schema_name,
        views.relname as view_name
    from pg_depend as reading
    inner join pg_rewrite as rules on reading.objid = rules.oid
    inner join pg_class as views on rules.ev_class = views.oid
    inner join pg_namespace as schemas on views.relnamespace = schemas.oid
    where reading.refobjid = '{{ relation }}'::regclass and views.relkind = 'v'
{%- endmacro %}


{% macro same_key(columns) -%}
    {#- A table of one row has no key. -#}
    {{ 'true' if not columns }}
    {%- for column in columns or [] -%}
        present.{{ column }} = incoming.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#-
Incremental strategies that write only what differs, so that a run in which nothing changed writes
no row: PostgreSQL's own statistics are the test.

- `difference`: the table becomes the query's result. For small tables that are cheap to compute.
- `changed_rows`: the query gives some of the table's rows; the others stay.
- `due_rows`: the query gives all rows of those keys that a table of due keys names; what else is
  there of them goes, the others stay. `meta: {due: {relation: <model>, key: [<column>, …]}}`.

`is distinct from` compares whole rows and takes two nulls for equal.
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


{% macro same_key(columns) -%}
    {#- A table of one row has no key. -#}
    {{ 'true' if not columns }}
    {%- for column in columns or [] -%}
        present.{{ column }} = incoming.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

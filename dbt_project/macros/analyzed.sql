{#-
The statement that counts a table which dbt has just made, empty for what is no new table.

PostgreSQL knows nothing of a new table until its own housekeeping comes by, a minute later, and
plans for a few rows or for far too many: the scores of one day of 300 accounts took thirty seconds
that way. A kept table is counted once, when it is new; PostgreSQL's own housekeeping comes by
as it grows.
-#}
{% macro analyze_if_new(relation, materialized) -%}
    {%- if materialized in ['table', 'seed'] -%}
    analyze {{ relation }}
    {%- elif materialized == 'incremental' -%}
    do $$
    begin
        if not exists (
            select from pg_stats
            where schemaname = '{{ relation.schema }}' and tablename = '{{ relation.identifier }}'
        ) then
            analyze {{ relation }};
        end if;
    end
    $$
    {%- endif -%}
{%- endmacro %}


{#- What takes nested loops off the table for the rest of a transaction: after a join by three keys
PostgreSQL expects one row, and reads a whole table for each of the thousands that come. -#}
{% macro without_nested_loops() -%}
    set local enable_nestloop = off
{%- endmacro %}

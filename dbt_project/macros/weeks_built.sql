{#-
What the account weeks were last built from, and what has changed since.

The memory is the table int_weeks_built. It is not read or written by `ref`: that would be a circle,
since what is due decides what is built. Each of the relations below replaces its own part of the
memory in the transaction that writes its rows, so a build that is killed is not remembered, and the
next one does its work again.
-#}
{% macro relations_that_remember() -%}
    {{ return(['int_account_weeks', 'int_account_today']) }}
{%- endmacro %}


{#- The relation of a model that may not be a parent; none while it was never built. -#}
{% macro relation_if_built(model_name) -%}
    {%- if execute -%}
        {%- set model_node = graph.nodes.values()
            | selectattr('resource_type', 'equalto', 'model')
            | selectattr('name', 'equalto', model_name)
            | first -%}
        {{ return(adapter.get_relation(model_node.database, model_node.schema, model_node.alias)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- The account and snapshot dates that are there, as the body of a CTE. -#}
{% macro snapshots_built() -%}
    {%- set relations = [] -%}
    {%- for name in relations_that_remember() -%}
        {%- set relation = relation_if_built(name) -%}
        {%- if relation -%}
            {%- do relations.append((name, relation)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, relation in relations %}
        select
            account_id,
            snapshot_date,
            {{ name == 'int_account_today' }} as is_latest
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- else %}
        select
            null::text as account_id,
            null::date as snapshot_date,
            null::boolean as is_latest
        where false
    {%- endfor %}
{%- endmacro %}


{#-
The recording times between which raw rows have changed since the last build, as literals, so that
indexes serve: after the first, up to the second.

A known_as_of that went back takes away rows that a build has seen: the window is the same.
-#}
{% macro changed_between() -%}
    {%- set built = relation_if_built('int_weeks_built') -%}
    {%- set times = [] -%}
    {%- if built -%}
        {%- set found = run_query(
            "select min(input_value::timestamptz)::text, max(input_value::timestamptz)::text, count(*) from "
            ~ built ~ " where input_name = 'known_as_of'"
        ).rows[0] -%}
        {%- if found[2] == relations_that_remember() | length -%}
            {%- set times = [found[0], found[1]] -%}
        {%- endif -%}
    {%- endif -%}
    {%- set known = known_as_of() -%}
    {%- if not times -%}
        {{ return(("'-infinity'::timestamptz", known or "'infinity'::timestamptz")) }}
    {%- endif -%}
    {%- set earliest, latest = "'" ~ times[0] ~ "'::timestamptz", "'" ~ times[1] ~ "'::timestamptz" -%}
    {%- if known -%}
        {{ return(("least(" ~ earliest ~ ", " ~ known ~ ")", "greatest(" ~ latest ~ ", " ~ known ~ ")")) }}
    {%- endif -%}
    {{ return((earliest, "'infinity'::timestamptz")) }}
{%- endmacro %}


{#-
Forget the rows of account and date that the calendar of accounts no longer holds, and leave all that
was computed or forgotten to the scores.
-#}
{% macro delete_snapshots_outside(snapshot_dates, due_snapshots, unscored, is_latest) -%}
    with deleted as (
        delete from {{ this }} as present
        where not exists (
            select 1
            from {{ snapshot_dates }} as snapshot_dates
            where
                snapshot_dates.account_id = present.account_id
                and snapshot_dates.snapshot_date = present.snapshot_date
                and snapshot_dates.is_latest = {{ is_latest }}
        )
        returning account_id, snapshot_date
    ),

    unscored as (
        select account_id, snapshot_date from deleted
        union
        select account_id, snapshot_date from {{ due_snapshots }} where is_latest = {{ is_latest }}
    )

    insert into {{ unscored }} (account_id, snapshot_date)
    select account_id, snapshot_date from unscored
    -- in one order: weeks and today are written at the same time, and would else wait for each other
    order by account_id, snapshot_date
    on conflict do nothing
{%- endmacro %}


{#-
Remember what this relation was built from; only differing rows are written.

Without known_as_of the build knows everything that was recorded: the newest time it has seen.
-#}
{% macro remember_weeks_built(inputs, changes, built) -%}
    {%- set known = known_as_of() %}
    create temporary table weeks_built_now on commit drop as
    select
        '{{ this.name }}' as relation,
        input_name,
        item,
        applies_from,
        input_value
    from {{ inputs }}
    union all
    select
        '{{ this.name }}' as relation,
        'known_as_of' as input_name,
        '' as item,
        null as applies_from,
        -- greatest() and least() skip nulls: nothing built before, nothing recorded since
        (
            {{ 'least(' ~ known ~ ', ' if known else '(' }}
            greatest(
                (
                    select max(input_value::timestamptz)
                    from {{ built }}
                    where relation = '{{ this.name }}' and input_name = 'known_as_of'
                ),
                (select max(recorded_at) from {{ changes }}),
                '-infinity'::timestamptz
            ))
        )::text as input_value;
    delete from {{ built }} as present
    where
        present.relation = '{{ this.name }}'
        and not exists (
            select 1
            from weeks_built_now as incoming
            where {{ same_key(['relation', 'input_name', 'item']) }}
        );
    merge into {{ built }} as present
    using weeks_built_now as incoming
    on {{ same_key(['relation', 'input_name', 'item']) }}
    when matched
        and (present.applies_from, present.input_value)
        is distinct from (incoming.applies_from, incoming.input_value)
        then update set applies_from = incoming.applies_from, input_value = incoming.input_value
    when not matched
        then insert (relation, input_name, item, applies_from, input_value)
        values (
            incoming.relation, incoming.input_name, incoming.item, incoming.applies_from, incoming.input_value
        )
{%- endmacro %}


{#-
One hash of the SQL that the signals are computed by: of every model above this one, and of what our
macros write into them. Edited SQL makes all weeks due.
-#}
{% macro signals_sql_hash(model_name) -%}
    {%- set waiting = [] -%}
    {%- set seen = {} -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == model_name -%}
            {%- do waiting.append(node.unique_id) -%}
        {%- endfor -%}
        {%- for _ in graph.nodes -%}
            {%- set unique_id = waiting.pop() if waiting else none -%}
            {%- set node = graph.nodes.get(unique_id) -%}
            {%- if node and node.resource_type == 'model' and unique_id not in seen -%}
                {%- do seen.update({unique_id: node.checksum.checksum}) -%}
                {%- for parent in node.depends_on.nodes if parent in graph.nodes -%}
                    {%- do waiting.append(parent) if parent not in seen and parent not in waiting -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set macros = [
        utc_date('x'), status_word('x'), missing_days('x', 'y'), last_days(2, 1), week_end('x', 'y'), timeline({'x': '0'}, [{'from': 'y', 'day': 'z'}])
    ] -%}
    {{ return(local_md5(seen | dictsort | string ~ macros | string)) }}
{%- endmacro %}

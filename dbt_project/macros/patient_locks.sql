{#-
Replacing a table waits for those who read it, and everybody who comes later waits behind: with one
transaction left open, the run and then each viewer stood still. So dbt's two statements that need
a relation for themselves, rename and drop, try for a few seconds, stand aside for as long, and try
again; at the end they name the session that holds it. A reader's transaction is ended by the
server before that (warehouse/bounds.sql).
-#}
{% macro patiently(statement, relation, attempts=30, seconds=5) -%}
    do $patiently$
    declare
        attempt integer := 1;
        holders text;
    begin
        loop
            begin
                set local lock_timeout = '{{ seconds }}s';
                {{ statement }};
                exit;
            exception
                when lock_not_available then
                    -- else those of the first attempt are seen again
                    perform pg_stat_clear_snapshot();
                    select string_agg(
                        format(
                            'session %s of %s, since %s',
                            sessions.pid,
                            sessions.usename,
                            to_char(
                                sessions.xact_start at time zone 'UTC',
                                'YYYY-MM-DD HH24:MI:SS "UTC"'
                            )
                        ),
                        '; ' order by sessions.xact_start
                    )
                    into holders
                    from pg_stat_activity as sessions
                    where sessions.pid in (
                        select pid from pg_locks
                        where
                            relation = to_regclass('{{ relation.render() }}')
                            and granted
                            and pid <> pg_backend_pid()
                    );
                    if attempt >= {{ attempts }} then
                        raise exception
                            '{{ relation.render() }} cannot be replaced: it is in use by %. '
                            'Ask for that transaction to be ended, or end it by '
                            'select pg_terminate_backend(<session>), and run again.',
                            coalesce(holders, 'a session that has just ended')
                            using errcode = 'lock_not_available';
                    end if;
                    attempt := attempt + 1;
                    perform pg_sleep({{ seconds }});
            end;
        end loop;
        set local lock_timeout to default;
    end
    $patiently$
{%- endmacro %}


{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- set new_name = adapter.quote_as_configured(to_relation.identifier, 'identifier') %}
    {%- set renaming = 'alter table ' ~ from_relation.render() ~ ' rename to ' ~ new_name %}
    {%- call statement('rename_relation') %}
        {{ patiently(renaming, from_relation) }}
    {%- endcall %}
{%- endmacro %}


{% macro postgres__drop_relation(relation) -%}
    {%- call statement('drop_relation', auto_begin=False) %}
        {{ patiently(get_drop_sql(relation), relation) }}
    {%- endcall %}
{%- endmacro %}

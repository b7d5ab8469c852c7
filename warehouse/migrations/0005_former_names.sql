-- What dbt made under names that it uses no more would be read by no model and stay for ever.

-- Signals are declared in the YAML of account_snapshots.
drop table if exists seeds.signals cascade;
drop table if exists seeds.silence_policy cascade;

do $$
declare
    former record;
begin
    for former in
        select
            n.nspname as schema_name,
            c.relname as relation_name,
            case c.relkind when 'v' then 'view' else 'table' end as kind
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where
            c.relkind in ('r', 'v')
            and (n.nspname || '.' || c.relname) in (
                'intermediate.int_source_silences',
                'intermediate.int_source_told_days',
                'intermediate.int_support_told_dates',
                'intermediate.int_usage_silent_dates',
                'intermediate.int_usage_told_dates',
                'marts.source_silences'
            )
    loop
        execute format(
            'drop %s if exists %I.%I cascade',
            former.kind, former.schema_name, former.relation_name
        );
    end loop;
end
$$;

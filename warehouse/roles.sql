-- Who may see what. The app reads marts and nothing else; scoring writes predictions and no more;
-- an analyst reads all tables and writes none.
-- Every statement may run again. Roles belong to the server, so companies share them.

do $$
declare
    role_name text;
begin
    foreach role_name in array array['tenure_reader', 'tenure_scorer'] loop
        begin
            if not exists (select from pg_roles where rolname = role_name) then
                execute format('create role %I login', role_name);
            end if;
        exception
            -- another company's database was being prepared at the same moment
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise exception 'The user % may not create roles. Ask an administrator to run: '
                    'create role % login; grant % to %;',
                    current_user, role_name, role_name, current_user;
        end;
        begin
            -- Only members can put a role on. Since version 16 not even its creator is one.
            if not (select rolsuper from pg_roles where rolname = current_user) then
                execute format('grant %I to current_user', role_name);
            end if;
        exception
            when insufficient_privilege then
                if not pg_has_role(current_user, role_name, 'member') then
                    raise exception 'The user % may not put on the role %. Ask an administrator '
                        'to run: grant % to %;',
                        current_user, role_name, role_name, current_user;
                end if;
        end;
        execute format('grant connect on database %I to %I', current_database(), role_name);
    end loop;
end
$$;

grant usage on schema marts to tenure_reader, tenure_scorer;
grant select on all tables in schema marts to tenure_reader, tenure_scorer;
-- dbt replaces its tables by new ones: these must be readable too
alter default privileges in schema marts grant select on tables to tenure_reader, tenure_scorer;

grant usage on schema ml to tenure_scorer;
grant select, insert, update, delete, truncate on all tables in schema ml to tenure_scorer;
alter default privileges in schema ml
grant select, insert, update, delete, truncate on tables to tenure_scorer;

-- Where the analyst's role cannot be made, nothing else needs it: `tenure sql --raw` says so then.
do $$
declare
    found record;
begin
    begin
        if not exists (select from pg_roles where rolname = 'tenure_analyst') then
            create role tenure_analyst login;
        end if;
    exception
        when duplicate_object or unique_violation then null;
        when insufficient_privilege then return;
    end;
    begin
        if not (select rolsuper from pg_roles where rolname = current_user) then
            grant tenure_analyst to current_user;
        end if;
    exception
        when insufficient_privilege then null;
    end;
    execute format('grant connect on database %I to tenure_analyst', current_database());
    -- what ingestion and dbt make from now on
    alter default privileges grant usage on schemas to tenure_analyst;
    alter default privileges grant select on tables to tenure_analyst;
    -- what is there from an earlier version: none, but for the first time
    for found in
        select format('usage on schema %I', nspname) as privilege
        from pg_namespace
        where
            nspname !~ '^pg_' and nspname != 'information_schema'
            and pg_has_role(nspowner, 'usage')
            and not has_schema_privilege('tenure_analyst', oid, 'usage')
        union all
        select format('select on %I.%I', namespaces.nspname, relations.relname)
        from pg_class as relations
        inner join pg_namespace as namespaces on relations.relnamespace = namespaces.oid
        where
            namespaces.nspname !~ '^pg_' and namespaces.nspname != 'information_schema'
            and relations.relkind in ('r', 'v', 'm', 'p')
            and pg_has_role(relations.relowner, 'usage')
            and not has_table_privilege('tenure_analyst', relations.oid, 'select')
    loop
        begin
            execute format('grant %s to tenure_analyst', found.privilege);
        exception
            -- a build that goes on beside has just replaced it, by one with these privileges
            when undefined_table or invalid_schema_name or internal_error then null;
        end;
    end loop;
end
$$;

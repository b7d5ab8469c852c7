-- Who may see what. The app reads marts and nothing else; scoring writes predictions and no more.
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

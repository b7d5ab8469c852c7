-- What readers may take from others: time, locks, memory, disk. Every statement may run again, and
-- what the owner may not do is left as it is: warehouse/readers.py names it for `tenure doctor`.

do $$
declare
    setting record;
    routine regprocedure;
begin
    for setting in
        select
            roles.rolname as role_name,
            settings.name,
            settings.value
        from pg_roles as roles
        cross join (values
            -- An open transaction keeps its locks on marts: a run that replaces one waits for it,
            -- and all other readers wait for the run.
            ('idle_in_transaction_session_timeout', '60s'),
            ('statement_timeout', '120s'),
            ('temp_file_limit', '2GB')
        ) as settings (name, value)
        where
            roles.rolname in ('tenure_reader', 'tenure_analyst')
            and not exists (
                select from pg_db_role_setting as stored
                where
                    stored.setrole = roles.oid
                    and stored.setdatabase = 0
                    and format('%s=%s', settings.name, settings.value) = any (stored.setconfig)
            )
    loop
        begin
            execute format(
                'alter role %I set %I = %L', setting.role_name, setting.name, setting.value
            );
        exception
            -- the role is another company's too, whose database was being prepared
            when insufficient_privilege or internal_error then null;
        end;
    end loop;

    begin
        if (select rolconnlimit from pg_roles where rolname = 'tenure_reader') <> 60 then
            alter role tenure_reader connection limit 60;
        end if;
    exception
        when insufficient_privilege or internal_error then null;
    end;

    begin
        if has_database_privilege('public', current_database(), 'temporary') then
            execute format('revoke temporary on database %I from public', current_database());
        end if;
        if not has_database_privilege('tenure_scorer', current_database(), 'temporary') then
            execute format('grant temporary on database %I to tenure_scorer', current_database());
        end if;
        if has_schema_privilege('public', 'public', 'create') then
            revoke create on schema public from public;
        end if;
    exception
        when insufficient_privilege or invalid_schema_name then null;
    end;

    -- Advisory locks fill the server's one table of locks, large objects its disk.
    for routine in
        select oid from pg_proc
        where
            pronamespace = 'pg_catalog'::regnamespace
            and (
                proname like any (array['pg\_advisory\_%', 'pg\_try\_advisory\_%'])
                or proname in (
                    'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import', 'lo_open', 'lo_put',
                    'lowrite'
                )
            )
            and has_function_privilege('public', oid, 'execute')
            and pg_has_role(current_user, proowner, 'usage')
    loop
        execute format('revoke execute on function %s from public', routine);
    end loop;

    begin
        for setting in
            select
                settings.name,
                settings.value
            from (values
                -- No statement of ours, or of a person, waits for a lock for ever, and holds up
                -- those behind it.
                ('lock_timeout', '30s'),
                -- What a killed run had asked for ends with it, and frees its tables.
                ('client_connection_check_interval', '5s')
            ) as settings (name, value)
            where
                not exists (
                    select from pg_db_role_setting as stored
                    inner join pg_database as databases on stored.setdatabase = databases.oid
                    where
                        databases.datname = current_database()
                        and stored.setrole = 0
                        and format('%s=%s', settings.name, settings.value)
                        = any (stored.setconfig)
                )
        loop
            execute format(
                'alter database %I set %I = %L',
                current_database(), setting.name, setting.value
            );
        end loop;
    exception
        when insufficient_privilege or internal_error then null;
    end;
end
$$;

-- Scores are kept now, each with the wording that made it. Those of a version that kept no wording are
-- made anew by the next run; views over them come back with it.
do $$
begin
    if exists (
        select from information_schema.tables
        where table_schema = 'marts' and table_name = 'fct_health_scores'
    ) and not exists (
        select from information_schema.columns
        where
            table_schema = 'marts'
            and table_name = 'fct_health_scores'
            and column_name = 'policy_version'
    ) then
        drop table marts.fct_health_scores cascade;
    end if;
end
$$;

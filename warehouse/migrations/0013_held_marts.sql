-- What a failed check holds back, for `tenure status` and the app; views that a build takes along.

-- The check says it where it is accepted or stops steps, the build where it leaves marts out. Null:
-- no build came after the check.
alter table tenure.checks
add column consequence text;

-- One row per table whose newest check failed, with what that means for what is shown.
create or replace view tenure.failed_checks as
select
    suite as source,
    table_name,
    failures,
    checked_at,
    coalesce(consequence, 'No mart was built after it.') as consequence
from tenure.checks
where not is_passed;

-- The views that a build does not make, while it runs: those that it drops with a table are created
-- again from here, by the next build if it is killed.
create table tenure.kept_views (
    schema_name text not null,
    view_name text not null,
    definition text not null,
    description text,
    primary key (schema_name, view_name)
);

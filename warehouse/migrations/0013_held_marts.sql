-- What a failed check holds back, for `tenure status` and the app.

-- `held_marts` are the marts that the newest build left out because of the table, and
-- `held_as_of_date` is the day that they are of: null where they are not there yet. No marts: the
-- table is used as it is (TENURE_ACCEPT_CHECKS). Null: no build came after the check.
alter table tenure.checks
add column held_marts text[],
add column held_as_of_date date;

-- One row per table whose newest check failed, with what that means for what is shown.
create or replace view tenure.failed_checks as
select
    suite as source,
    table_name,
    failures,
    checked_at,
    case
        when held_marts is null then 'No mart was built after it: all are of the last good run.'
        when cardinality(held_marts) = 0 then 'It holds nothing back.'
        when held_as_of_date is null
            then 'Not there yet, for they need it: ' || array_to_string(held_marts, ', ') || '.'
        else
            'Held back, for they need it, and still as of ' || held_as_of_date || ': '
            || array_to_string(held_marts, ', ') || '.'
    end as consequence
from tenure.checks
where not is_passed;

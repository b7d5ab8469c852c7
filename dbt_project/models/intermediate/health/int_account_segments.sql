-- Grain: one row per account and period in which it was in one segment.
-- One period for now: of an account's head count only the present value is known.
with

accounts as (select * from {{ ref('dim_accounts') }})

select
    account_id,
    segment,
    null::date as valid_from,
    null::date as valid_to
from accounts

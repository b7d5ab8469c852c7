-- Customers have no names here, and `country` holds the states of the USA. A customer signs with
-- its first subscription.
-- dates: start_date
with

first_subscriptions as (
    select
        account_id,
        min(start_date) as signed_at,
    from "subscription.csv"
    group by account_id
)

select
    accounts.id as account_id,
    'Account ' || accounts.id as account_name,
    accounts.country as region,
    first_subscriptions.signed_at,
    accounts.* exclude (id, country),
from "account.csv" as accounts
left join first_subscriptions on accounts.id = first_subscriptions.account_id

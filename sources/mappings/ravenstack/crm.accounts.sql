-- dates: signup_date
select
    account_id,
    account_name,
    industry,
    -- ISO 3166 calls the United Kingdom GB
    case when country = 'UK' then 'GB' else country end as country,
    signup_date as signed_at,
    try_cast(seats as integer) as seats,
    try_cast(is_trial as boolean) as is_trial,
    try_cast(churn_flag as boolean) as churn_flag,
    * exclude (
        account_id, account_name, industry, country, signup_date, seats, is_trial, churn_flag
    ),
from "ravenstack_accounts.csv"

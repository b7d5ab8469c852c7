-- A renewal is a new row, so a row's end is the next term's start; the end of a live one lies in
-- the future. Plans (sold by users) are one product, add-ons one each. `mrr` is before discount,
-- and `discount`, which repeats on add-ons, applies to the plan only: it stays an attribute.
-- dates: start_date, end_date
select
    concat_ws('/', account_id, product, start_date::date) as subscription_id,
    account_id,
    case when units = 'users' then 'crm' else product end as product,
    case
        when units = 'users' then regexp_replace(product, '_(mthly|biann|annual)$', '')
    end as plan,
    product as product_code,
    units as unit,
    cents(mrr, 'USD') as mrr_cents,
    'USD' as currency,
    bill_period_months as billing_period_months,
    date_diff('month', start_date, end_date) as term_months,
    start_date as started_at,
    end_date as ended_at,
    end_date as renewal_date,
    * exclude (account_id, product, units, mrr, bill_period_months, start_date, end_date),
from "subscription.csv"

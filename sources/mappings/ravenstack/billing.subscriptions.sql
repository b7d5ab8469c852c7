-- dates: start_date, end_date
select
    subscription_id,
    account_id,
    'ravenstack' as product,
    plan_tier as plan,
    seats as quantity,
    'users' as unit,
    cents(mrr_amount, 'USD') as mrr_cents,
    'USD' as currency,
    case billing_frequency when 'monthly' then 1 when 'annual' then 12 end as billing_period_months,
    start_date as started_at,
    end_date as ended_at,
    auto_renew_flag as auto_renews,
    try_cast(arr_amount as double) as arr_amount,
    try_cast(is_trial as boolean) as is_trial,
    try_cast(upgrade_flag as boolean) as upgrade_flag,
    try_cast(downgrade_flag as boolean) as downgrade_flag,
    try_cast(churn_flag as boolean) as churn_flag,
    * exclude (
        subscription_id, account_id, plan_tier, seats, mrr_amount, start_date, end_date,
        auto_renew_flag, arr_amount, is_trial, upgrade_flag, downgrade_flag, churn_flag
    ),
from "ravenstack_subscriptions.csv"

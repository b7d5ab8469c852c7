-- A churn event is a renewal that was lost, of the whole account.
-- dates: churn_date
select
    churn_event_id as opportunity_id,
    account_id,
    'renewal' as opportunity_type,
    'lost' as stage,
    churn_date as closed_at,
    false as is_won,
    try_cast(refund_amount_usd as double) as refund_amount_usd,
    try_cast(preceding_upgrade_flag as boolean) as preceding_upgrade_flag,
    try_cast(preceding_downgrade_flag as boolean) as preceding_downgrade_flag,
    try_cast(is_reactivation as boolean) as is_reactivation,
    * exclude (
        churn_event_id, account_id, churn_date, refund_amount_usd, preceding_upgrade_flag,
        preceding_downgrade_flag, is_reactivation
    ),
from "ravenstack_churn_events.csv"

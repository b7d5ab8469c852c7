-- Grain: one row per customer account and period for which its segment and success manager were known.
with

periods as (select * from {{ ref('int_account_segments') }}),

csms as (select * from {{ ref('stg_crm__csms') }}),

described as (
    select
        periods.account_id,
        periods.valid_from,
        periods.valid_to,
        periods.recorded_date,
        periods.segment,
        periods.touch_tier,
        periods.csm_id,
        csms.csm_name
    from periods
    left join csms on periods.csm_id = csms.csm_id
)

select * from described

-- A view: a check that fails must show at once, although it holds back what needs its table.
{{ config(materialized='view') }}

-- Grain: one row for the whole warehouse.
with

loads as (
    select
        max(loaded_at) as last_loaded_at,
        coalesce(sum(rows_in), 0) as rows_in,
        coalesce(sum(rows_loaded), 0) as rows_loaded,
        coalesce(sum(rows_quarantined), 0) as rows_quarantined,
        coalesce(sum(rows_duplicate), 0) as rows_duplicate
    from {{ source('tenure', 'loads') }}
),

checks as (
    select
        count(*) filter (where is_passed) as checks_passed,
        count(*) filter (where not is_passed) as checks_failed,
        max(checked_at) as last_checked_at
    from {{ source('tenure', 'checks') }}
),

suspected_leaks as (
    select count(*) as columns_suspected from {{ source('tenure', 'suspected_leaks') }}
),

-- the champion, or else the newest result on why there is none
models as (
    select * from {{ source('ml', 'models') }}
    where target = 'churn' and status in ('champion', 'none')
    order by (status = 'champion') desc, trained_at desc, model_version desc
    limit 1
),

joined as (
    select
        {{ as_of_date() }} as as_of_date,
        loads.last_loaded_at,
        loads.rows_in::bigint as rows_in,
        loads.rows_loaded::bigint as rows_loaded,
        loads.rows_quarantined::bigint as rows_quarantined,
        loads.rows_duplicate::bigint as rows_duplicate,
        checks.checks_passed,
        checks.checks_failed,
        checks.last_checked_at,
        suspected_leaks.columns_suspected,
        case when models.status = 'champion' then models.model_version end as model_version,
        models.trained_as_of_date,
        models.horizon_days,
        models.account_count,
        models.positive_account_count,
        coalesce(models.passes_quality_gate, false) as passes_quality_gate,
        coalesce(models.reason, 'No churn model has been trained yet.') as reason
    from loads
    cross join checks
    cross join suspected_leaks
    left join models on true
)

select * from joined

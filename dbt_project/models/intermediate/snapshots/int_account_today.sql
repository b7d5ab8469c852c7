-- Grain: one row per account, as of the as-of date.
-- Written where it differs, as int_account_weeks is.
{{
    config(
        materialized='incremental',
        incremental_strategy='changed_rows',
        unique_key=['account_id', 'snapshot_date'],
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[{'columns': ['account_id', 'snapshot_date'], 'unique': true}],
        post_hook=[
            "{{ delete_snapshots_outside(
                ref('int_snapshot_dates'),
                ref('int_due_snapshots'),
                ref('int_unscored_snapshots'),
                is_latest=true
            ) }}",
            "{{ remember_weeks_built(
                ref('int_weeks_inputs'), ref('int_account_changes'), ref('int_weeks_built')
            ) }}",
        ]
    )
}}

-- all signals there are: account_snapshots names them
select * from {{ ref('int_account_signals') }} -- noqa: AM04
where is_latest

-- Grain: one row per account and week-end before the as-of date.
-- Written where it differs, from the due weeks alone. A full refresh makes all weeks due
-- (int_weeks_built); the table itself stays, as it would else hold the due ones only.
{{
    config(
        materialized='incremental',
        incremental_strategy='changed_rows',
        unique_key=['account_id', 'snapshot_date'],
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[
            {'columns': ['account_id', 'snapshot_date'], 'unique': true},
            {'columns': ['snapshot_date']},
        ],
        post_hook=[
            "{{ delete_snapshots_outside(
                ref('int_snapshot_dates'),
                ref('int_due_snapshots'),
                ref('int_unscored_snapshots'),
                is_latest=false
            ) }}",
            "{{ remember_weeks_built(
                ref('int_weeks_inputs'), ref('int_account_changes'), ref('int_weeks_built')
            ) }}",
        ]
    )
}}

-- all signals there are: account_snapshots names them
select * from {{ ref('int_account_signals') }} -- noqa: AM04
where not is_latest

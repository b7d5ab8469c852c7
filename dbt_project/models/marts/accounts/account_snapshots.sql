-- Grain: one row per account and snapshot date.
-- A view: the weeks are kept, and today is made anew. Its columns are those that its YAML declares.
{{ config(materialized='view') }}

with

weeks as (
    select {{ declared_columns() }}
    from {{ ref('int_account_weeks') }}
),

today as (
    select {{ declared_columns() }}
    from {{ ref('int_account_today') }}
),

snapshots as (
    select * from weeks
    union all
    select * from today
)

select * from snapshots

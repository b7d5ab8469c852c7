-- Grain: one row for the whole warehouse.
-- A day on which a source delivered a measure of any account is the first on which it can be zero.
-- A table, not a view: seven models read it. Of one row, so it needs no key.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        on_schema_change='append_new_columns'
    )
}}

with

product_days as (select * from {{ ref('int_product_days') }}),

usage as (
    select
        min(usage_date) as events_from,
        min(usage_date) filter (where has_users) as users_from,
        min(usage_date) filter (where has_sessions) as sessions_from,
        min(usage_date) filter (where has_api_calls) as api_calls_from,
        min(usage_date) filter (where has_data_bytes) as data_bytes_from
    from product_days
),

feature_use as (
    select min(usage_date) as feature_use_from
    from {{ ref('stg_product__account_feature_days') }}
),

support as (
    select
        min({{ utc_date('created_at') }}) as tickets_from,
        min({{ utc_date('created_at') }}) filter (where priority is not null) as priority_from,
        min({{ utc_date('created_at') }}) filter (where is_core_function is not null)
            as core_tickets_from,
        min({{ utc_date('escalated_at') }}) as escalations_from,
        min({{ utc_date('solved_at') }}) as solutions_from,
        min({{ utc_date('solved_at') }}) filter (where csat_score is not null) as ratings_from
    from {{ ref('stg_support__tickets') }}
),

survey as (
    select min({{ utc_date('submitted_at') }}) as survey_responses_from
    from {{ ref('stg_survey__responses') }}
),

training as (
    select min({{ utc_date('scheduled_at') }}) as training_from
    from {{ ref('stg_training__enrollments') }}
),

community as (
    select min({{ utc_date('posted_at') }}) as posts_from
    from {{ ref('stg_community__posts') }}
),

crm as (
    select
        min({{ utc_date('occurred_at') }}) as activities_from,
        min({{ utc_date('occurred_at') }}) filter (where is_inbound is not null)
            as activity_directions_from,
        min({{ utc_date('occurred_at') }}) filter (where contact_id is not null) as activity_contacts_from,
        min({{ utc_date('occurred_at') }}) filter (where activity_type = 'business_review') as reviews_from
    from {{ ref('stg_crm__activities') }}
),

tasks as (
    select min({{ utc_date('opened_at') }}) as tasks_from
    from {{ ref('stg_crm__tasks') }}
),

opportunities as (
    select min({{ utc_date('created_at') }}) as opportunities_from
    from {{ ref('stg_crm__opportunities') }}
),

invoicing as (
    select min({{ utc_date('issued_at') }}) as invoices_from
    from {{ ref('stg_billing__invoices') }}
),

paying as (
    select min({{ utc_date('attempted_at') }}) as payments_from
    from {{ ref('stg_billing__payments') }}
),

coverage as (
    select
        usage.*,
        feature_use.*,
        support.*,
        survey.*,
        training.*,
        community.*,
        crm.*,
        tasks.*,
        opportunities.*,
        invoicing.*,
        paying.*
    from usage
    cross join feature_use
    cross join support
    cross join survey
    cross join training
    cross join community
    cross join crm
    cross join tasks
    cross join opportunities
    cross join invoicing
    cross join paying
)

select * from coverage

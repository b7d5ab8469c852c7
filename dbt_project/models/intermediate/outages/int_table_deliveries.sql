-- Grain: one row per raw table whose rows say when they happened, or that a signal reads.

{#- Each raw table, how staging names it, and the day of a row; of some rows it is unknown. -#}
{%- set tables = [
    ('product.account_days', 'stg_product__account_days', 'usage_date'),
    ('product.account_feature_days', 'stg_product__account_feature_days', 'usage_date'),
    ('product.features', 'stg_product__features', 'null::date'),
    ('product.usage_metrics', 'stg_product__usage_metrics', 'period_end'),
    ('support.tickets', 'stg_support__tickets', utc_date('created_at')),
    ('survey.invitations', 'stg_survey__invitations', utc_date('sent_at')),
    ('survey.responses', 'stg_survey__responses', utc_date('submitted_at')),
    ('training.enrollments', 'stg_training__enrollments', utc_date('scheduled_at')),
    ('community.posts', 'stg_community__posts', utc_date('posted_at')),
    ('crm.accounts', 'stg_crm__accounts', 'signed_date'),
    ('crm.activities', 'stg_crm__activities', utc_date('occurred_at')),
    ('crm.contacts', 'stg_crm__contacts', utc_date('joined_at')),
    ('crm.opportunities', 'stg_crm__opportunities', utc_date('created_at')),
    ('crm.tasks', 'stg_crm__tasks', utc_date('opened_at')),
    ('success.goals', 'stg_success__goals', utc_date('set_at')),
    ('success.onboarding_steps', 'stg_success__onboarding_steps', utc_date('planned_at')),
    ('success.health_overrides', 'stg_success__health_overrides', utc_date('set_at')),
    ('billing.subscriptions', 'stg_billing__subscriptions', 'started_date'),
    ('billing.invoices', 'stg_billing__invoices', utc_date('issued_at')),
    ('billing.payments', 'stg_billing__payments', utc_date('attempted_at')),
    ('finance.exchange_rates', 'stg_finance__exchange_rates', 'rate_date'),
] %}

with

deliveries as (
    {%- for source_table, staged, day in tables %}
        select
            '{{ source_table }}' as source_table,
            min({{ day }}) as first_delivered_date,
            max({{ day }}) as newest_delivered_date,
            count(*) > 0 as is_delivered
        from {{ ref(staged) }}
        where {{ day }} is null or {{ day }} <= {{ as_of_date() }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
)

select * from deliveries

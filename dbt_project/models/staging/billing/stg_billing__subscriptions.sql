with

source as (select * from {{ known(source('billing', 'subscriptions')) }}),

renamed as (
    select
        -- keys
        subscription_id,
        account_id,

        -- attributes
        trim(product) as product,
        nullif(trim(plan), '') as plan,
        lower(nullif(trim(unit), '')) as unit,
        nullif(trim(cancel_reason), '') as cancel_reason,
        nullif(trim(status), '') as status,

        -- numbers carry their unit
        quantity,
        mrr_cents,
        upper(trim(currency)) as currency,
        billing_period_months,
        term_months,
        usage_limit,

        -- flags
        auto_renews,

        -- times
        started_at,
        {{ utc_date('started_at') }} as started_date,
        ended_at,
        {{ utc_date('ended_at') }} as ended_date,
        cancelled_at,
        renewal_date,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed

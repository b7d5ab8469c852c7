with

source as (select * from {{ known(source('billing', 'payments')) }}),

renamed as (
    select
        -- keys
        payment_id,
        invoice_id,

        -- attributes
        outcome,

        -- numbers carry their unit
        amount_cents,
        upper(trim(currency)) as currency,

        -- times
        attempted_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed

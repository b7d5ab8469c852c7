with

source as (select * from {{ source('billing', 'payments') }}),

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
        _loaded_at as loaded_at
    from source
)

select * from renamed

with

source as (select * from {{ known(source('billing', 'invoices')) }}),

renamed as (
    select
        -- keys
        invoice_id,
        account_id,

        -- attributes
        lower(nullif(trim(status), '')) as status,

        -- numbers carry their unit
        amount_cents,
        upper(trim(currency)) as currency,

        -- times
        issued_at,
        due_at,
        voided_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed

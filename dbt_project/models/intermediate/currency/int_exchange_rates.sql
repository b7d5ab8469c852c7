-- Grain: one row per currency and day of a rate that agrees with one shortly before it.
with

exchange_rates as (select * from {{ ref('stg_finance__exchange_rates') }}),

beside as (
    select
        *,
        lag(usd_per_unit) over by_currency as rate_before,
        lag(usd_per_unit, 2) over by_currency as second_rate_before
    from exchange_rates
    window by_currency as (partition by currency order by rate_date)
),

-- Ten times both that came before it, a rate is turned round, or of another currency; a jump that
-- the next rate confirms is a new level from there on. Later rates are not asked: what a day was
-- converted with would change with them.
agreeing as (
    select
        currency,
        rate_date,
        usd_per_unit
    from beside
    where
        rate_before is null
        or usd_per_unit between rate_before / 10 and rate_before * 10
        or usd_per_unit between second_rate_before / 10 and second_rate_before * 10
)

select * from agreeing

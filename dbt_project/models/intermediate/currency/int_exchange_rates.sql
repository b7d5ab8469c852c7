-- Grain: one row per currency and day of a rate that agrees with one near it.
with

exchange_rates as (select * from {{ ref('stg_finance__exchange_rates') }}),

beside as (
    select
        *,
        array[
            lag(usd_per_unit, 2) over by_currency,
            lag(usd_per_unit) over by_currency,
            lead(usd_per_unit) over by_currency,
            lead(usd_per_unit, 2) over by_currency
        ] as rates_nearby,
        count(*) over (partition by currency) as rates
    from exchange_rates
    window by_currency as (partition by currency order by rate_date)
),

-- A rate that is ten times all that are near it is turned round, or of another currency. A jump
-- that the next rate confirms is a new level.
agreeing as (
    select
        currency,
        rate_date,
        usd_per_unit
    from beside
    where
        rates = 1
        or exists (
            select
            from unnest(beside.rates_nearby) as nearby (rate)
            where beside.usd_per_unit between nearby.rate / 10 and nearby.rate * 10
        )
)

select * from agreeing

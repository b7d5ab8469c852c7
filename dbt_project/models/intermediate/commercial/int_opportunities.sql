-- Grain: one row per opportunity.
with

opportunities as (select * from {{ ref('stg_crm__opportunities') }}),

words as (
    select * from {{ ref('status_words') }}
    where table_name = 'opportunities'
),

decided as (
    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.opportunity_type,
        opportunities.product,
        -- the stage goes before the flag: many systems say false, and a day, while a deal is open
        coalesce(
            words.meaning,
            case
                when opportunities.is_won then 'won'
                when not opportunities.is_won and opportunities.closed_at is not null then 'lost'
            end,
            case when opportunities.closed_at is null then 'open' end
        ) as outcome,
        {{ utc_date('opportunities.created_at') }} as opened_date,
        case
            when coalesce(words.meaning != 'open', true) then {{ utc_date('opportunities.closed_at') }}
        end as closed_date
    from opportunities
    left join words on {{ status_word('opportunities.stage') }} = words.word
)

select * from decided

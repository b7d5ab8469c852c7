{#- A unit of each currency is worth what the seed plausible_rates says, or else its row OTHER. -#}
{% test plausible_rate(model, rate, currency) %}

with

checked as (select * from {{ model }}),

granted as (select * from {{ ref('plausible_rates') }})

select
    checked.{{ rate }},
    checked.{{ currency }}
from checked
left join granted on checked.{{ currency }} = granted.currency
inner join granted as others on others.currency = 'OTHER'
where
    checked.{{ rate }} not between coalesce(granted.low, others.low) and coalesce(granted.high, others.high)

{% endtest %}

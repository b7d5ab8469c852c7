{#- No amount exceeds so many minor units, times what the seed plausible_amounts grants its currency. -#}
{% test plausible_amount(model, amount, currency, maximum) %}

with

checked as (select * from {{ model }}),

granted as (select * from {{ ref('plausible_amounts') }})

select
    checked.{{ amount }},
    checked.{{ currency }}
from checked
left join granted on checked.{{ currency }} = granted.currency
inner join granted as others on others.currency = 'OTHER'
where abs(checked.{{ amount }}) > {{ maximum }}::numeric * coalesce(granted.times, others.times)

{% endtest %}

{#- No amount exceeds so many minor units of a dear currency, or ten thousand times as many of another. -#}
{% test plausible_amount(model, amount, currency, maximum) %}

select
    {{ amount }},
    {{ currency }}
from {{ model }}
where
    abs({{ amount }}) > {{ maximum }}::numeric * case
        when {{ currency }} in ('AUD', 'CAD', 'CHF', 'EUR', 'GBP', 'USD') then 1 else 10000
    end

{% endtest %}

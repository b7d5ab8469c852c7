{#- One number is above another wherever both are known. -#}
{% test above(model, higher, lower) %}

select
    {{ higher }},
    {{ lower }}
from {{ model }}
where {{ higher }} <= {{ lower }}

{% endtest %}

{#- Where both times are known, the later one does not lie before the earlier one. -#}
{% test not_before(model, later, earlier) %}

select
    {{ earlier }},
    {{ later }}
from {{ model }}
where {{ later }} < {{ earlier }}

{% endtest %}

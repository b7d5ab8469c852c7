{#- A rule between columns holds on every row; a row on which it is unknown passes. -#}
{% test holds(model, rule) %}

select *
from {{ model }}
where not ({{ rule }})

{% endtest %}

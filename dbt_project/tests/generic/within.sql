{#- Every value lies between two numbers, or between what two columns say; unknown values pass. -#}
{% test within(model, column_name, low, high) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} not between {{ low }} and {{ high }}

{% endtest %}

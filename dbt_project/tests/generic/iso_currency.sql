{#- Values have the form of an ISO 4217 code; unknown values pass. -#}
{% test iso_currency(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} !~ '^[A-Z]{3}$'

{% endtest %}

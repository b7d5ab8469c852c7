{#- Every time lies after 1990 and at most some days from now; unknown times pass. -#}
{% test plausible_time(model, column_name, days_ahead=1) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} < '1990-01-01' or {{ column_name }} > now() + interval '{{ days_ahead }} days'

{% endtest %}

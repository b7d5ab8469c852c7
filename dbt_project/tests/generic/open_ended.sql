{#- No end lies more than twenty years ahead: such an end says that there is none. -#}
{% test open_ended(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} > now() + interval '7305 days'

{% endtest %}

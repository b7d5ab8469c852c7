{#- No value matches the pattern, which stands for `meaning`; unknown values pass. -#}
{% test not_matching(model, column_name, pattern, meaning) %}

select
    {{ column_name }},
    '{{ meaning | replace("'", "''") }}' as looks_like
from {{ model }}
where {{ column_name }}::text ~ '{{ pattern | replace("'", "''") }}'

{% endtest %}

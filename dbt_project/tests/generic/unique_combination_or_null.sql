{#- Each combination of the columns occurs once, a null being a value like any other. -#}
{% test unique_combination_or_null(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}

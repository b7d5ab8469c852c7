{#-
How many days of a window, both ends included, are silent: summed over the rows of
int_source_silences that a query has joined as `silences`.

A left join's empty row is left out: least() and greatest() skip nulls, and would find every day of
the window silent.
-#}
{% macro silent_days(first_date, last_date) -%}
    coalesce(
        sum(
            greatest(
                least(silences.last_silent_date, {{ last_date }})
                - greatest(silences.first_silent_date, {{ first_date }})
                + 1,
                0
            )
        ) filter (where silences.first_silent_date is not null),
        0
    )
{%- endmacro %}

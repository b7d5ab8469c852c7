{#-
How many days of a window, both ends included, are missing: summed over the rows of
int_source_outages that a query has joined as `outages`.

A left join's empty row is left out: least() and greatest() skip nulls, and would find every day of
the window missing.
-#}
{% macro missing_days(first_date, last_date) -%}
    coalesce(
        sum(
            greatest(
                least(outages.last_missing_date, {{ last_date }})
                - greatest(outages.first_missing_date, {{ first_date }})
                + 1,
                0
            )
        ) filter (where outages.first_missing_date is not null),
        0
    )
{%- endmacro %}

{#-
Facts and snapshots of accounts on one line of time, as the body of a CTE: what signals are counted on.

- `measures`: each measure with what a row holds that says nothing of it, as SQL: '0' where it is
  summed, a typed null where it is averaged or the last one counts.
- `facts`: each kind of fact, as a mapping of the relation (`from`), the SQL of its day (`day`), of
  the measures that it gives, and, where not every row is such a fact, of those that are (`where`).
-#}
{% macro timeline(measures, facts) -%}
    {%- set snapshots = {'from': 'snapshots', 'day': 'snapshot_date', 'is_snapshot': 'true'} -%}
    {%- for fact in [snapshots] + facts %}
    select
        account_id,
        {{ fact.day }} as event_date,
        {{ fact.get('is_snapshot', 'false') }} as is_snapshot,
        {%- for measure, without in measures.items() %}
        {{ fact.get(measure, without) }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ fact.from }}
    {%- if fact.where %}
    where {{ fact.where }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#-
The frame of the last so many days up to a row, or of as many that ended some days before it. `of` are
the columns whose rows belong together, `day` the one of the day.
-#}
{% macro last_days(days, ended_before=0, of='account_id', day='event_date') -%}
    (
        partition by {{ of }} order by {{ day }}
        range between interval '{{ days + ended_before - 1 }} days' preceding
        and {{ "interval '" ~ ended_before ~ " days' preceding" if ended_before else 'current row' }}
    )
{%- endmacro %}


{#- The last day of the week that a day lies in, where weeks end on the given weekday (1 is Monday). -#}
{% macro week_end(day, ends_on) -%}
    {{ day }} + ({{ ends_on }} + 7 - extract(isodow from {{ day }})::integer) % 7
{%- endmacro %}

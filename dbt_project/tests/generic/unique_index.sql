{#-
The grain: a unique index on exactly these columns, none of which may be null, is there and valid. What
it keeps out needs no look at the rows. For tables of which few rows are written at a time.
-#}
{% test unique_index(model, columns) %}

with

proven as (
    select indexes.indexrelid
    from pg_index as indexes
    cross join lateral unnest(indexes.indkey::smallint[]) as keys (attnum)
    inner join pg_attribute as attributes
        on
            indexes.indrelid = attributes.attrelid
            and keys.attnum = attributes.attnum
    where
        indexes.indrelid = '{{ model }}'::regclass
        and indexes.indisunique
        and indexes.indisvalid
        and indexes.indpred is null
    group by indexes.indexrelid
    having
        array_agg(attributes.attname::text order by attributes.attname)
        = array['{{ columns | sort | join("', '") }}']
        and bool_and(attributes.attnotnull)
)

select 'no unique index on {{ columns | join(", ") }}' as problem
where not exists (select 1 from proven)

{% endtest %}

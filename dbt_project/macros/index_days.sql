{#- Index a raw table of days of use by what weeks look up: an account's days, and what changed. -#}
{% macro index_days(table) -%}
    {%- set name = table.identifier -%}
    create index if not exists {{ name }}_by_account on {{ table }} (account_id, usage_date);
    create index if not exists {{ name }}_by_recording on {{ table }} (_recorded_at);
    create index if not exists {{ name }}_by_superseding on {{ table }} (_superseded_at)
    where _superseded_at is not null
{%- endmacro %}

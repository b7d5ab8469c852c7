-- Grain: one row per week-end and segment, and per week-end one of the whole company (`all`).
-- What use is compared with: see macros/peers.sql. Peers are the open accounts that are
-- measured by events, in the segment that they were in.
-- Only weeks of which snapshots were computed or deleted since the last scores are looked at. A row's
-- segment is in the snapshot, so that another segment is among these; a row of each week and segment,
-- so that none is left behind where nothing comes any more. A signal that is compared no more leaves its
-- column: account_snapshots reads it until that is built, and PostgreSQL drops no column that is read.
{{
    config(
        materialized='incremental',
        incremental_strategy='due_rows',
        meta={'due': {'relation': 'int_unscored_snapshots', 'key': ['snapshot_date']}},
        unique_key=['snapshot_date', 'segment'],
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['snapshot_date', 'segment'], 'unique': true}]
    )
}}

{%- set levels = peer_levels() %}
{%- set changes = peer_changes() %}

with

calendar as (
    select * from {{ ref('int_snapshot_calendar') }}
    where snapshot_date = {{ peers_date('snapshot_date') }}
),

unscored as (select * from {{ ref('int_unscored_snapshots') }}),

segments as (
    select segment from {{ ref('segments') }}
    union all
    select 'all' as segment
),

policy as (select minimum_peers from {{ ref('signal_policy') }}),

weeks as (select * from {{ ref('int_account_weeks') }}),

today as (select * from {{ ref('int_account_today') }}),

due as (
    select snapshot_date from calendar
    {% if is_incremental() %}
        where
            snapshot_date in (select unscored.snapshot_date from unscored)
            or snapshot_date not in (
                select present.snapshot_date
                from {{ this }} as present
                where present.sql_hash = '{{ peers_sql_hash() }}'
            )
    {% endif %}
),

{% for relation in ['weeks', 'today'] -%}
    levels_of_{{ relation }} as (
        select
            {{ relation }}.snapshot_date,
            {% for signal in levels + changes -%}
                {{ relation }}.{{ signal }},
            {% endfor -%}
            {{ relation }}.segment
        from due
        inner join {{ relation }} on due.snapshot_date = {{ relation }}.snapshot_date
        where {{ relation }}.is_open and {{ is_measured_by_events(relation) }}
    ),

{% endfor -%}

levels as (
    select * from levels_of_weeks
    union all
    select * from levels_of_today
),

-- whose size is unknown has no segment to be compared with, but counts in the company
peers as (
    select
        levels.snapshot_date,
        {% for level in levels -%}
            {{ tenths_of('levels.' ~ level, 'max(policy.minimum_peers)') }} as {{ level }},
        {% endfor -%}
        {% for change in changes -%}
            {{ usual_of('levels.' ~ change, 'max(policy.minimum_peers)') }} as {{ change }},
        {% endfor -%}
        coalesce(levels.segment, 'all') as segment
    from levels
    cross join policy
    group by grouping sets ((levels.snapshot_date, levels.segment), (levels.snapshot_date))
)

select
    due.snapshot_date,
    segments.segment,
    {% for signal in levels + changes -%}
        peers.{{ signal }},
    {% endfor -%}
    '{{ peers_sql_hash() }}' as sql_hash
from due
cross join segments
left join peers
    on
        due.snapshot_date = peers.snapshot_date
        and segments.segment = peers.segment

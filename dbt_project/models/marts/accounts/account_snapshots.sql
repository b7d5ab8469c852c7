-- Grain: one row per account and snapshot date.
-- A view: the weeks are kept, and today is made anew. Its columns are those that its YAML declares.
-- What is set beside peers is found here, when all of them are there: a place among them, of which
-- int_account_weeks has that by metrics that their source had added up, and changes, which are there of
-- the account alone.
{{ config(materialized='view') }}

{%- set place -%}
    coalesce(snapshots.usage_peer_rank, {{ peer_rank(peer_levels(), 'snapshots') }})
{%- endset %}
{%- set beside_peers = {'usage_peer_rank': place} -%}
{%- for change in peer_changes() -%}
    {%- do beside_peers.update({change: change_beside_peers(change, 'snapshots')}) -%}
{%- endfor %}

with

weeks as (
    select
        {{ declared_columns() }},
        segment
    from {{ ref('int_account_weeks') }}
),

today as (
    select
        {{ declared_columns() }},
        segment
    from {{ ref('int_account_today') }}
),

snapshots as (
    select * from weeks
    union all
    select * from today
),

-- read twice, of which PostgreSQL would keep a copy: who asks for neither is to join nothing
peers as not materialized (select * from {{ ref('int_usage_peers') }}),

ranked as (
    select
        {{ declared_columns('snapshots', beside_peers) }}
    from snapshots
    left join peers as segment_peers
        on
            {{ peers_date('snapshots.snapshot_date') }} = segment_peers.snapshot_date
            and snapshots.segment = segment_peers.segment
    left join peers as company_peers
        on
            {{ peers_date('snapshots.snapshot_date') }} = company_peers.snapshot_date
            and company_peers.segment = 'all'
)

select * from ranked

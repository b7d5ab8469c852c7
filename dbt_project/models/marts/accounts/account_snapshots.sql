-- Grain: one row per account and snapshot date.
-- A view: the weeks are kept, and today is made anew. Its columns are those that its YAML declares.
-- An account's place among its peers is found here, when all of them are there; what int_account_weeks
-- has of it is of metrics that their source had added up.
{{ config(materialized='view') }}

{%- set place -%}
    coalesce(snapshots.usage_peer_rank, {{ peer_rank(peer_levels(), 'snapshots') }})
{%- endset %}

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

-- read twice, of which PostgreSQL would keep a copy: who does not ask for the place is to join nothing
peers as not materialized (select * from {{ ref('int_usage_peers') }}),

ranked as (
    select
        {{ declared_columns('snapshots', {'usage_peer_rank': place}) }}
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

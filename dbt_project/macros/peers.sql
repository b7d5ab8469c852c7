{#-
Use beside that of peers, for accounts that are measured by events.

An absolute level means nothing for an unknown product. What a level is compared with are the nine
values that part the peers' levels into tenths: few numbers per week and segment (int_usage_peers), so
that one account's late event makes no rank of another to be written anew. What an account's change is
set beside is the median of its peers' changes: a fall that all of them share, as in holidays, is none.
-#}

{#- The levels that are compared with those of peers: `has_peers` in account_snapshots.yml. -#}
{% macro peer_levels() -%}
    {{ return(signal_registry() | selectattr('has_peers', 'defined') | selectattr('has_peers')
        | rejectattr('unit', 'equalto', 'change') | map(attribute='signal') | list) }}
{%- endmacro %}


{#- The changes that are, by their unit. -#}
{% macro peer_changes() -%}
    {{ return(signal_registry() | selectattr('has_peers', 'defined') | selectattr('has_peers')
        | selectattr('unit', 'equalto', 'change') | map(attribute='signal') | list) }}
{%- endmacro %}


{#- The newest week-end by a snapshot date: that of which its peers are looked at. -#}
{% macro peers_date(snapshot_date) -%}
    {{ snapshot_date }} - extract(isodow from {{ snapshot_date }})::integer % 7
{%- endmacro %}


{#- An account whose use is counted of events: with them it is known when it was last used. -#}
{% macro is_measured_by_events(relation) -%}
    {{ relation }}.days_since_last_use is not null
{%- endmacro %}


{#- What a signal is compared with: that of the segment, or of the company where the segment has few. -#}
{% macro of_peers(signal) -%}
    coalesce(segment_peers.{{ signal }}, company_peers.{{ signal }})
{%- endmacro %}


{#- A change against what is usual among peers; as it is where there is nothing usual. -#}
{% macro change_beside_peers(change, relation) -%}
    (1 + {{ relation }}.{{ change }}) / coalesce(nullif(1 + {{ of_peers(change) }}, 0), 1) - 1
{%- endmacro %}


{#- How many of the nine values a level is above, twice; one that it equals counts once. -#}
{% macro peer_place(level, tenths) -%}
    width_bucket({{ level }}, {{ tenths }})
    + coalesce(
        array_position({{ tenths }}, {{ level }}) - 1,
        width_bucket({{ level }}, {{ tenths }})
    )
{%- endmacro %}


{#- Share of the peers that use less, as the mean over the levels that are known: the middle of each
tenth. In whole numbers first, so that no order of sums shows. -#}
{% macro peer_rank(levels, relation) -%}
    {%- set places = [] -%}
    {%- for level in levels -%}
        {%- do places.append(peer_place(relation ~ '.' ~ level, of_peers(level))) -%}
    {%- endfor -%}
    {%- if not levels -%}
        null::double precision
    {%- else -%}
        case
            when {{ is_measured_by_events(relation) }}
                then
                    (coalesce(1 + {{ places | join(', 0) + coalesce(1 + ') }}, 0))::double precision
                    / nullif(20 * num_nonnulls({{ places | join(', ') }}), 0)
        end
    {%- endif -%}
{%- endmacro %}


{#- The tenths of a grouped level, null where fewer than are a comparison have it. -#}
{% macro tenths_of(level, minimum_peers) -%}
    case
        when count({{ level }}) >= {{ minimum_peers }}
            then
                percentile_disc(array[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
                within group (order by {{ level }})
    end
{%- endmacro %}


{#- The median of a grouped change, null where fewer than are a comparison have it. -#}
{% macro usual_of(change, minimum_peers) -%}
    case
        when count({{ change }}) >= {{ minimum_peers }}
            then percentile_cont(0.5) within group (order by {{ change }})
    end
{%- endmacro %}


{#- One hash of what comparisons are made by, whatever of: edited, it makes all of them anew. -#}
{% macro peers_sql_hash() -%}
    {%- set written = peer_rank(['x', 'y'], 'r') ~ tenths_of('x', '1') ~ peers_date('x')
        ~ change_beside_peers('x', 'r') ~ usual_of('x', '1') -%}
    {%- set compared = peer_levels() ~ peer_changes() -%}
    {{ return(local_md5(compared ~ written ~ sql_checksums(['int_usage_peers']))) }}
{%- endmacro %}


{#- One hash of what account_snapshots adds to the kept weeks and today, whose rows an edit of it leaves. -#}
{% macro snapshots_sql_hash() -%}
    {{ return(local_md5(sql_checksums(['account_snapshots']) ~ peers_sql_hash())) }}
{%- endmacro %}

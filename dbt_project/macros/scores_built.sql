{#- Remember what the scores were made from, and that all due ones are made; only differences are written. -#}
{% macro remember_scores_built(due, inputs, built, unscored) -%}
    create temporary table scores_built_now on commit drop as
    select * from {{ inputs }};
    delete from {{ built }} as present
    where not exists (
        select 1
        from scores_built_now as incoming
        where {{ same_key(['input_name', 'item']) }}
    );
    merge into {{ built }} as present
    using scores_built_now as incoming
    on {{ same_key(['input_name', 'item']) }}
    when matched and present.input_value is distinct from incoming.input_value
        then update set input_value = incoming.input_value
    when not matched
        then insert (input_name, item, account_id, snapshot_date, input_value)
        values (
            incoming.input_name, incoming.item, incoming.account_id, incoming.snapshot_date, incoming.input_value
        );
    delete from {{ unscored }} as unscored
    using {{ due }} as due
    where
        unscored.account_id = due.account_id
        and unscored.snapshot_date = due.snapshot_date
{%- endmacro %}


{% macro are_scores_built() -%}
    {{ return(relation_if_built('fct_health_scores') is not none) }}
{%- endmacro %}


{#- What an edit of these models' SQL changes, as text. -#}
{% macro sql_checksums(model_names) -%}
    {%- set checksums = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name in model_names -%}
            {%- do checksums.append(node.checksum.checksum) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(checksums | sort | string) }}
{%- endmacro %}


{#- One hash of the SQL that scores are made by, with what our macros write of a small policy. -#}
{% macro scores_sql_hash() -%}
    {%- set signal = {'signal': 'x', 'weight': 1, 'floor': 0, 'ceiling': 1} -%}
    {%- set policy = [{
        'scorecard': 's', 'segment': 'all', 'own_segments': ['all', 'smb'], 'policy_version': 'v',
        'points_step': 1, 'valid_from': '2026-01-01', 'valid_to': '2026-04-01',
        'pillars': [{'pillar': 'p', 'weight': 1, 'signals': [signal]}],
        'tiers': [{'tier': 't', 'lower_bound': 0, 'colour': 'green'}],
    }] -%}
    {%- set contributions = scorecard_contributions(policy, 'x', ['snapshot_date'], 'r') -%}
    {%- set written = contributions ~ scorecard_tier(policy, 'tier') -%}
    {%- set made = sql_checksums(['account_snapshots', 'int_health_contributions', 'fct_health_scores']) -%}
    {{ return(local_md5(made ~ written)) }}
{%- endmacro %}

{#-
The lines of scorecards whose weights are learned: a list of mappings with scorecard, signal, floor
and ceiling. Read while dbt writes the SQL, as scorecard_policy() is; a unit test gives its own.

A signal that is known of past weeks only by looking back (`is_backfilled`) is left out: what a
company recorded of an account after it had left says more of its end than the months before did.
-#}
{% macro learned_lines() %}
    {%- set rules = ref('scorecard_rules') -%}
    {%- set signals = ref('scorecard_signals') -%}
    {%- set backfilled = signal_registry() | selectattr('is_backfilled', 'defined')
        | selectattr('is_backfilled') | map(attribute='signal') | list -%}
    {%- set lines = [] -%}
    {%- if execute and load_relation(rules) is not none and load_relation(signals) is not none -%}
        {%- set query %}
            select jsonb_build_object(
                'scorecard', scorecard_signals.scorecard,
                'signal', scorecard_signals.signal,
                'floor', scorecard_signals.floor,
                'ceiling', scorecard_signals.ceiling,
                'weight', 1
            )::text as line
            from {{ signals }} as scorecard_signals
            inner join {{ rules }} as scorecard_rules
                on scorecard_signals.scorecard = scorecard_rules.scorecard
            where scorecard_rules.weights_from = 'learned' and scorecard_signals.segment = 'all'
            order by scorecard_signals.scorecard, scorecard_signals.signal
        {%- endset -%}
        {%- for row in run_query(query) -%}
            {%- set line = fromjson(row['line']) -%}
            {%- if line.signal not in backfilled -%}
                {%- do lines.append(line) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(lines) }}
{% endmacro %}


{#- Per line the mean points of 100 over the grouped snapshots, null where none is known. Of whole
millionths: a mean of doubles depends on the order of the rows, and half of 100 is the bound of bad. -#}
{% macro mean_line_points(lines, relation) -%}
    {%- for line in lines -%}
        (avg(({{ weighted_points(relation ~ '.' ~ line.signal, line) }})::bigint) / 1000000)::double precision
            as line_{{ loop.index }}
        {{- ',' if not loop.last }}
    {% else -%}
        null::double precision as line_1
    {%- endfor -%}
{%- endmacro %}


{#- The lines of a relation as rows of a `values` list: scorecard, signal and mean points. -#}
{% macro line_values(lines, relation) -%}
    {%- for line in lines -%}
        ('{{ line.scorecard }}', '{{ line.signal }}', {{ relation }}.line_{{ loop.index }})
        {{- ',' if not loop.last }}
    {% else -%}
        (null::text, null::text, {{ relation }}.line_1)
    {%- endfor -%}
{%- endmacro %}


{#- One hash of the lines and of the SQL that evidence is gathered by: edited, it makes all quarters due. -#}
{%- macro learned_lines_hash() -%}
    {%- set lines = [{'scorecard': 's', 'signal': 'x', 'weight': 1, 'floor': 0, 'ceiling': 1}] -%}
    {%- set written = mean_line_points(lines, 'x') ~ line_values(lines, 'x') -%}
    {%- set made = sql_checksums(['int_signal_evidence']) ~ snapshots_sql_hash() -%}
    {{ local_md5(learned_lines() | string ~ made ~ written) }}
{%- endmacro %}


{#-
The quarters of which there is evidence, as the body of a CTE. By way of JSON: an earlier version wrote
no hash. A full refresh gathers all anew.
-#}
{% macro quarters_evidenced() -%}
    {%- set evidence = relation_if_built('int_signal_evidence') -%}
    {%- if evidence %}
    select distinct
        quarter_start,
        {{ 'null' if flags.FULL_REFRESH else "to_jsonb(evidence) ->> 'input_hash'" }} as input_hash
    from {{ evidence }} as evidence
    {%- else %}
    select
        null::date as quarter_start,
        null::text as input_hash
    where false
    {%- endif %}
{%- endmacro %}

-- Grain: one row per signal.
-- The registry is the YAML of that model:
-- depends_on: {{ ref('account_snapshots') }}
with

declared as (
    -- tojson writes apostrophes as escapes, which end no literal
    select '{{ signal_registry() | tojson }}'::jsonb as registry
),

signals as (
    select
        signals.signal,
        signals.topic,
        signals.label,
        signals.phrase_low,
        signals.phrase_high,
        signals.unit,
        signals.is_model_feature,
        coalesce(signals.is_backfilled, false) as is_backfilled,
        signals.risk_when,
        signals.window_days,
        signals.when_none,
        coalesce(signals.about, signals.signal) as about,
        coalesce(signals.is_actionable, true) as is_actionable,
        coalesce(signals.has_peers, false) as has_peers,
        coalesce(signals.alternative_of, '{}') as alternative_of,
        signals.source_tables,
        signals.description,
        signals.position
    from declared
    cross join
        lateral jsonb_to_recordset(declared.registry) as signals (
            signal text,
            topic text,
            label text,
            phrase_low text,
            phrase_high text,
            unit text,
            is_model_feature boolean,
            is_backfilled boolean,
            risk_when text,
            window_days integer,
            when_none text,
            about text,
            is_actionable boolean,
            has_peers boolean,
            alternative_of text[],
            source_tables text[],
            description text,
            position integer
        )
)

select * from signals

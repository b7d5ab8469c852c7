-- A view: the churned accounts and the model that it speaks of may change while the marts stand.
{{ config(materialized='view') }}

-- Grain: one row for the whole warehouse with an open account.
with

accounts as (select * from {{ ref('dim_accounts') }}),

shown as (
    select mode() within group (order by scorecard) as scorecard
    from {{ ref('customer_health') }}
    where is_open
),

policies as (
    select * from {{ ref('int_policies_in_force') }}
    where {{ as_of_date() }} >= in_force_from and {{ as_of_date() }} < in_force_to
),

rules as (select * from {{ ref('scorecard_rules') }}),

signals as (select * from {{ ref('dim_signals') }}),

signal_coverage as (select * from {{ ref('int_signal_coverage') }}),

policy as (
    select * from {{ ref('prediction_policy') }}
    where target = 'churn'
),

trust as (select * from {{ ref('data_trust') }}),

source_coverage as (select * from {{ ref('source_coverage') }}),

delivered as (
    select signal from signal_coverage
    where first_known_date <= {{ as_of_date() }}
),

alternatives as (
    select
        signals.signal as alternative,
        named.signal
    from signals
    cross join lateral unnest(signals.alternative_of) as named (signal)
),

asked as (
    select
        pillars.pillar ->> 'pillar' as pillar,
        (pillars.pillar ->> 'weight')::numeric as pillar_weight,
        signals.signal ->> 'signal' as signal,
        (signals.signal ->> 'weight')::numeric as weight
    from shown
    inner join policies on shown.scorecard = policies.scorecard
    cross join lateral jsonb_array_elements(policies.policy -> 'pillars') as pillars (pillar)
    cross join lateral jsonb_array_elements(pillars.pillar -> 'signals') as signals (signal)
    where policies.segment = 'all'
),

lines as (
    select
        asked.*,
        coalesce(alternatives.alternative, asked.signal) as measured,
        alternatives.alternative is null as is_alternative,
        delivered.signal is not null as is_delivered
    from asked
    left join alternatives on asked.signal = alternatives.signal
    left join delivered on asked.signal = delivered.signal
),

sides as (
    select
        pillar,
        measured,
        is_alternative,
        sum(weight) as side_weight,
        coalesce(sum(weight) filter (where is_delivered), 0) as deliverable_weight
    from lines
    group by pillar, measured, is_alternative
),

-- as in int_scorecard_reach: of two ways to measure one thing the heavier side is all there is
measures as (
    select distinct on (pillar, measured)
        pillar,
        measured,
        is_alternative,
        side_weight as measure_weight,
        side_weight - max(deliverable_weight) over (partition by pillar, measured) as missing_weight,
        nullif(side_weight - deliverable_weight, 0) as missing_of_side
    from sides
    order by pillar asc, measured asc, side_weight desc, is_alternative asc
),

pillar_weights as (
    select
        pillar,
        sum(measure_weight) as signal_weight
    from measures
    group by pillar
),

-- What is missing of a measure is what its heavier side would add to the other one: shared out to the
-- signals of that side, so that all of it and what is delivered are the whole.
missing_lines as (
    select
        lines.signal,
        lines.pillar_weight * lines.weight / measures.missing_of_side
        * measures.missing_weight / pillar_weights.signal_weight as weight
    from lines
    inner join measures
        on
            lines.pillar = measures.pillar
            and lines.measured = measures.measured
            and lines.is_alternative = measures.is_alternative
    inner join pillar_weights on lines.pillar = pillar_weights.pillar
    where not lines.is_delivered and measures.missing_weight > 0
),

unknown_lines as (
    select
        missing_lines.signal,
        missing_lines.weight,
        min(needed.source_table) as source_table
    from missing_lines
    inner join signals on missing_lines.signal = signals.signal
    cross join lateral unnest(signals.source_tables) as needed (source_table)
    inner join source_coverage
        on
            split_part(needed.source_table, '.', 1) = source_coverage.source
            and split_part(needed.source_table, '.', 2)
            = any(string_to_array(source_coverage.missing_tables, ', '))
    group by missing_lines.signal, missing_lines.weight
),

missing_tables as (
    select
        source_table,
        sum(weight) as weight
    from unknown_lines
    group by source_table
),

missing as (
    select
        string_agg(
            source_table || ' (' || round(weight) || ' %)', ', ' order by weight desc, source_table asc
        ) as missing_tables
    from missing_tables
),

churned as (
    select count(closed_date) as churned_accounts
    from accounts
    where closed_date <= {{ as_of_date() }}
),

described as (
    select
        {{ as_of_date() }} as as_of_date,
        shown.scorecard,
        rules.title,
        missing.missing_tables,
        churned.churned_accounts,
        policy.minimum_positive_accounts as churned_accounts_needed,
        case
            when not trust.passes_quality_gate
                then
                    'Ranked by the scorecard "' || rules.title
                    || '": points from 0 to 100, not a probability.'
                    || coalesce(' Its weight would also rest on ' || missing.missing_tables || '.', '')
                    || case
                        when churned.churned_accounts < policy.minimum_positive_accounts
                            then
                                ' Probabilities need '
                                || {{ counted('policy.minimum_positive_accounts', 'churned account') }}
                                || '; ' || churned.churned_accounts
                                || case churned.churned_accounts
                                    when 1 then ' is known.' else ' are known.'
                                end
                        else ''
                    end
        end as sentence
    from shown
    inner join rules on shown.scorecard = rules.scorecard
    cross join missing
    cross join churned
    cross join policy
    cross join trust
)

select * from described

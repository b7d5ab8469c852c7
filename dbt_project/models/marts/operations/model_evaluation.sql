-- Grain: one row per target, model version, predictor and metric.
with

evaluations as (select * from {{ source('ml', 'evaluations') }}),

models as (select * from {{ source('ml', 'models') }}),

joined as (
    select
        evaluations.target,
        evaluations.model_version,
        models.status,
        models.passes_quality_gate,
        models.trained_as_of_date,
        models.horizon_days,
        evaluations.predictor,
        evaluations.metric,
        evaluations.metric_value,
        evaluations.ci_low,
        evaluations.ci_high
    from evaluations
    inner join models
        on
            evaluations.target = models.target
            and evaluations.model_version = models.model_version
)

select * from joined

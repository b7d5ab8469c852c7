-- Grain: one row per model version, predictor and metric.
with

evaluations as (select * from {{ source('ml', 'churn_evaluations') }}),

models as (select * from {{ source('ml', 'churn_models') }}),

joined as (
    select
        evaluations.model_version,
        models.status,
        models.has_earned_trust,
        models.trained_as_of_date,
        models.horizon_days,
        evaluations.predictor,
        evaluations.metric,
        evaluations.metric_value,
        evaluations.ci_low,
        evaluations.ci_high
    from evaluations
    inner join models on evaluations.model_version = models.model_version
)

select * from joined

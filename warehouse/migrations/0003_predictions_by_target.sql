-- Models, evaluations and predictions by target; predictions are appended, never overwritten.
-- On a fresh database the tables of 0001 are there and empty.

-- One row per target and trained model, and one for the result that no model could be trained.
create table if not exists ml.models (
    target text not null,
    model_version text not null,
    status text not null check (status in ('champion', 'challenger', 'retired', 'none')),
    reason text not null,
    passes_quality_gate boolean not null,
    trained_as_of_date date not null,
    horizon_days integer not null,
    snapshot_count bigint not null,
    account_count bigint not null,
    positive_account_count bigint not null,
    base_rate double precision,
    fingerprint text not null,
    trained_at timestamptz not null,
    primary key (target, model_version)
);

-- One row per target, model version, predictor (model or baseline) and metric, out of time.
create table if not exists ml.evaluations (
    target text not null,
    model_version text not null,
    predictor text not null,
    metric text not null,
    metric_value double precision,
    ci_low double precision,
    ci_high double precision,
    primary key (target, model_version, predictor, metric)
);

-- One row per target, horizon, as-of date, account open on it, model version and run. Rows of one
-- run that share an input digest were made from the same model, values and words: a run whose
-- digest is that of the newest rows of its as-of date appends none.
create table if not exists ml.predictions (
    target text not null,
    horizon_days integer not null,
    as_of_date date not null,
    account_id text not null,
    model_version text not null,
    run_id text not null,
    probability double precision not null check (probability between 0 and 1),
    drivers jsonb not null,
    input_digest text not null,
    scored_at timestamptz not null,
    primary key (target, horizon_days, as_of_date, account_id, model_version, run_id)
);
create index if not exists predictions_by_account
on ml.predictions (account_id, target, as_of_date);
create index if not exists predictions_by_date
on ml.predictions (as_of_date, target, scored_at);

-- `cascade` takes the views that dbt made on the old tables (marts.data_trust); the next run's
-- build makes them again on the new ones.
do $$
begin
    if to_regclass('ml.churn_models') is not null then
        insert into ml.models
        select
            'churn', model_version, status, reason, has_earned_trust, trained_as_of_date,
            horizon_days, snapshot_count, account_count, churned_account_count, base_rate,
            fingerprint, trained_at
        from ml.churn_models
        on conflict do nothing;
        drop table ml.churn_models cascade;
    end if;

    if to_regclass('ml.churn_evaluations') is not null then
        insert into ml.evaluations
        select
            'churn', model_version, predictor,
            case metric
                when 'churned_accounts' then 'positive_accounts'
                when 'churned_dollar_recall_top_10pct' then 'money_recall_top_10pct'
                else metric
            end,
            metric_value, ci_low, ci_high
        from ml.churn_evaluations
        on conflict do nothing;
        drop table ml.churn_evaluations cascade;
    end if;

    if to_regclass('ml.churn_predictions') is not null then
        insert into ml.predictions (
            target, horizon_days, as_of_date, account_id, model_version, run_id, probability,
            drivers, input_digest, scored_at
        )
        select
            'churn', horizon_days, as_of_date, account_id, model_version, 'before-runs',
            churn_probability, drivers, 'before-runs', scored_at
        from ml.churn_predictions
        on conflict do nothing;
        drop table ml.churn_predictions cascade;
    end if;
end
$$;

-- Renamed in dbt: what it made under the former names would be read by no model and stay for ever.
drop table if exists marts.churn_model_evaluation;
drop table if exists seeds.churn_model_policy cascade;

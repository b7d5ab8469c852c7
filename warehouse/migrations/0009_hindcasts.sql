-- Past weeks as a model scores them that was trained later and may have seen how they ended. Kept
-- apart from ml.predictions, so that no reader can take one for a forecast.
create table if not exists ml.hindcasts (
    target text not null,
    horizon_days integer not null,
    as_of_date date not null,
    account_id text not null,
    model_version text not null,
    trained_as_of_date date not null,
    run_id text not null,
    probability double precision not null check (probability between 0 and 1),
    drivers jsonb not null,
    input_digest text not null,
    scored_at timestamptz not null,
    primary key (target, horizon_days, as_of_date, account_id, model_version, run_id),
    check (trained_as_of_date > as_of_date)
);

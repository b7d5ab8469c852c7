-- What Tenure writes about itself: loads, checks, quarantine, predictions.
-- Homes made before migrations were numbered have these tables: hence `if not exists`.

create schema if not exists tenure;
create schema if not exists quarantine;
create schema if not exists ml;
create schema if not exists marts;

create table if not exists tenure.company (
    company text primary key,
    as_of_date date,
    systems jsonb,
    updated_at timestamptz not null default now()
);

-- One row per system and contract table: what the last load read, and where each row went.
create table if not exists tenure.loads (
    system text not null,
    source text not null,
    table_name text not null,
    files text[] not null,
    rows_in bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    rows_duplicate bigint not null,
    loaded_at timestamptz not null,
    primary key (system, source, table_name),
    constraint every_row_is_accounted_for
    check (rows_in = rows_loaded + rows_quarantined + rows_duplicate)
);

-- One row per system, contract table and rule that mended rows instead of rejecting them.
create table if not exists tenure.repairs (
    system text not null,
    source text not null,
    table_name text not null,
    rule text not null,
    rows_repaired bigint not null check (rows_repaired > 0),
    primary key (system, source, table_name, rule)
);

-- One row per checked table: the verdict of the newest Great Expectations run, and the table's
-- size when it last passed, which the next delivery is compared with.
create table if not exists tenure.checks (
    suite text not null,
    table_name text not null,
    is_passed boolean not null,
    expectation_count integer not null,
    failed_count integer not null,
    failures jsonb not null,
    accepted_row_count bigint,
    checked_at timestamptz not null,
    primary key (suite, table_name)
);

-- One row per column that the contract does not know and that alone tells who has left, by the
-- newest load. `how`: by its value, or by whether it has one.
create table if not exists tenure.suspected_leaks (
    system text not null,
    source text not null,
    table_name text not null,
    column_name text not null,
    auc double precision not null,
    how text not null check (how in ('value', 'presence')),
    accounts bigint not null,
    ended_accounts bigint not null,
    message text not null,
    found_at timestamptz not null default now(),
    primary key (system, source, table_name, column_name)
);

-- One row per rejected row and rule, kept until the row is accepted.
create table if not exists quarantine.rejected_rows (
    rejection_id text primary key,
    system text not null,
    source text not null,
    table_name text not null,
    file text not null,
    row_number bigint,
    rule text not null,
    message text not null,
    row_data jsonb not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null
);

-- One row per trained model, and one for the verdict that no model could be trained.
create table if not exists ml.churn_models (
    model_version text primary key,
    status text not null check (status in ('champion', 'challenger', 'retired', 'none')),
    reason text not null,
    has_earned_trust boolean not null,
    trained_as_of_date date not null,
    horizon_days integer not null,
    snapshot_count bigint not null,
    account_count bigint not null,
    churned_account_count bigint not null,
    base_rate double precision,
    fingerprint text not null,
    trained_at timestamptz not null
);

-- One row per model version, predictor (model or baseline) and metric, out of time.
create table if not exists ml.churn_evaluations (
    model_version text not null,
    predictor text not null,
    metric text not null,
    metric_value double precision,
    ci_low double precision,
    ci_high double precision,
    primary key (model_version, predictor, metric)
);

-- One row per account open on the as-of date.
create table if not exists ml.churn_predictions (
    account_id text primary key,
    as_of_date date not null,
    horizon_days integer not null,
    churn_probability double precision not null check (churn_probability between 0 and 1),
    drivers jsonb not null,
    model_version text not null,
    scored_at timestamptz not null
);

-- One row per set of rows and predictor: how rightly it ranked those who churned later. Replaced by
-- each trial. Figures are null while is_proven is false.
create table if not exists ml.scorecard_backtest (
    row_set text not null check (row_set in ('history', 'out_of_time')),
    predictor text not null,
    kind text not null check (kind in ('scorecard', 'model', 'baseline')),
    is_proven boolean not null,
    first_date date not null,
    last_date date not null,
    dates integer not null,
    accounts integer not null,
    outcomes integer not null,
    known_outcomes integer not null,
    known_share double precision not null,
    auc double precision,
    auc_low double precision,
    auc_high double precision,
    lift double precision,
    lift_low double precision,
    lift_high double precision,
    early_share double precision,
    early_share_low double precision,
    early_share_high double precision,
    horizon_days integer not null,
    alert_share double precision not null,
    days_early integer not null,
    minimum_outcomes integer not null,
    primary key (row_set, predictor)
);

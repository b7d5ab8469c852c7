"""Migration 0003: what the churn tables held is found under its target, and nothing twice."""

from __future__ import annotations

from pathlib import Path

from warehouse import Warehouse
from warehouse import database as warehouse_database

MIGRATION = Path(warehouse_database.__file__).parent / "migrations/0003_predictions_by_target.sql"
# As 0001 made them.
EARLIER = """
drop table if exists ml.churn_models, ml.churn_evaluations, ml.churn_predictions cascade;
create table ml.churn_models (
    model_version text primary key, status text not null, reason text not null,
    has_earned_trust boolean not null, trained_as_of_date date not null,
    horizon_days integer not null, snapshot_count bigint not null, account_count bigint not null,
    churned_account_count bigint not null, base_rate double precision, fingerprint text not null,
    trained_at timestamptz not null
);
create table ml.churn_evaluations (
    model_version text not null, predictor text not null, metric text not null,
    metric_value double precision, ci_low double precision, ci_high double precision,
    primary key (model_version, predictor, metric)
);
create table ml.churn_predictions (
    account_id text primary key, as_of_date date not null, horizon_days integer not null,
    churn_probability double precision not null, drivers jsonb not null,
    model_version text not null, scored_at timestamptz not null
);
"""
ROWS = """
insert into ml.churn_models values
    ('3', 'champion', 'best', true, '2026-03-01', 90, 1000, 60, 30, 0.1, 'f', '2026-03-02');
insert into ml.churn_evaluations values
    ('3', 'lightgbm', 'auc', 0.8, 0.7, 0.9),
    ('3', 'lightgbm', 'churned_accounts', 30, null, null),
    ('3', 'lightgbm', 'churned_dollar_recall_top_10pct', 0.5, 0.2, 0.8);
insert into ml.churn_predictions values
    ('a', '2026-03-01', 90, 0.25, '[{"words": "few logins"}]', '3', '2026-03-02');
create view marts.on_the_old_table as select * from ml.churn_models;
"""


def migrate(warehouse: Warehouse) -> None:
    warehouse.execute(MIGRATION.read_text(encoding="utf-8"))


def counts(warehouse: Warehouse) -> list[int]:
    names = ("models", "evaluations", "predictions")
    return [int(warehouse.read(f"select count(*) as n from ml.{name}")["n"][0]) for name in names]


def test_a_fresh_warehouse_has_the_new_tables_alone(warehouse: Warehouse) -> None:
    warehouse.execute(EARLIER)
    migrate(warehouse)
    assert counts(warehouse) == [0, 0, 0]
    left = warehouse.read("select tablename from pg_tables where schemaname = 'ml' order by 1")
    names = set(left["tablename"])
    assert {"evaluations", "models", "predictions"} <= names
    assert not [name for name in names if name.startswith("churn")]


def test_rows_move_to_their_target_and_a_view_of_dbts_does_not_stop_it(
    warehouse: Warehouse,
) -> None:
    """A home of the release before must show the same model and the same risk."""
    warehouse.execute(EARLIER + ROWS)
    migrate(warehouse)
    model = warehouse.read("select * from ml.models").iloc[0]
    assert (model["target"], model["status"], model["passes_quality_gate"]) == (
        "churn",
        "champion",
        True,
    )
    assert model["positive_account_count"] == 30
    metrics = warehouse.read("select metric from ml.evaluations order by metric")["metric"]
    assert metrics.tolist() == ["auc", "money_recall_top_10pct", "positive_accounts"]
    prediction = warehouse.read("select * from ml.predictions").iloc[0]
    assert (prediction["target"], prediction["run_id"]) == ("churn", "before-runs")
    assert prediction["probability"] == 0.25
    assert prediction["drivers"] == '[{"words": "few logins"}]'


def test_it_may_run_again(warehouse: Warehouse) -> None:
    warehouse.execute(EARLIER + ROWS)
    migrate(warehouse)
    migrate(warehouse)
    assert counts(warehouse) == [1, 3, 1]

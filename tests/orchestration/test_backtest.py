"""The trial as its step does it: what is read of the marts, and what is left behind."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.pipeline import ModelFilesMissing
from orchestration.defs import backtest
from warehouse import Warehouse

MARTS = """
create schema if not exists seeds;
create table seeds.backtest_policy as
select 24 as months_back, 0.1::float8 as alert_share, 60 as days_early, 1 as minimum_outcomes,
    20 as bootstrap_samples, 0.9::float8 as interval_level;
create table seeds.prediction_policy as select 'churn' as target, 90 as horizon_days;
create table seeds.health_policy as select 'shown' as default_scorecard;
create table seeds.health_tiers as
select 'shown' as scorecard, tier, bound as lower_bound
from (values ('Good', 50), ('Bad', 0)) as tiers (tier, bound);
create table seeds.scorecard_rules as
select * from (values ('shown'), ('other'), ('silent')) as t (scorecard);
create table marts.account_snapshots as
select 'a' || n as account_id, day::date as snapshot_date, day = '2026-03-01' as is_latest,
    100.0::numeric(14, 2) as mrr, n::float8 as days_to_renewal,
    (n - 10)::float8 as active_user_change_56d
from generate_series(1, 20) as n
cross join generate_series('2023-01-01'::timestamp, '2026-03-01', '7 days') as day;
create table marts.fct_churn_outcomes as
select account_id, snapshot_date,
    case when snapshot_date <= '2025-12-01' then account_id = 'a1' and snapshot_date > '2025-09-15'
    end as churned_within_horizon,
    case when account_id = 'a1' then date '2025-12-10' end as churn_date
from marts.account_snapshots
where account_id != 'a1' or snapshot_date < '2025-12-10';
create table marts.customer_health_history as
select account_id, snapshot_date, scorecard,
    case when account_id = 'a1' then 20.0 when account_id != 'a2' then 80.0 end as health_score,
    case account_id when 'a1' then 'Bad' when 'a2' then 'Unknown' else 'Good' end as tier
from marts.account_snapshots cross join unnest(array['shown', 'other']) as scorecard
"""


class Candidate:
    def __init__(self, out_of_time: pd.DataFrame) -> None:
        self.out_of_time = out_of_time


class Registry:
    """A champion that has predicted the newest known month, or whose files are gone."""

    def __init__(self, out_of_time: pd.DataFrame | None) -> None:
        self.out_of_time = out_of_time

    def champion(self) -> str:
        return "1"

    def load(self, version: str) -> Candidate:
        if self.out_of_time is None:
            raise ModelFilesMissing(version)
        return Candidate(self.out_of_time)


@pytest.fixture
def company(warehouse: Warehouse) -> Warehouse:
    warehouse.execute(MARTS)
    return warehouse


def tried(
    company: Warehouse, monkeypatch: pytest.MonkeyPatch, out_of_time: pd.DataFrame | None
) -> pd.DataFrame:
    monkeypatch.setattr(backtest, "open_registry", lambda *_: Registry(out_of_time))
    for _ in range(2):
        backtest.run_backtest(company, company.settings)
    rows = company.read("select * from ml.scorecard_backtest")
    return rows.set_index(["row_set", "predictor"])


def test_the_trial_is_of_the_last_known_week_end_of_each_month(
    company: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tried(company, monkeypatch, None)
    assert set(table.index.get_level_values("row_set")) == {"history"}
    first = table.iloc[0]
    # from two years before the as-of date to the newest day whose 90 days are over
    assert (str(first["first_date"])[:10], str(first["last_date"])[:10]) == (
        "2024-03-31",
        "2025-11-30",
    )
    assert (first["dates"], first["outcomes"]) == (21, 1)
    shown = table.loc[("history", "shown")]
    assert shown["auc"] == 1 and shown["early_share"] == 1
    assert table.loc[("history", "last_tier"), "auc"] == 1
    assert table.loc[("history", "renewal_date_only"), "auc"] == 1
    silent = table.loc[("history", "silent")]
    assert not silent["is_proven"] and silent["known_outcomes"] == 0 and pd.isna(silent["auc"])


def test_the_model_is_tried_on_what_it_predicted_out_of_time(
    company: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows it has learned from would flatter it."""
    said = company.read(
        "select account_id, snapshot_date, 0.1 as logistic, 0.2 as lightgbm"
        " from marts.account_snapshots where snapshot_date between '2025-11-01' and '2025-11-30'"
    )
    table = tried(company, monkeypatch, said)
    newest = table.loc["out_of_time"]
    assert set(newest["dates"]) == {1}
    assert newest.loc["churn_model", "auc"] == 0.5
    assert "churn_model" not in table.loc["history"].index
    assert set(newest.index) - {"churn_model"} == set(table.loc["history"].index)

"""The truth as files beside the data, for tests and for those who evaluate a health score."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from simulator.assumptions import PRODUCTS, SEGMENTS
from simulator.calendar import FAR
from simulator.columns import dates, flags, keys, numbers, texts, whole
from simulator.life.contracts import KINDS, Changes
from simulator.life.lifecycles import WAYS, Lifecycles
from simulator.life.population import Population
from simulator.life.world import World
from simulator.truth.causes import CAUSES, PARTS
from simulator.truth.experiments import enrolment_table, playbook_effects, programme_change
from simulator.truth.futures import CHANGE_HORIZON, HORIZONS, WeeklyTruth
from simulator.truth.ledger import mrr_movements
from simulator.writing import write_parquet

_ONBOARDINGS = ("good", "average", "bad")
_TREATMENTS = ("none", "at-risk outreach", "executive review")
_README = Path(__file__).with_name("readme.md")


def write_truth(
    folder: Path,
    world: World,
    weeks: WeeklyTruth,
    causes: tuple[np.ndarray, np.ndarray],
) -> None:
    """Write every file of `truth/` but the run's own facts and the count of defects.

    `causes` is what `churn_causes` returns.
    """
    write_parquet(_account_weeks(world, weeks), folder / "account_weeks.parquet")
    pa_csv.write_csv(_accounts(world.population), folder / "accounts.csv")
    pa_csv.write_csv(_causes(world.lifecycles, causes), folder / "churn_causes.csv")
    write_parquet(_contract_changes(world.lifecycles.changes), folder / "contract_changes.parquet")
    movements = mrr_movements(world.lifecycles.changes, world.population.currency, world.calendar)
    write_parquet(movements, folder / "mrr_movements.parquet")
    write_parquet(enrolment_table(world), folder / "playbook_enrolments.parquet")
    pa_csv.write_csv(playbook_effects(world), folder / "playbook_effects.csv")
    _write_json(programme_change(world), folder / "programme.json")
    _write_json(asdict(world.rules), folder / "assumptions.json")
    (folder / "README.md").write_text(_README.read_text())


def _write_json(facts: dict, path: Path) -> None:
    path.write_text(json.dumps(facts, indent=2) + "\n")


def _account_weeks(world: World, weeks: WeeklyTruth) -> pa.Table:
    account, week = weeks.account, weeks.week
    lifecycles = world.lifecycles
    columns = {
        "account_id": keys("acct", account),
        "week_end": dates(world.calendar.first_monday + 7 * week + 6),
        "health": numbers(np.round(lifecycles.weekly_health[account, week].astype(np.float64), 4)),
        "has_sponsor": flags(~lifecycles.weekly_vacant[account, week]),
        "treatment": texts(_TREATMENTS, lifecycles.weekly_treatment[account, week]),
    }
    for column, horizon in enumerate(HORIZONS):
        columns[f"churn_probability_{horizon}d"] = numbers(weeks.leaving[:, column])
    columns[f"expansion_probability_{CHANGE_HORIZON}d"] = numbers(weeks.buying)
    columns[f"contraction_probability_{CHANGE_HORIZON}d"] = numbers(weeks.shrinking)
    return pa.table(columns)


def _accounts(population: Population) -> pa.Table:
    return pa.table(
        {
            "account_id": keys("acct", np.arange(population.size)),
            "segment": texts(SEGMENTS, population.segment),
            "fit": numbers(np.round(population.fit, 4)),
            "onboarding": texts(_ONBOARDINGS, population.onboarding),
            "is_new_onboarding": flags(population.is_new_way),
            "csm_skill": numbers(np.round(population.csm_skill[population.csm], 4)),
            "health_mean": numbers(np.round(population.health_mean, 4)),
        }
    )


def _causes(lifecycles: Lifecycles, causes: tuple[np.ndarray, np.ndarray]) -> pa.Table:
    main, parts = causes
    churns = lifecycles.churns
    order = np.lexsort((churns.day, churns.account))
    columns = {
        "account_id": keys("acct", churns.account[order]),
        "churned_on": dates(churns.day[order]),
        "decided_at": texts(WAYS, churns.way[order]),
        "probability_that_week": numbers(np.round(churns.probability[order], 6)),
        "main_cause": texts(CAUSES, main[order]),
        "merged_into": keys("acct", churns.into[order], known=churns.into[order] >= 0),
    }
    for column, name in enumerate(PARTS):
        columns[f"log_odds_{name}"] = numbers(np.round(parts[order, column], 4))
    return pa.table(columns)


def _contract_changes(changes: Changes) -> pa.Table:
    """Each change of terms; quantity and MRR are what holds from the day on."""
    return pa.table(
        {
            "account_id": keys("acct", changes.account),
            "product": texts(PRODUCTS, changes.product),
            "changed_on": dates(changes.day),
            "change": texts(KINDS, changes.kind),
            "quantity": whole(changes.quantity),
            "mrr_cents": whole(changes.mrr_cents),
            "holds_until": pa.array(
                np.where(changes.until < FAR, changes.until, 0).astype(np.int32),
                mask=changes.until == FAR,
            ).cast(pa.date32()),
        }
    )

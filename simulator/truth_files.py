"""The truth as files beside the data, for tests and for whoever judges a health score."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from simulator.assumptions import SEGMENTS, Assumptions
from simulator.calendar import FAR, Calendar
from simulator.columns import dates, flags, keys, numbers, strings, texts, whole
from simulator.contracts import Changes
from simulator.lives import Lives
from simulator.population import Population
from simulator.truth import CAUSES, HORIZONS, PARTS
from simulator.writing import write_parquet

_ONBOARDINGS = ("good", "average", "bad")
_KINDS = ("opened", "renewed", "expanded", "closed")
_README = Path(__file__).with_name("truth_readme.md")


def write_truth(
    folder: Path,
    population: Population,
    lives: Lives,
    calendar: Calendar,
    rules: Assumptions,
    probabilities: tuple[np.ndarray, np.ndarray, np.ndarray],
    causes: tuple[np.ndarray, np.ndarray],
) -> None:
    """Write every file of `truth/` but the run's own facts."""
    account, week, within = probabilities
    sunday = calendar.first_monday + 7 * week + 6
    columns = {
        "account_id": keys("acct", account),
        "week_end": dates(sunday),
        "health": numbers(np.round(lives.weekly_health[account, week].astype(np.float64), 4)),
        "has_sponsor": flags(~lives.weekly_vacant[account, week]),
    }
    for column, horizon in enumerate(HORIZONS):
        columns[f"churn_probability_{horizon}d"] = numbers(within[:, column])
    write_parquet(pa.table(columns), folder / "account_weeks.parquet")
    pa_csv.write_csv(_accounts(population), folder / "accounts.csv")
    pa_csv.write_csv(_causes(lives, causes), folder / "churn_causes.csv")
    write_parquet(_ledger(lives.changes), folder / "contract_changes.parquet")
    text = json.dumps(asdict(rules), indent=2) + "\n"
    (folder / "assumptions.json").write_text(text)
    (folder / "README.md").write_text(_README.read_text())


def _accounts(population: Population) -> pa.Table:
    return pa.table(
        {
            "account_id": keys("acct", np.arange(population.size)),
            "segment": texts(SEGMENTS, population.segment),
            "fit": numbers(np.round(population.fit, 4)),
            "onboarding": texts(_ONBOARDINGS, population.onboarding),
            "csm_skill": numbers(np.round(population.csm_skill[population.csm], 4)),
            "health_mean": numbers(np.round(population.health_mean, 4)),
        }
    )


def _causes(lives: Lives, causes: tuple[np.ndarray, np.ndarray]) -> pa.Table:
    main, parts = causes
    churns = lives.churns
    order = np.lexsort((churns.day, churns.account))
    columns = {
        "account_id": keys("acct", churns.account[order]),
        "churned_on": dates(churns.day[order]),
        "decided_at": strings(
            np.where(churns.is_renewal[order], "renewal", "mid-term").astype(object)
        ),
        "probability_that_week": numbers(np.round(churns.probability[order], 6)),
        "main_cause": texts(CAUSES, main[order]),
    }
    for column, name in enumerate(PARTS):
        columns[f"log_odds_{name}"] = numbers(np.round(parts[order, column], 4))
    return pa.table(columns)


def _ledger(changes: Changes) -> pa.Table:
    """Each change of terms; `mrr_cents` is what holds from the day on."""
    return pa.table(
        {
            "account_id": keys("acct", changes.account),
            "product_number": whole(changes.product, kind=pa.int32()),
            "changed_on": dates(changes.day),
            "change": texts(_KINDS, changes.kind),
            "mrr_cents": whole(changes.mrr_cents),
            "holds_until": pa.array(
                np.where(changes.until < FAR, changes.until, 0).astype(np.int32),
                mask=changes.until == FAR,
            ).cast(pa.date32()),
        }
    )

"""`tenure status` and the end of `tenure run`: what is loaded, how old, how far to trust it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from rich.table import Table

from orchestration.findings import print_findings
from orchestration.lib.freshness import FAILED_AFTER
from orchestration.portfolio import print_portfolio
from orchestration.schedules import schedule_lines
from orchestration.terminal import Terminal, plain, styled
from orchestration.words import as_of, records, share
from warehouse import Settings, Warehouse
from warehouse.run_lock import holder

LOADS_SQL = """
select system, source || '.' || table_name as table_name, rows_in, rows_loaded,
    rows_quarantined, rows_duplicate, loaded_at
from tenure.loads
where rows_in > 0
order by system, source, table_name
"""

LOOKED_SQL = """
select finished_at
from tenure.runs
where status in ('succeeded', 'unchanged') and finished_at is not null
order by finished_at desc
limit 1
"""

RUN_SQL = """
select status, as_of_date, known_as_of, started_at
from tenure.runs
order by started_at desc
limit 1
"""

REPAIRS_SQL = """
select rule, sum(rows_repaired)::bigint as rows_repaired
from tenure.repairs
group by rule
order by rule
"""
REPAIRS = {
    "corrected": "cells could not be used and count as unknown; their rows stayed",
    "duplicate": "rows were alike with another one in everything and are counted once",
    "key": "rows name their customer in another form, a rewritten number or the other length of a "
    "Salesforce id, and were matched by the number or the checksum",
    "late": "rows arrived on a later day and are placed on the day on which they happened",
}

CHECKS_SQL = """
select failures, consequence
from tenure.failed_checks
order by source, table_name
"""

LEAKS_SQL = """
select source || '.' || table_name || '.' || column_name as column_name, auc
from tenure.suspected_leaks
order by auc desc, 1
"""

OUTAGES_SQL = """
select sentence
from marts.source_outages
where is_within_90d
order by first_missing_date desc, source, measure
"""

EVALUATION_SQL = """
select predictor, metric, metric_value, ci_low, ci_high
from marts.model_evaluation
where
    target = 'churn'
    and model_version = %(model_version)s
    and metric in ('auc', 'top_decile_lift', 'ece')
order by metric, predictor
"""

BACKTEST_SQL = """
select row_set, title, finding, is_proven, dates, outcomes, auc, auc_low, auc_high, lift,
    early_share, horizon_days, alert_share, days_early
from marts.scorecard_backtest
order by row_set, place nulls last, title
"""


@dataclass(frozen=True)
class Freshness:
    """Age of the newest load in words, and whether it is older than a daily job allows."""

    words: str
    is_late: bool


def freshness(loaded_at: datetime, now: datetime) -> Freshness:
    """Age of a load; late when Dagster would call it failed."""
    hours = (now - loaded_at).total_seconds() / 3600
    if hours < 1:
        words = f"{hours * 60:.0f} minutes"
    elif hours < 48:
        words = f"{hours:.0f} hours"
    else:
        words = f"{hours / 24:.0f} days"
    return Freshness(words, now - loaded_at > FAILED_AFTER)


def relation_exists(warehouse: Warehouse, name: str) -> bool:
    """Whether a table or view of this name is there."""
    found = warehouse.read("select to_regclass(%(name)s) is not null as found", {"name": name})
    return bool(found["found"].iloc[0])


def interval(row: pd.Series) -> str:
    """A metric with its bootstrap interval."""
    if pd.isna(row["metric_value"]):
        return "unknown"
    if pd.isna(row["ci_low"]):
        return f"{row['metric_value']:.3f}"
    return f"{row['metric_value']:.3f} ({row['ci_low']:.3f} to {row['ci_high']:.3f})"


def print_loads(console: Terminal, warehouse: Warehouse) -> None:
    """Rows per table: in, loaded, quarantined, duplicate; and how old they are."""
    loads = records(warehouse, LOADS_SQL)
    if not loads:
        console.print("Nothing is loaded yet. Run: make run")
        return
    newest = max(load["loaded_at"] for load in loads)
    age = freshness(newest, datetime.now(UTC))
    # Sources that were looked at and had nothing new are as fresh as those that had.
    runs = records(warehouse, LOOKED_SQL)
    looked = max([newest, *(run["finished_at"] for run in runs)])
    age = Freshness(age.words, freshness(looked, datetime.now(UTC)).is_late)
    late = " (late: the daily job has not run)" if age.is_late else ""
    console.print(styled(f"Newest load: {age.words} ago", (late, "yellow")))
    table = Table("system", "table", "rows in", "loaded", "quarantined", "duplicates")
    for load in loads:
        quarantined = load["rows_quarantined"]
        table.add_row(
            plain(load["system"]),
            plain(load["table_name"]),
            f"{load['rows_in']:,}",
            f"{load['rows_loaded']:,}",
            styled((f"{quarantined:,}", "yellow" if quarantined else "")),
            f"{load['rows_duplicate']:,}",
        )
    console.print(table)


def print_run(console: Terminal, warehouse: Warehouse) -> None:
    """The newest run: how it ended, and as of which day and moment it saw the company."""
    for run in records(warehouse, RUN_SQL):
        day = "no day yet" if pd.isna(run["as_of_date"]) else as_of(run["as_of_date"])
        age = freshness(run["started_at"], datetime.now(UTC)).words
        console.print(
            f"Newest run: {run['status']}, begun {age} ago, as of {day}, "
            f"as known on {run['known_as_of']:%Y-%m-%d %H:%M} UTC",
            highlight=False,
        )


def print_lock(console: Terminal, warehouse: Warehouse) -> None:
    """What writes the company now."""
    if (found := holder(warehouse)) is not None:
        console.print(plain(f"At work: {found.description}"))


def print_repairs(console: Terminal, warehouse: Warehouse) -> None:
    """What was corrected instead of rejected, a line for each rule."""
    for repair in records(warehouse, REPAIRS_SQL):
        console.print(f"Repaired: {repair['rows_repaired']:,} {REPAIRS[repair['rule']]}")


def print_checks(console: Terminal, warehouse: Warehouse, trust: dict[str, Any] | None) -> None:
    """How many checks passed in the newest run; what those that failed found and hold back."""
    failed = records(warehouse, CHECKS_SQL)
    if not failed and trust and trust["checks_passed"]:
        console.print(f"Checks: all passed ({trust['checks_passed']:,})")
    elif not failed:
        console.print("Checks: none recorded")
    for check in failed:
        for failure in json.loads(check["failures"]):
            line = styled(("✗ ", "red"), failure)
            console.print(line, highlight=False, soft_wrap=True)
        console.print(plain(f"  {check['consequence']}"), highlight=False, soft_wrap=True)


def print_leaks(console: Terminal, warehouse: Warehouse) -> None:
    """The columns that seem to know who has left, in one line; nothing when there are none."""
    suspects = records(warehouse, LEAKS_SQL)
    if suspects:
        named = ", ".join(f"{row['column_name']} (AUC {row['auc']:.2f})" for row in suspects)
        console.print(
            styled(("!", "yellow"), f" Learn nothing from {named}: alone too good to be honest."),
            highlight=False,
            soft_wrap=True,
        )


def print_outages(console: Terminal, warehouse: Warehouse) -> None:
    """The periods of which signals of the as-of date may miss something, newest first."""
    if not relation_exists(warehouse, "marts.source_outages"):
        return
    for outage in records(warehouse, OUTAGES_SQL):
        console.print(
            styled(("!", "yellow"), f" {outage['sentence']}: unknown, not zero."),
            highlight=False,
            soft_wrap=True,
        )


def read_trust(warehouse: Warehouse) -> dict[str, Any] | None:
    """The row of `data_trust`, or None before the marts of this version are built."""
    marts = ("data_trust", "customer_health", "portfolio_weekly", "retention_trailing")
    marts += ("score_basis",)
    if not all(relation_exists(warehouse, f"marts.{mart}") for mart in marts):
        return None
    [row] = records(warehouse, "select * from marts.data_trust")
    return row


def print_model(console: Terminal, warehouse: Warehouse, trust: dict[str, Any] | None) -> None:
    """The churn champion's out-of-time metrics beside its baselines, or why there is no model."""
    if trust is None:
        return
    if pd.isna(trust["model_version"]):
        console.print(f"Churn model: none. {trust['reason']}")
        return
    gate = "" if trust["passes_quality_gate"] else " It does not pass the quality gate."
    console.print(
        styled(
            f"Churn model: version {trust['model_version']}, {trust['positive_account_count']:,} "
            f"of {trust['account_count']:,} accounts churned.",
            (gate, "yellow"),
            f" {trust['reason']}",
        )
    )
    evaluations = warehouse.read(EVALUATION_SQL, {"model_version": trust["model_version"]})
    wide = evaluations.assign(shown=evaluations.apply(interval, axis=1)).pivot(
        index="predictor", columns="metric", values="shown"
    )
    table = Table("out of time", *(name.replace("_", " ") for name in wide.columns))
    for predictor, row in wide.iterrows():
        table.add_row(str(predictor).replace("_", " "), *(row.fillna("–")))
    console.print(table)


def print_backtest(console: Terminal, warehouse: Warehouse) -> None:
    """How rightly each scorecard, the model and plain rules ranked those who churned later."""
    if not relation_exists(warehouse, "marts.scorecard_backtest"):
        return
    trial = warehouse.read(BACKTEST_SQL)
    if trial.empty:
        console.print("Scorecards on trial: no outcome is known yet")
        return
    for _, rows in trial.groupby("row_set"):
        first = rows.iloc[0]
        if not rows["is_proven"].any():
            console.print(f"Scorecards on trial: {first['finding']}")
            continue
        table = Table(
            f"{first['outcomes']:,} churns on {first['dates']} month-ends",
            "AUC",
            f"lift of the top {first['alert_share']:.0%}",
            f"MRR caught {first['days_early']} days early",
            "finding",
            title=f"Scorecards on trial, {first['horizon_days']} days ahead",
            title_justify="left",
        )
        for _, row in rows.iterrows():
            bounds = {"metric_value": row["auc"], "ci_low": row["auc_low"]}
            auc = interval(pd.Series(bounds | {"ci_high": row["auc_high"]}))
            lift = "unknown" if pd.isna(row["lift"]) else f"{row['lift']:.1f}"
            table.add_row(row["title"], auc, lift, share(row["early_share"]), row["finding"])
        console.print(table)


def print_status(console: Terminal, settings: Settings) -> None:
    """Everything that `tenure status` says."""
    with Warehouse.open(settings) as warehouse:
        trust = read_trust(warehouse)
        console.print(settings.company, style="bold")
        print_run(console, warehouse)
        print_lock(console, warehouse)
        for line in schedule_lines(settings, warehouse):
            console.print(line, highlight=False)
        print_loads(console, warehouse)
        print_repairs(console, warehouse)
        print_findings(console, warehouse)
        print_checks(console, warehouse, trust)
        print_leaks(console, warehouse)
        print_outages(console, warehouse)
        print_model(console, warehouse, trust)
        print_backtest(console, warehouse)
        print_portfolio(console, warehouse, trust)


def print_result(console: Terminal, settings: Settings) -> None:
    """What a finished run has to say to a reader: portfolio, model, quarantine."""
    with Warehouse.open(settings) as warehouse:
        trust = read_trust(warehouse)
        print_portfolio(console, warehouse, trust)
        print_model(console, warehouse, trust)
        print_outages(console, warehouse)
        print_findings(console, warehouse)
    console.print(f"Rows in quarantine: {trust['rows_quarantined'] if trust else 0:,}")

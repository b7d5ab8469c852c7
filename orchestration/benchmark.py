"""`tenure benchmark`: anyone's predictions against a company whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from orchestration.terminal import Terminal, styled
from warehouse import Settings, Warehouse, load_settings

if TYPE_CHECKING:
    import pandas as pd

    from simulator.evaluation import Calibration, Estimate, EvaluationResult

HEALTH_SCORE = "health_score"
PREDICTORS = ("lightgbm", "logistic", HEALTH_SCORE)
SCORES_SQL = """
select account_id, snapshot_date, health_score::float8 as health_score
from marts.fct_health_scores
where
    scorecard = (select default_scorecard from seeds.health_policy)
    and health_score is not null
"""

benchmark = typer.Typer(
    help="Judge churn predictions and health scores on a company whose truth is known.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Terminal()

CompanyFolder = Annotated[Path, typer.Option(help="The folder that `tenure simulate` wrote.")]


@benchmark.command()
def score(
    file: Annotated[
        Path,
        typer.Argument(help="CSV or Parquet: account_id, as_of_date, probability or health_score."),
    ],
    company_folder: CompanyFolder,
    horizon: Annotated[int, typer.Option(help="Days ahead: 30, 60, 90 or 180.")] = 90,
) -> None:
    """Ranking, calibration, and the share of what the oracle reaches on the same rows."""
    from simulator.evaluation import EvaluationError, read_predictions, score_predictions

    try:
        predictions = read_predictions(file)
        result = score_predictions(predictions, company_folder, horizon, name=str(file))
    except EvaluationError as errors:
        raise refused(errors) from errors
    print_verdict(console, result)


@benchmark.command()
def predictions(
    out: Annotated[Path, typer.Option(help="The .csv or .parquet file to write.")],
    company: Annotated[str | None, typer.Option(help="Default: the last one run.")] = None,
    predictor: Annotated[
        str, typer.Option(help="lightgbm, logistic, or health_score: the score as it is.")
    ] = PREDICTORS[0],
) -> None:
    """Write the champion's own out-of-time predictions as a file to be scored."""
    if predictor not in PREDICTORS:
        raise typer.BadParameter(f"{predictor!r} is not one of {', '.join(PREDICTORS)}")
    if out.suffix not in {".csv", ".parquet"}:
        raise typer.BadParameter(f"{out} ends in neither .csv nor .parquet")
    settings = load_settings(company)
    with Warehouse.open(settings) as warehouse:
        table = out_of_time(warehouse, settings, predictor)
    if table is None:
        raise refused(f"{settings.company} has no champion whose predictions could be judged.")
    if out.suffix == ".csv":
        table.to_csv(out, index=False)
    else:
        table.to_parquet(out, index=False)
    days = table["as_of_date"]
    console.print(
        f"{len(table):,} predictions for {table['account_id'].nunique():,} accounts, "
        f"{days.min():%d %b %Y} to {days.max():%d %b %Y}, in {out}",
        highlight=False,
    )


@benchmark.command()
def page(
    out: Annotated[Path, typer.Option(help="The .html, .svg, .pdf or .png file to write.")],
    company_folder: CompanyFolder,
) -> None:
    """Draw what the company looks like, measured from its files, on one page."""
    from simulator.evaluation import EvaluationError
    from simulator.evaluation.page import write_page

    try:
        with console.status("measuring the company"):
            write_page(company_folder, out)
    except EvaluationError as errors:
        raise refused(errors) from errors
    console.print(f"The company on one page: {out}", highlight=False)


def refused(reason: object) -> typer.Exit:
    """Print the reason; the exit to raise."""
    console.print_lines(reason, style="red")
    return typer.Exit(2)


def out_of_time(warehouse: Warehouse, settings: Settings, predictor: str) -> pd.DataFrame | None:
    """account_id, as_of_date and probability (or health_score); None without a champion.

    Each probability is from a model that knew neither the account nor the future. The health
    score is given for the same rows, where it is known.
    """
    from ml.targets.churn import TARGET
    from orchestration.defs.predictions import open_registry

    registry = open_registry(warehouse, settings, TARGET)
    version = registry.champion()
    if version is None:
        return None
    rows = registry.load(version).out_of_time
    named = {"snapshot_date": "as_of_date", predictor: "probability"}
    if predictor == HEALTH_SCORE:
        scores = warehouse.read(SCORES_SQL)
        scores["snapshot_date"] = scores["snapshot_date"].astype(rows["snapshot_date"].dtype)
        rows = rows.drop(columns=HEALTH_SCORE).merge(scores, on=["account_id", "snapshot_date"])
        named[predictor] = HEALTH_SCORE
    table = rows[["account_id", *named]].rename(columns=named)
    return table.sort_values(["as_of_date", "account_id"], ignore_index=True)


def print_verdict(console: Terminal, result: EvaluationResult) -> None:
    """A line on what was judged, and a table of the predictions beside the oracle."""
    console.print(
        f"{result.rows:,} predictions for {result.accounts:,} accounts on {result.days:,} days; "
        f"{result.losses:,} were followed by a loss within {result.horizon_days} days, of "
        f"{result.lost_accounts:,} accounts. Judged: {result.coverage:.1%} of all that were "
        "customers on these days.",
        highlight=False,
    )
    for reason, count in result.left_out.items():
        if count:
            console.print(f"Left out: {count:,} {reason}.", highlight=False)
    table = Table("", "predictions", "oracle")
    table.add_row("AUC", words(result.auc), words(result.oracle_auc))
    table.add_row(
        styled(("Share of the oracle's AUC", "bold")), styled((words(result.share), "bold")), "1"
    )
    table.add_row("Share of its skill", words(result.skill_share), "1")
    table.add_row("Top-decile lift", words(result.lift, 2), words(result.oracle_lift, 2))
    ours, oracle = result.calibration, result.oracle_calibration
    for label, name, digits in (
        ("Brier score", "brier", 4),
        ("Predicted / observed", "ratio", 3),
        ("Calibration slope", "slope", 3),
        ("Calibration intercept", "intercept", 3),
        ("Calibration error (ECE)", "ece", 4),
    ):
        table.add_row(label, figure(ours, name, digits), figure(oracle, name, digits))
    console.print(table)
    console.print(
        "In brackets: 95 % intervals from resampled accounts. Skill is AUC less 0.5.",
        highlight=False,
    )


def words(estimate: Estimate, digits: int = 3) -> str:
    """A value with its interval."""
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def figure(calibration: Calibration | None, name: str, digits: int) -> str:
    """One measure of calibration; a health score has none, for it is no probability."""
    return "–" if calibration is None else f"{getattr(calibration, name):.{digits}f}"

"""What Tenure knows of what can be known: its predictions on a company that no code was tuned on.

A company is invented from a seed that nobody has looked at while writing code, loaded, modelled
and scored in an empty home; then the champion's out-of-time predictions, and the health score
alone, are examined beside the oracle on the same rows; so is each single signal. Times are wall
seconds of each command, and memory the peak of the largest process (the server's shared buffers
are in none of them).

    python benchmarks/known_truth.py [--seed 20261122] [--accounts 1000] [--months 24]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from rich.console import Console

from orchestration.benchmark import print_verdict
from simulator.evaluation import read_predictions, score_predictions
from simulator.evaluation.observables import score_observables
from simulator.evaluation.truth import Truth
from warehouse import Warehouse, load_settings

PROJECT_ROOT = Path(__file__).resolve().parents[1]
UNSEEN_SEED = 20261122
COMPANY = "known_truth"
PREDICTORS = ("lightgbm", "logistic", "health_score")


def tenure(console: Console, home: Path, *arguments: str) -> None:
    """Run one command and print its seconds; raises CalledProcessError when it fails."""
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "TENURE_HOME": str(home), "TENURE_DATABASE_URL": ""},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    # ru_maxrss is in KiB on Linux, and that of the largest child so far.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    words = " ".join(arguments[:2] if arguments[0] == "benchmark" else arguments[:1])
    seconds = time.monotonic() - started
    console.print(f"tenure {words:<22}{seconds:7.1f} s, largest process so far {peak:,.0f} MiB")


def judge(console: Console, folder: Path, company: Path, home: Path) -> pd.DataFrame:
    """Print each predictor's verdict; a table of AUC and shares of the oracle's, one row each."""
    rows = []
    for predictor in PREDICTORS:
        file = folder / f"{predictor}.parquet"
        written = ("--out", str(file), "--company", COMPANY, "--predictor", predictor)
        tenure(console, home, "benchmark", "predictions", *written)
        result = score_predictions(read_predictions(file), company, name=predictor)
        console.print(f"\n[bold]{predictor}[/]")
        print_verdict(console, result)
        rows.append(
            {
                "predictor": predictor,
                "auc": result.auc.value,
                "oracle_auc": result.oracle_auc.value,
                "share": result.share.value,
                "low": result.share.low,
                "high": result.share.high,
                "skill_share": result.skill_share.value,
            }
        )
    return pd.DataFrame(rows).set_index("predictor")


def observables(company: Path, home: Path) -> pd.DataFrame:
    """What each signal of the health score is worth alone, on all weeks whose outcome is known."""
    settings = load_settings(COMPANY, {"TENURE_HOME": str(home)})
    with Warehouse.open(settings, role="reader") as warehouse:
        snapshots = warehouse.read("select * from marts.account_snapshots where is_open")
        signals = warehouse.read("select signal, risk_when from marts.dim_signals")
    weeks = Truth.read(company).evaluated_weeks()
    snapshots["week_end"] = snapshots["snapshot_date"].astype(weeks["week_end"].dtype)
    rows = weeks.merge(snapshots, on=["account_id", "week_end"])
    sides = dict(zip(signals["signal"], signals["risk_when"], strict=True))
    return score_observables(rows, sides)


def main() -> None:
    """Simulate, run, export, judge, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=UNSEEN_SEED)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=24)
    asked = parser.parse_args()
    console = Console()
    size = ("--accounts", str(asked.accounts), "--months", str(asked.months))
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as name:
        folder = Path(name)
        # As root the server runs as a user of its own, who must be able to enter.
        folder.chmod(0o755)
        home, company = folder / "home", folder / "company"
        try:
            seed = ("--seed", str(asked.seed), "--out", str(company))
            tenure(console, home, "simulate", *size, *seed)
            source = ("--source", "canonical", "--data", str(company), "--company", COMPANY)
            tenure(console, home, "run", *source)
            shares = judge(console, folder, company, home)
            alone = observables(company, home)
        finally:
            tenure(console, home, "stop")
    console.print(f"\nSeed {asked.seed}, {asked.accounts:,} accounts × {asked.months} months")
    console.print(shares.round(3).to_string())
    console.print("The strongest observables alone, on all weeks:")
    console.print(alone.head(5).round(3).to_string())
    console.print("share: AUC over the oracle's, with its 95 % interval; skill: both less 0.5")


if __name__ == "__main__":
    main()

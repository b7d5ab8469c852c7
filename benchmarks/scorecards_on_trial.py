"""Whether the trial of scorecards ranks them as the truth does, on a simulated company.

The trial sees who churned, which is partly luck. The simulator knows each account's true
probability on each week: with it in the place of the outcome the same rows give the AUC that each
predictor would have over endless luck. Printed are both, and the rank correlation of their orders.

    python -m benchmarks.scorecards_on_trial [--seed 20261122] [--accounts 1000] [--months 24]
    python -m benchmarks.scorecards_on_trial --company-folder FOLDER --home HOME --company NAME

The second form asks a company that was simulated into FOLDER and loaded into HOME before.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.known_truth import tenure
from ml.backtest import BacktestPolicy, BacktestRows, backtest
from ml.backtest.ranking import Ranking
from orchestration.defs.backtest import POLICY_SQL, read_rows
from simulator.evaluation.truth import DAY, Truth
from warehouse import Settings, Warehouse, load_settings

UNSEEN_SEED = 20261122
COMPANY = "on_trial"


def true_aucs(rows: BacktestRows, truth: Truth) -> dict[str, float]:
    """Each predictor's AUC, every row counted as churned by its true probability."""
    weeks = truth.weeks.set_index(["account_id", "week_end"])["oracle"]
    asked = pd.MultiIndex.from_arrays([rows.account, rows.date.astype(DAY)])
    probability = weeks.reindex(asked).to_numpy()
    # an account that the simulator calls gone on a day on which the contract still runs
    is_known = ~np.isnan(probability)
    _, day = np.unique(rows.date[is_known], return_inverse=True)
    positive = probability[is_known]
    return {
        name: Ranking.of(rows.risks[name].to_numpy(dtype=float)[is_known], day).auc(
            positive, 1 - positive
        )
        for name in rows.kinds
    }


def compare(console: Console, settings: Settings, folder: Path) -> None:
    """Print the trial beside the truth, for each set of rows."""
    truth = Truth.read(folder)
    with Warehouse.open(settings) as warehouse:
        sets = read_rows(warehouse, settings)
        policy = BacktestPolicy.from_frame(warehouse.read(POLICY_SQL))
    started = time.process_time()
    table = backtest(sets, policy)
    console.print(f"The trial itself: {time.process_time() - started:.1f} s of processor time")
    for rows in sets:
        found = table[(table["row_set"] == rows.name) & table["is_proven"].astype(bool)]
        if found.empty:
            console.print(f"\n{rows.name}: nothing is proven")
            continue
        found = found.set_index("predictor")
        found = found.assign(true_auc=pd.Series(true_aucs(rows, truth)))
        first = found.iloc[0]
        console.print(
            f"\n[bold]{rows.name}[/]: {first['accounts']:,} accounts, {first['dates']} month-ends, "
            f"{first['outcomes']} churns"
        )
        shown = ["known_share", "auc", "auc_low", "auc_high", "true_auc", "lift", "early_share"]
        ordered = found.sort_values("true_auc", ascending=False)[shown].astype(float)
        console.print(ordered.round(3).to_string(), soft_wrap=True)
        spearman = found["auc"].astype(float).corr(found["true_auc"], method="spearman")
        is_scorecard = found["kind"] == "scorecard"
        scorecards = found[is_scorecard]
        among = scorecards["auc"].astype(float).corr(scorecards["true_auc"], method="spearman")
        console.print(
            f"Rank correlation with the truth: {spearman:.2f} over {len(found)} predictors, "
            f"{among:.2f} over the {len(scorecards)} scorecards"
        )


def main() -> None:
    """Simulate, run, compare; or compare what is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=UNSEEN_SEED)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--company-folder", type=Path)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--company", default=COMPANY)
    asked = parser.parse_args()
    console = Console()
    if asked.company_folder and asked.home:
        settings = load_settings(asked.company, {"TENURE_HOME": str(asked.home)})
        compare(console, settings, asked.company_folder)
        return
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as name:
        folder = Path(name)
        # As root the server runs as a user of its own, who must be able to enter.
        folder.chmod(0o755)
        home, company = folder / "home", folder / "company"
        size = ("--accounts", str(asked.accounts), "--months", str(asked.months))
        try:
            seed = ("--seed", str(asked.seed), "--out", str(company))
            tenure(console, home, "simulate", *size, *seed)
            source = ("--source", "canonical", "--data", str(company), "--company", asked.company)
            tenure(console, home, "run", *source)
            compare(console, load_settings(asked.company, {"TENURE_HOME": str(home)}), company)
        finally:
            tenure(console, home, "stop")


if __name__ == "__main__":
    main()

"""The app's queries at 10,000 accounts × 104 weeks: one account's, and the work list's.

    python -m benchmarks.account_queries [--accounts 10000] [--weeks 104]

dbt builds the marts of an empty company, with their indexes; SQL fills those that the queries read
with made-up rows. Printed are 95th percentiles over 200 accounts and 50 filters of the work list,
in milliseconds: of planning and executing as PostgreSQL reports them, and of the app's own reading,
which ends in a data frame and on a busy machine mostly waits for its turn.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.console import Console

from dashboards import data, measures
from sources import load_contract
from sources.store import create_tables
from warehouse import Warehouse, load_settings, server
from warehouse.urls import dbt_environment

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"
AS_OF = "2026-03-01"
MARTS = ("customer_health", "customer_health_history", "fct_health_contributions")
MARTS += ("fct_health_changes",)
SCORECARDS = ("playbook_001", "strategy_002", "document_000", "segments_003", "learned_004")

# Scores are as wide as in a company: a point for each of two dozen signals.
FILL = """
insert into marts.fct_health_scores (
    account_id, snapshot_date, scorecard, health_score, tier, colour, coverage, segment,
    policy_version, policy_segment, points, rounding_points, override_points
)
select
    'acct_' || lpad(account::text, 6, '0'), date '{as_of}' - 7 * week, scorecard,
    (account * 7 + week) % 101, 'Good', 'green', 0.9, 'smb', 'v', 'all',
    array_fill(1000000 + account, array[24]), 0, 0
from generate_series(0, {weeks}) as week
cross join generate_series(1, {accounts}) as account
cross join unnest(array{scorecards}) as scorecard;

insert into marts.customer_health (
    account_id, account_name, segment, industry, region, csm_name, is_open, priority, scorecard,
    health_score, tier, colour, trend, score_change_28d, coverage, pillar_scores, mrr, currency,
    churn_probability, mrr_at_risk, arr_at_risk, drivers, renewal_date, days_to_renewal, as_of_date
)
select
    'acct_' || lpad(account::text, 6, '0'), 'Account ' || account,
    (array['smb', 'mid_market', 'enterprise'])[1 + account % 3], 'software', 'Europe',
    'Manager ' || account % 40, true, account, 'strategy_002', account * 7 % 101,
    (array['Excellent', 'Good', 'At Risk', 'Critical'])[1 + account % 4],
    (array['green', 'green', 'yellow', 'red'])[1 + account % 4], 'steady', 0, 0.9,
    '{{"Usage": 50, "Engagement": 60, "Business": 70}}', account, 'USD', 0.1, 0.1 * account,
    1.2 * account, 'falling usage; executive sponsor left; urgent tickets', date '{as_of}' + 30, 30,
    date '{as_of}'
from generate_series(1, {accounts}) as account;

insert into marts.fct_health_changes (
    account_id, scorecard, span_days, from_date, to_date, from_score, to_score, change, signal,
    points
)
select
    'acct_' || lpad(account::text, 6, '0'), scorecard, span_days, date '{as_of}' - span_days,
    date '{as_of}', 50, 60, 'moved', 'signal_' || line, 0.5
from generate_series(1, {accounts}) as account
cross join unnest(array{scorecards}) as scorecard
cross join unnest(array[7, 28]) as span_days
cross join generate_series(1, 10) as line;

analyze marts.fct_health_scores;
analyze marts.customer_health;
analyze marts.fct_health_changes
"""

ONE_ACCOUNT = {
    "score, week by week": data.SCORE_HISTORY,
    "its row of customer_health": """
        select * from marts.customer_health where account_id = %(account_id)s
    """,
    "contributions of the as-of date": """
        select * from marts.fct_health_contributions
        where
            account_id = %(account_id)s
            and scorecard = %(scorecard)s
            and snapshot_date = %(as_of_date)s
    """,
    "why the score changed": """
        select * from marts.fct_health_changes
        where account_id = %(account_id)s and scorecard = %(scorecard)s and span_days = 28
    """,
}
FIRST_OF_ALL = """
    select account_name, tier, health_score, mrr_at_risk
    from marts.customer_health
    where priority <= 50
    order by priority
"""


def build(warehouse: Warehouse, target: Path) -> None:
    """The marts of a company without data, as dbt makes them."""
    create_tables(warehouse, load_contract())
    places = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    places |= {"DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(PROJECT)}
    command = [str(Path(sys.executable).with_name("dbt")), "build", "--vars"]
    command += [json.dumps({"as_of_date": AS_OF}), "--select", *(f"+{mart}" for mart in MARTS)]
    subprocess.run(
        [*command, "--exclude-resource-type", "test", "unit_test"],
        env={**os.environ, **places, **dbt_environment(warehouse.settings)},
        cwd=target,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def fill(warehouse: Warehouse, accounts: int, weeks: int) -> None:
    """Made-up rows in the marts that the queries read."""
    warehouse.execute(
        FILL.format(as_of=AS_OF, accounts=accounts, weeks=weeks, scorecards=list(SCORECARDS))
    )


def account_parameters(number: int) -> dict[str, str]:
    """What the queries of one account ask for."""
    return {
        "account_id": f"acct_{number:06d}",
        "scorecard": "strategy_002",
        "as_of_date": AS_OF,
    }


def p95(work: Callable[[int], object], rounds: int) -> float:
    """The 95th percentile of so many rounds, in milliseconds."""
    taken = []
    for number in range(rounds):
        started = time.perf_counter()
        work(number)
        taken.append(1000 * (time.perf_counter() - started))
    return percentile(taken)


def in_server(warehouse: Warehouse, sql: str, parameters: dict[str, str] | None = None) -> float:
    """Milliseconds of planning and executing one query, by PostgreSQL's own clock."""
    plan: dict[str, float] = {}
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        # twice: the first question of a connection also reads the catalogue
        for _ in range(2):
            cursor.execute(f"explain (analyze, timing off, format json) {sql}", parameters)
            [[[plan]]] = cursor.fetchall()
    return plan["Planning Time"] + plan["Execution Time"]


def percentile(taken: list[float]) -> float:
    """The 95th."""
    return float(pd.Series(taken).quantile(0.95))


def measure(console: Console, warehouse: Warehouse, accounts: int) -> None:
    """Print the times of all queries."""
    chosen = random.Random(7).sample(range(1, accounts + 1), min(200, accounts))
    for name, sql in ONE_ACCOUNT.items():
        server = percentile([in_server(warehouse, sql, account_parameters(n)) for n in chosen])
        app = p95(
            lambda n, sql=sql: warehouse.read(sql, account_parameters(chosen[n])), len(chosen)
        )
        console.print(f"one account, {name:<34}{server:8.2f} ms (target 5), app {app:.1f}")
    server = percentile([in_server(warehouse, FIRST_OF_ALL) for _ in range(50)])
    app = p95(lambda _: warehouse.read(FIRST_OF_ALL), 50)
    console.print(f"work list, first 50 by priority{server:24.2f} ms (target 50), app {app:.1f}")
    started = time.perf_counter()
    book = warehouse.read(data.OPEN_ACCOUNTS)
    seconds = time.perf_counter() - started
    console.print(f"work list, all accounts, once a run {1000 * seconds:19.1f} ms")

    def filtered(number: int) -> pd.DataFrame:
        csms, search = [f"Manager {number % 40}"], "account 1" if number % 2 else ""
        tiers, segments = ["Critical", "At Risk"], ["smb", "enterprise"]
        shown = measures.filter_accounts(book, tiers, segments, csms, search)
        return measures.rank_accounts(shown, "priority")

    console.print(f"work list, filtered and ranked {p95(filtered, 50):24.1f} ms (target 50)")


def main() -> None:
    """Build, fill, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--weeks", type=int, default=104)
    asked = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as name:
        folder = Path(name)
        # As root the server runs as a user of its own, who must be able to enter.
        folder.chmod(0o755)
        settings = load_settings("queries", {"TENURE_HOME": str(folder / "home")})
        try:
            with Warehouse.open(settings) as warehouse:
                target = folder / "dbt"
                target.mkdir()
                build(warehouse, target)
                fill(warehouse, asked.accounts, asked.weeks)
                console.print(f"{asked.accounts:,} accounts × {asked.weeks} weeks, p95")
                measure(console, warehouse, asked.accounts)
        finally:
            server.remove(settings)


if __name__ == "__main__":
    main()

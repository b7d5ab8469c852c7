"""The event step against plain DuckDB: first load, a run without change, one new day.

    python -m benchmarks.rollups ../shared/data/fightchurn_crm5

Plain DuckDB computes the same three roll-ups by the shortest SQL that gives them, from the same
files, typed as they are, and keeps the results to itself. The event step reads, checks, writes the
lake, rolls up, and loads the warehouse. Targets: the first load at most 2.5 times plain DuckDB; one
new day at most 1 % of the first load beyond what a run without change takes.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from sources import load_contract, store
from sources.event_landing import EventLanding
from sources.events import EVENTS
from sources.mapping import MAPPINGS, Reader, parse_mapping
from sources.session import open_duckdb
from sources.usage import ROLLUP_TABLES, RollUps
from warehouse import Settings, Warehouse, server

TARGET = 2.5
SYSTEM = "benchmark"

BARE = {
    "product.account_days": """
        with days as (
            select account_id, event_time::date as day, count(*) as events
            from bare
            group by all
        ),

        spine as (
            select
                account_id,
                unnest(generate_series(
                    day,
                    least(
                        day + 27,
                        coalesce(
                            lead(day) over (partition by account_id order by day) - 1, day + 27
                        ),
                        (select max(day) from days)
                    ),
                    interval 1 day
                ))::date as day,
            from days
        ),

        user_days as (select distinct account_id, user_id, event_time::date as day from bare),

        stays as (
            select
                *,
                lead(day) over (partition by account_id, user_id order by day) as next_day,
            from user_days
        ),

        changes as (
            select account_id, day, count(*) as users, count(*) as d7, count(*) as d28
            from stays group by all
            union all
            select account_id, least(day + 7, next_day), 0, -count(*), 0 from stays group by all
            union all
            select account_id, least(day + 28, next_day), 0, 0, -count(*) from stays group by all
            union all
            select account_id, day, 0, 0, 0 from spine
        ),

        daily as (
            select account_id, day, sum(users) as users, sum(d7) as d7, sum(d28) as d28
            from changes
            group by all
        ),

        counted as (
            select
                * exclude (d7, d28),
                sum(d7) over (partition by account_id order by day) as users_7d,
                sum(d28) over (partition by account_id order by day) as users_28d,
            from daily
        )

        select * from counted
        inner join spine using (account_id, day)
        left join days using (account_id, day)
    """,
    "product.account_feature_days": """
        select
            account_id,
            event_type_id,
            event_time::date as day,
            count(*) as events,
            count(distinct user_id) as users,
            sum(event_value) as value_sum,
        from bare
        group by all
    """,
    "product.users_seen": """
        select
            account_id,
            user_id,
            min(event_time) as first_seen,
            max(event_time) as last_seen,
            count(distinct event_time::date) filter (
                event_time::date > (select max(event_time)::date from bare) - 28
            ) as active_days_28d,
        from bare
        group by all
    """,
}


@dataclass(frozen=True)
class Spent:
    """What a step took: seconds on the clock, and of this process's processors."""

    wall: float
    cpu: float


def measured(run: Callable[[], object]) -> Spent:
    """Run once."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def split(data: Path, folder: Path) -> Path:
    """Put all events but those of the newest day into `folder`; the file of that day, elsewhere."""
    folder.mkdir()
    shutil.copy(data / "event_type.csv", folder)
    day = folder.parent / "event-newest.parquet"
    newest = f"(select max(event_time)::date from '{data / 'event.parquet'}')"
    with duckdb.connect() as con:
        for path, sign in ((folder / "event-before.parquet", "<"), (day, "=")):
            con.execute(
                f"copy (select * from '{data / 'event.parquet'}' "
                f"where event_time::date {sign} {newest}) to '{path}' (format parquet)"
            )
    return day


class EventStep:
    """What `tenure run` does with a system's events, and nothing else."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self.folder = folder
        self.contract = load_contract()
        text = (MAPPINGS / "fightchurn" / "product.events.sql").read_text(encoding="utf-8")
        self.mapping = parse_mapping(
            "mappings/benchmark/product.events.sql",
            text.replace('"event.parquet"', '"event-*.parquet"'),
        )
        store.create_tables(warehouse, self.contract)
        with duckdb.connect() as con:
            accounts = con.sql(
                "select distinct account_id::varchar as account_id, 'one' as account_name, "
                "now() as signed_at, 'crm' as _source, now() as _recorded_at, "
                f"account_id::varchar as _row_hash from '{folder}/event-*.parquet'"
            ).to_arrow_table()
        warehouse.bulk_load(accounts, "crm.accounts")

    def run(self) -> None:
        with open_duckdb(self.warehouse.settings) as con:
            store.fetch_parents(self.warehouse, con, EVENTS.rules)
            reader = Reader(con, self.folder)
            landing = EventLanding(self.warehouse, con, SYSTEM, reader, self.mapping)
            landed = landing.land(landing.find())
            roll_ups = RollUps(
                self.warehouse, con, SYSTEM, landing.folder, landed.catalogue, datetime.now(UTC)
            )
            for name in ROLLUP_TABLES:
                roll_ups.refresh(self.contract.table(name))
            roll_ups.finish()


def plain(folder: Path) -> None:
    """The three roll-ups by plain DuckDB."""
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.execute(f"create view bare as select * from '{folder}/event-*.parquet'")
        for number, sql in enumerate(BARE.values()):
            con.execute(f"create table result{number} as {sql}")


def measure(data: Path) -> dict[str, Spent]:
    """What each step takes, in one home that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as made:
        home = Path(made)
        home.chmod(0o755)
        folder = home / "delivery"
        day = split(data, folder)
        settings = Settings(home=home / "home", company="benchmark")
        try:
            with Warehouse.open(settings) as warehouse:
                step = EventStep(warehouse, folder)
                plain(folder)  # once to warm the file cache
                spent = {"plain DuckDB": measured(lambda: plain(folder))}
                spent["first load"] = measured(step.run)
                spent["no change"] = measured(step.run)
                shutil.copy(day, folder / "event-newest.parquet")
                spent["one new day"] = measured(step.run)
        finally:
            server.stop(settings)
    return spent


def main() -> int:
    """Print the table; 1 when a target is missed."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/fightchurn_crm5")
    if not (data / "event.parquet").is_file():
        sys.exit(f"{data} holds no event.parquet")
    spent = measure(data)
    bare = spent["plain DuckDB"]
    table = Table("step", "seconds", "of plain DuckDB", "processor seconds", "of plain DuckDB")
    for name, of_step in spent.items():
        ratios = (of_step.wall / bare.wall, of_step.cpu / bare.cpu)
        table.add_row(
            name,
            f"{of_step.wall:.2f}",
            f"{ratios[0]:.2f}",
            f"{of_step.cpu:.2f}",
            f"{ratios[1]:.2f}",
        )
    console = Console()
    console.print(table)
    first = spent["first load"].wall
    share = (spent["one new day"].wall - spent["no change"].wall) / first
    console.print(f"First load {first / bare.wall:.2f} of plain DuckDB, target {TARGET}.")
    console.print(f"One new day {share:.1%} of the first load beyond a run without change.")
    # ru_maxrss is in KiB on Linux.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"Largest memory of this process: {peak:,.0f} MiB.")
    return 0 if first / bare.wall <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())

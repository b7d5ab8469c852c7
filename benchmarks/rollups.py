"""Roll-ups of 8.2 M events through the lake, against plain DuckDB on the bare file.

    python -m benchmarks.rollups ../shared/data/fightchurn_crm5

Bare is the same three results from `event.parquet` by the shortest DuckDB SQL that gives them,
typed as the file is. Ours reads the lake as `tenure run` leaves it: text keys, one folder per day,
columns for what this system never says. Target: at most twice the bare time, loading excluded.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from sources.events import check_events, open_lake, write_events
from sources.ingestion import open_duckdb
from sources.mapping import Reader, load_mappings, run_mapping
from sources.usage import ROLLUP_TABLES, rollup_sql
from warehouse import Settings

REPEATS = 5
TARGET = 2.0

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


def seconds(run: Callable[[], object]) -> float:
    """The median of several runs, after one to warm the file cache."""
    run()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def fill_lake(con: duckdb.DuckDBPyConnection, data: Path, lake: Path) -> float:
    """Write the events of `data` to the lake as ingestion does; the seconds it took."""
    started = time.perf_counter()
    reader = Reader(con, data)
    delivery = reader.open_mapped(load_mappings("fightchurn")["product.events"])
    if delivery is None:
        sys.exit(f"{data} holds no event.parquet")
    types = run_mapping(reader, delivery, "view")
    con.execute(
        'create table "keys of crm.accounts.account_id" as '
        "select distinct account_id::varchar as key from bare"
    )
    check_events(con, types)
    write_events(con, types, lake)
    return time.perf_counter() - started


def measure(data: Path) -> tuple[Mapping[str, tuple[float, float]], float]:
    """Seconds per roll-up, bare and ours, and the seconds it took to fill the lake."""
    with (
        tempfile.TemporaryDirectory() as home,
        open_duckdb(Settings(home=Path(home), company="benchmark")) as con,
    ):
        con.execute(f"create view bare as select * from '{data / 'event.parquet'}'")
        lake = Path(home) / "lake"
        filled = fill_lake(con, data, lake)
        open_lake(con, lake)
        times = {}
        for name in ROLLUP_TABLES:
            bare, ours = (
                seconds(lambda sql=sql: con.execute(f"create or replace table result as {sql}"))
                for sql in (BARE[name], rollup_sql(name))
            )
            times[name] = (bare, ours)
    return times, filled


def main() -> int:
    """Print the table; 1 when the target is missed."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/fightchurn_crm5")
    times, filled = measure(data)
    table = Table("roll-up", "bare DuckDB (s)", "Tenure (s)", "ratio")
    total = [sum(pair[side] for pair in times.values()) for side in (0, 1)]
    for name, (bare, ours) in {**times, "all three": (total[0], total[1])}.items():
        table.add_row(name, f"{bare:.2f}", f"{ours:.2f}", f"{ours / bare:.2f}")
    console = Console()
    console.print(table)
    console.print(f"Checking the events and writing the lake took {filled:.1f} s.")
    ratio = total[1] / total[0]
    console.print(f"Ratio {ratio:.2f}, target at most {TARGET:.0f}.")
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())

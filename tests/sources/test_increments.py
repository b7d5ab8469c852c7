"""Increments give the tables that a full refresh gives, whatever came in which order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sources import Contract, store, usage
from sources.event_landing import EventLanding
from sources.events import EVENTS
from sources.mapping import Reader
from sources.session import open_duckdb
from sources.usage import ROLLUP_TABLES, RollUps
from warehouse import Warehouse

FIRST = datetime(2024, 1, 1, 9, tzinfo=UTC)
NAMES = ("2024-01", "2024-02", "backlog")

# (event id, account, user, feature, day, value)
Event = tuple[str | None, str, str | None, str | None, int, float | None]

events = st.lists(
    st.tuples(
        st.sampled_from(["e1", "e2", "e3", None]),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["u1", "u2", None]),
        st.sampled_from(["search", "export", None]),
        st.sampled_from([0, 1, 6, 27, 28, 29, 56, 90]),
        st.sampled_from([0.1, 0.7, None]),
    ),
    min_size=1,
    max_size=6,
)
# What the folder holds after each delivery: a file that is not named is gone.
deliveries = st.lists(
    st.dictionaries(st.sampled_from(NAMES), events, min_size=1), min_size=2, max_size=4
)


class Lake:
    """One system's lake and roll-ups, over a folder that deliveries replace."""

    def __init__(self, warehouse: Warehouse, contract: Contract, folder: Path, system: str) -> None:
        self.warehouse = warehouse
        self.contract = contract
        self.folder = folder
        self.system = system

    def deliver(self, files: dict[str, list[Event]]) -> None:
        folder = self.folder / "product.events"
        folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            path = folder / f"{name}.parquet"
            if name in files:
                write(path, files[name])
            else:
                path.unlink(missing_ok=True)
        with open_duckdb(self.warehouse.settings) as con:
            store.fetch_parents(self.warehouse, con, EVENTS.rules)
            landing = EventLanding(self.warehouse, con, self.system, Reader(con, self.folder), None)
            landed = landing.land(landing.find())
            roll_ups = RollUps(
                self.warehouse,
                con,
                self.system,
                landing.folder,
                landed.catalogue,
                datetime.now(UTC),
            )
            for name in ROLLUP_TABLES:
                roll_ups.refresh(self.contract.table(name))
            roll_ups.finish()

    def tables(self) -> list[list[tuple]]:
        with self.warehouse.transaction() as connection, connection.cursor() as cursor:
            found = []
            for name in ROLLUP_TABLES:
                columns = ", ".join(self.contract.table(name).column_names)
                cursor.execute(
                    f"select {columns}, _row_hash from {name} "
                    "where _source = %s and _superseded_at is null "
                    f"order by {columns}",
                    (self.system,),
                )
                found.append(cursor.fetchall())
            return found


def write(path: Path, rows: Sequence[Event]) -> None:
    times = [FIRST + timedelta(days=row[4]) for row in rows]
    table = pa.table(
        {
            "event_id": pa.array([row[0] for row in rows], pa.string()),
            "account_id": pa.array([row[1] for row in rows], pa.string()),
            "user_id": pa.array([row[2] for row in rows], pa.string()),
            "feature": pa.array([row[3] for row in rows], pa.string()),
            # a user's session that goes on: over midnight where days follow one another
            "session_id": pa.array([row[2] for row in rows], pa.string()),
            "occurred_at": pa.array(times, pa.timestamp("us", "UTC")),
            "value": pa.array([row[5] for row in rows], pa.float64()),
        }
    )
    pq.write_table(table, path)


@pytest.fixture
def customers(warehouse: Warehouse, contract: Contract) -> Iterator[Warehouse]:
    """A warehouse that knows the customers A and B."""
    store.create_tables(warehouse, contract)
    warehouse.execute(
        "insert into crm.accounts (account_id, account_name, signed_at, _source, _recorded_at, "
        "_row_hash) select name, name, now(), 'crm', now(), name from unnest(array['A', 'B']) "
        "as customers (name)"
    )
    yield warehouse


@pytest.mark.slow
def test_increments_equal_a_full_refresh(
    customers: Warehouse, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late files, changed files, withdrawn files, events that two files bring."""
    # Such small lakes would always be computed whole.
    monkeypatch.setattr(usage, "MOST_TOUCHED", 1e9)
    number = 0

    @settings(
        max_examples=int(os.environ.get("TENURE_EXAMPLES", "8")),
        # Each example takes a second or more: shrinking one would take minutes.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(deliveries)
    def check(given_deliveries: list[dict[str, list[Event]]]) -> None:
        nonlocal number
        number += 1
        step = Lake(customers, contract, tmp_path / f"step{number}", f"step{number}")
        for files in given_deliveries:
            step.deliver(files)
        whole = Lake(customers, contract, tmp_path / f"whole{number}", f"whole{number}")
        whole.deliver(given_deliveries[-1])
        assert step.tables() == whole.tables()

    check()


def test_chunks_equal_the_whole(
    customers: Warehouse, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred million events are rolled up some months at a time."""
    rows = [
        (None, account, f"u{day % 3}", "search", day, 0.1)
        for account in "AB"
        for day in (0, 3, 10, 26, 27, 28, 40, 55, 90)
    ]
    whole = Lake(customers, contract, tmp_path / "whole", "whole")
    whole.deliver({"2024-01": rows})
    monkeypatch.setattr(usage, "CHUNK_EVENTS", 4)
    chunks = Lake(customers, contract, tmp_path / "chunks", "chunks")
    chunks.deliver({"2024-01": rows})
    assert chunks.tables() == whole.tables()
    # and over rows that are there
    customers.execute("delete from tenure.lake_rollups")
    chunks.deliver({"2024-01": rows})
    assert chunks.tables() == whole.tables()

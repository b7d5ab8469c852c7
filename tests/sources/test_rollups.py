"""The roll-ups against plain Python: exact on every day, on any set of events."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.knowledge import knowledge_sql, rollup_sql
from sources.usage import ROLLUP_TABLES

# The fixture is an empty DuckDB that each example may use again; the machine may be busy.
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

FIRST_DAY = date(2024, 1, 1)

Event = tuple[str, str | None, str | None, int]


def roll_up(
    con: duckdb.DuckDBPyConnection,
    table: str,
    events: Sequence[Event],
    sessions: Sequence[tuple[str | None, int]] = (),
) -> list[dict]:
    """Rows of a roll-up of events given as (account, user, feature, day number).

    `sessions` gives each event its session and its second of the day.
    """
    days = [FIRST_DAY + timedelta(days=event[3]) for event in events]
    noon = [(None, 12 * 3600)] * len(events)
    in_sessions = list(sessions) or noon
    times = [
        datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
        for day, (_, second) in zip(days, in_sessions, strict=True)
    ]
    nothing = [None] * len(events)
    con.register(
        "events",
        pa.table(
            {
                "account_id": pa.array([event[0] for event in events], pa.string()),
                "user_id": pa.array([event[1] for event in events], pa.string()),
                "feature": pa.array([event[2] for event in events], pa.string()),
                "usage_date": pa.array(days, pa.date32()),
                "occurred_at": pa.array(times, pa.timestamp("us", "UTC")),
                "session_id": pa.array([name for name, _ in in_sessions], pa.string()),
                "value": pa.array(nothing, pa.float64()),
                "data_bytes": pa.array(nothing, pa.int64()),
                "is_api": pa.array(nothing, pa.bool_()),
            }
        ),
    )
    con.execute(f"create or replace view knowledge as {knowledge_sql()}")
    return con.sql(rollup_sql(table)).to_arrow_table().to_pylist()


events = st.lists(
    st.tuples(
        st.sampled_from(["A", "B"]),
        st.sampled_from(["u1", "u2", "u3", None]),
        st.sampled_from(["search", "export", None]),
        st.sampled_from([0, 1, 6, 7, 8, 20, 27, 28, 29, 55, 56, 90]),
    ),
    min_size=1,
    max_size=14,
)


def distinct_users(given_events: Sequence[Event], account: str, last: int, days: int) -> int:
    return len(
        {
            user
            for of_account, user, _, day in given_events
            if of_account == account and user is not None and last - days < day <= last
        }
    )


def test_a_session_lasts_from_its_first_to_its_last_event(con) -> None:
    """Over midnight on both of its days; one event takes no time; a used id is another session."""
    events = [("A", "u1", None, day) for day in (0, 0, 0, 1, 1, 4, 4)]
    sessions = [
        ("late", 23 * 3600),
        ("late", 86400 - 60),
        ("single", 500),
        ("late", 30),
        (None, 7200),
        ("late", 100),
        ("late", 160),
    ]
    days = roll_up(con, "product.account_days", events, sessions)
    known = {row["usage_date"]: (row["sessions"], row["session_seconds"]) for row in days}
    assert [known[FIRST_DAY + timedelta(days=day)] for day in (0, 1, 2, 4)] == [
        (2, 3540),
        (1, 90),
        (0, 0),
        (1, 60),
    ]
    unknown = roll_up(con, "product.account_days", events)
    assert {row["session_seconds"] for row in unknown} == {None}


@settings(max_examples=80, deadline=None, suppress_health_check=UNHURRIED)
@given(events)
def test_users_of_7_and_28_days_are_exact_on_every_day(con, given_events) -> None:
    """Adding up daily users counts the loyal ones many times."""
    rows = roll_up(con, "product.account_days", given_events)
    found = {(row["account_id"], (row["usage_date"] - FIRST_DAY).days): row for row in rows}
    newest = max(event[3] for event in given_events)
    expected = {
        (account, day + after)
        for account, _, _, day in given_events
        for after in range(28)
        if day + after <= newest
    }
    assert set(found) == expected
    assert len(rows) == len(expected)
    has_users = any(event[1] is not None for event in given_events)
    for (account, day), row in found.items():
        of_day = [event for event in given_events if event[0] == account and event[3] == day]
        assert row["events"] == len(of_day)
        for name, window in (("active_users", 1), ("active_users_7d", 7), ("active_users_28d", 28)):
            count = distinct_users(given_events, account, day, window)
            assert row[name] == (count if has_users else None), (name, account, day)


def test_what_the_source_never_says_is_unknown(con) -> None:
    """RavenStack tells no users: zero active users would be an alarm about nothing."""
    [row] = roll_up(con, "product.account_days", [("A", None, "search", 0)])
    assert row["events"] == 1
    for name in ("active_users", "active_users_28d", "sessions", "api_calls", "data_bytes"):
        assert row[name] is None


@settings(max_examples=40, deadline=None, suppress_health_check=UNHURRIED)
@given(events)
def test_feature_days_count_events_and_users(con, given_events) -> None:
    rows = roll_up(con, "product.account_feature_days", given_events)
    keys = {event[:1] + event[2:] for event in given_events if event[2] is not None}
    assert len(rows) == len(keys)
    has_users = any(event[1] is not None for event in given_events if event[2] is not None)
    for row in rows:
        day = (row["usage_date"] - FIRST_DAY).days
        alike = [
            event
            for event in given_events
            if (event[0], event[2], event[3]) == (row["account_id"], row["feature"], day)
        ]
        users = {event[1] for event in alike if event[1] is not None}
        assert row["events"] == len(alike)
        assert row["users"] == (len(users) if has_users else None)
        assert row["value_sum"] is None


def test_users_of_two_customers_never_share_a_key(con) -> None:
    """In fightchurn, user 3 exists in every account."""
    rows = roll_up(con, "product.users_seen", [("A", "3", None, 0), ("B", "3", None, 40)])
    assert len({row["user_key"] for row in rows}) == 2
    assert {row["account_id"]: row["active_days_28d"] for row in rows} == {"A": 0, "B": 1}
    assert all(row["user_key"] != "3" and len(row["user_key"]) == 16 for row in rows)


def test_the_roll_ups_fill_every_column_of_the_contract(con, contract) -> None:
    for name in ROLLUP_TABLES:
        [row, *_] = roll_up(con, name, [("A", "u1", "search", 0)])
        assert set(row) == set(contract.table(name).column_names)

"""What was done to the exports is found, named and counted by the product, and nothing else is."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from simulator.defects.customers import LEAKY_COLUMN
from simulator.defects.transport import NOT_DELIVERED
from simulator.evaluation import read_predictions, score_predictions
from sources import Contract, ingest, load_contract
from tests.end_to_end.conftest import Messy
from warehouse import Warehouse, load_settings

# A table, what is counted, what became of it, and by which rule.
Tally = Counter[tuple[str, str, str, str]]

# The simulated company sends its events, and no numbers that were added up.
COUNTED_BY_EVENTS = "product.usage_metrics"
IN_QUARANTINE = """
select source || '.' || table_name as of_table, 'rows', 'quarantined', rule, count(*)
from quarantine.rejected_rows group by 1, 4
"""
CORRECTED = """
select
    source || '.' || table_name, 'rows',
    case rule when 'duplicate' then 'dropped' else 'repaired' end, rule, rows_repaired
from tenure.repairs
"""
MISSING = """
select source || '.events', 'days', 'unknown', 'silent_days', sum(missing_days)
from marts.source_outages group by source
"""
LEAKS = """
select source || '.' || table_name, 'columns', 'alarmed', 'leak', count(*)
from marts.suspected_leaks group by 1
"""


def rows(warehouse: Warehouse, sql: str) -> list[tuple]:
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract()


@pytest.fixture(scope="module")
def warehouse(messy: Messy) -> Iterator[Warehouse]:
    opened = messy.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def intact(messy: Messy, contract: Contract) -> Iterator[Warehouse]:
    """The raw tables of the same company, from the files as nothing has damaged them."""
    settings = load_settings("intact", messy.home.environment())
    schemas = [schema for schema in contract.source_order if schema != "product"]
    opened = Warehouse.open(settings)
    ingest(opened, settings, contract, "canonical", messy.clean, schemas)
    yield opened
    opened.close()


def defect_counts(messy: Messy) -> list[dict[str, str]]:
    """The truth about the defects, a row each."""
    with (messy.files / "truth" / "mess.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["fate"] != "fact"]


def never_sent(messy: Messy) -> int:
    """Events that no warehouse can know of: never recorded, or still on their way."""
    return sum(
        int(row["count"])
        for row in defect_counts(messy)
        if (row["unit"], row["fate"]) == ("rows", "unknown")
    )


def test_every_defect_is_counted_by_the_rule_that_deals_with_it(
    messy: Messy, warehouse: Warehouse, contract: Contract
) -> None:
    """The claim of the benchmark: as many as were made, under their names, and not one more."""
    done = Tally()
    for row in defect_counts(messy):
        # What was never sent, and rows out of order, have tests of their own below.
        if (row["unit"], row["fate"]) not in {("rows", "unknown"), ("tables", "repaired")}:
            done[row["table"], row["unit"], row["fate"], row["rule"]] += int(row["count"])
    found = Tally()
    for sql in (IN_QUARANTINE, CORRECTED, MISSING, LEAKS):
        for *what, count in rows(warehouse, sql):
            found[tuple(what)] += int(count)
    loaded = rows(warehouse, "select source || '.' || table_name from tenure.loads")
    for table in contract.tables:
        if (table.full_name,) not in loaded and table.full_name != COUNTED_BY_EVENTS:
            found[table.full_name, "tables", "unknown", "not delivered"] += 1
    assert found == +done
    assert len(found) > 35


def test_the_load_audit_says_the_same(messy: Messy, warehouse: Warehouse) -> None:
    audit = rows(
        warehouse,
        "select sum(rows_quarantined), sum(rows_duplicate), "
        "bool_and(rows_in = rows_loaded + rows_quarantined + rows_duplicate) from tenure.loads",
    )
    done = Counter[str]()
    for row in defect_counts(messy):
        done[row["fate"]] += int(row["count"])
    assert audit == [(done["quarantined"], done["dropped"], True)]


def test_what_is_left_is_what_intact_files_would_have_given(
    messy: Messy, warehouse: Warehouse, intact: Warehouse, contract: Contract
) -> None:
    """The order of rows means nothing, and no good row is lost with the broken ones."""
    changed = {
        row["table"]: int(row["count"])
        for row in defect_counts(messy)
        if row["mess"] == "changed-keys"
    }
    for table in contract.tables:
        if table.source == "product" or table.full_name in NOT_DELIVERED:
            continue
        names = ", ".join(table.column_names)
        sql = f"select {names} from {table.full_name}"
        kept, all_rows = set(rows(warehouse, sql)), set(rows(intact, sql))
        assert kept <= all_rows, table.full_name
        assert len(all_rows) - len(kept) == changed.get(table.full_name, 0), table.full_name


def test_each_event_counts_once_and_on_its_day(messy: Messy, warehouse: Warehouse) -> None:
    """Late ones too: by the day of arrival a backlog would look like a busy day."""
    by_day = "select occurred_at::date, count(*) from read_parquet(?) group by 1 order by 1"
    sent = duckdb.execute(
        "select occurred_at::date, count(distinct event_id) from read_parquet(?) "
        "where not ends_with(account_id, '-test') group by 1 order by 1",
        [f"{messy.files}/product.events/*.parquet"],
    ).fetchall()
    rolled_up = rows(
        warehouse,
        "select usage_date, sum(events)::bigint from product.account_days "
        "where events > 0 group by 1 order by 1",
    )
    assert rolled_up == sent
    happened = duckdb.execute(by_day, [f"{messy.clean}/product.events/*.parquet"]).fetchall()
    assert sum(count for _, count in happened) - never_sent(messy) == sum(n for _, n in sent)


def test_what_was_never_delivered_is_unknown_and_not_zero(warehouse: Warehouse) -> None:
    [counts] = rows(
        warehouse,
        "select count(*), count(community_posts_90d), count(goal_progress), "
        "count(training_attendance_180d) from marts.account_snapshots",
    )
    snapshots, with_posts, with_goals, with_training = counts
    assert snapshots > 0
    assert (with_posts, with_goals) == (0, 0)
    assert with_training > 0


def test_use_is_unknown_while_its_source_has_an_outage(warehouse: Warehouse) -> None:
    """Zero users in a week without recording reads as every customer leaving at once."""
    [(snapshots, known)] = rows(
        warehouse,
        "select count(*), count(active_users_7d) from marts.account_snapshots "
        "inner join marts.source_outages on source = 'product' "
        "and snapshot_date between first_missing_date + 7 and last_missing_date where is_open",
    )
    assert snapshots > 0
    assert known == 0


def test_the_leak_is_named_and_the_status_says_what_was_corrected(
    messy: Messy, warehouse: Warehouse
) -> None:
    assert rows(warehouse, "select column_name from marts.suspected_leaks") == [(LEAKY_COLUMN,)]
    printed = messy.home.tenure("status", "--company", "messy")
    corrected = dict(
        rows(warehouse, "select rule, sum(rows_repaired) from tenure.repairs group by 1")
    )
    for count in corrected.values():
        assert f"Repaired: {count:,} rows" in printed


def test_a_company_with_every_defect_is_evaluated_too(messy: Messy, tmp_path: Path) -> None:
    """An account for tests that slips through is no account of the truth: it would be refused."""
    out = tmp_path / "ours.csv"
    messy.home.tenure("benchmark", "predictions", "--out", str(out), "--company", "messy")
    result = score_predictions(read_predictions(out), messy.files, samples=20)
    assert result.coverage > 0.99
    assert 0.5 < result.share.value < 1

"""Migrations: in order, once, and never backwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse import Warehouse, WarehouseError
from warehouse.migrations import Migration, apply_migrations, read_migrations

MIGRATIONS = read_migrations()
NEWEST = MIGRATIONS[-1].number


def applied(warehouse: Warehouse) -> list[int]:
    rows = warehouse.read("select number from tenure.migrations order by number")
    return rows["number"].tolist()


def test_a_fresh_warehouse_has_every_migration(warehouse: Warehouse) -> None:
    assert applied(warehouse) == [migration.number for migration in MIGRATIONS]


def test_only_what_is_missing_is_applied_and_only_once(warehouse: Warehouse) -> None:
    number = NEWEST + 1
    more = [*MIGRATIONS, Migration(number, "more", "create table tenure.more (n integer)")]
    for expected in ([number], []):
        with warehouse.transaction() as connection, connection.cursor() as cursor:
            assert [one.number for one in apply_migrations(cursor, more)] == expected
    assert applied(warehouse)[-1] == number


def test_a_migration_that_fails_leaves_no_trace(warehouse: Warehouse) -> None:
    number = NEWEST + 1
    broken = Migration(number, "broken", "create table tenure.half (n integer); select 1 / 0")
    with (
        pytest.raises(WarehouseError, match="division by zero"),
        warehouse.transaction() as connection,
        connection.cursor() as cursor,
    ):
        apply_migrations(cursor, [*MIGRATIONS, broken])
    assert applied(warehouse)[-1] == NEWEST
    assert warehouse.read("select to_regclass('tenure.half') is null as gone")["gone"].all()


def test_a_warehouse_of_a_later_version_is_refused(warehouse: Warehouse) -> None:
    """An older Tenure would write rows that the newer one cannot read."""
    warehouse.execute("insert into tenure.migrations (number, name) values (9999, 'later')")
    with pytest.raises(WarehouseError, match="later version"):
        Warehouse.open(warehouse.settings)


def test_raw_tables_of_an_earlier_version_get_their_history(warehouse: Warehouse) -> None:
    warehouse.execute(
        "delete from tenure.migrations where number >= 2; drop table tenure.runs, "
        "tenure.raw_tables, tenure.asset_states, tenure.file_fingerprints, "
        "tenure.scoring_inputs, tenure.kept_views; "
        "alter table tenure.loads drop column delivery_digest, drop column problems cascade; "
        "alter table tenure.checks drop column evaluated_signature, drop column note, "
        "drop column consequence cascade; "
        "create schema crm; create table crm.accounts (account_id text, _source text, "
        "_loaded_at timestamptz, _row_hash text); "
        "insert into crm.accounts values ('a', 'crm', '2026-03-01', 'h'); "
        "create view crm.names as select account_id from crm.accounts"
    )
    Warehouse.open(warehouse.settings).close()
    row = warehouse.read("select * from crm.accounts").iloc[0]
    assert str(row["_recorded_at"].date()) == "2026-03-01"
    assert row["_superseded_at"] is None or row["_superseded_at"] != row["_superseded_at"]
    assert warehouse.read("select * from crm.names")["account_id"].tolist() == ["a"]


@pytest.mark.parametrize(
    "names", [["0002_b.sql"], ["0001_a.sql", "0003_c.sql"], ["0001_a.sql", "notes.txt"]]
)
def test_a_gap_or_a_stray_file_is_an_error(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("select 1")
    with pytest.raises(ValueError, match="was expected here"):
        read_migrations(tmp_path)

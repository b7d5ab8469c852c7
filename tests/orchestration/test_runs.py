"""A run in the warehouse: resolved once, later than every run before, and closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestration.lib import runs
from orchestration.lib.company import CompanySources, load_sources, save_sources
from orchestration.lib.runs import RunRequest, close_run, current_run, resolved_run
from orchestration.lib.unchanged import (
    file_stats,
    input_signature,
    is_unchanged,
    record_unchanged,
    save_signature,
    state_signature,
)
from sources import MAPPINGS, load_contract
from sources.store import create_tables
from warehouse import Warehouse


@dataclass
class FakeContext:
    """What of Dagster's contexts a run needs: its id, its job and where tags go."""

    run_id: str
    job_name: str = "daily"
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def run(self) -> Any:
        return self

    @property
    def instance(self) -> Any:
        return self

    def add_run_tags(self, _run_id: str, tags: dict[str, str]) -> None:
        self.tags |= tags


def statuses(warehouse: Warehouse) -> list[tuple[str, str]]:
    rows = warehouse.read("select run_id, status from tenure.runs order by started_at")
    return list(rows.itertuples(index=False, name=None))


def test_every_step_of_a_run_sees_the_same_run(warehouse: Warehouse) -> None:
    first = current_run(warehouse, FakeContext("r1"), RunRequest())
    assert current_run(warehouse, FakeContext("r1"), RunRequest()) == first
    assert len(statuses(warehouse)) == 1


def test_a_run_knows_more_than_every_run_before(warehouse: Warehouse) -> None:
    """Even where the clock was set back: rows would else be recorded in a past that was read."""
    first = current_run(warehouse, FakeContext("r1"), RunRequest())
    ahead = first.known_as_of + timedelta(days=2)
    warehouse.execute("update tenure.runs set known_as_of = %(at)s", {"at": ahead})
    assert current_run(warehouse, FakeContext("r2"), RunRequest()).known_as_of > ahead


def test_a_moment_that_was_asked_for_does_not_move_later_runs(warehouse: Warehouse) -> None:
    future = datetime(2999, 1, 1, tzinfo=UTC)
    asked = RunRequest(known_as_of=future.isoformat())
    assert current_run(warehouse, FakeContext("r1"), asked).known_as_of == future
    assert current_run(warehouse, FakeContext("r2"), RunRequest()).known_as_of < future


def test_a_run_that_never_ended_was_interrupted(warehouse: Warehouse) -> None:
    current_run(warehouse, FakeContext("killed"), RunRequest())
    current_run(warehouse, FakeContext("next"), RunRequest())
    close_run(warehouse, "next", "succeeded")
    close_run(warehouse, "next", "failed")
    assert statuses(warehouse) == [("killed", "interrupted"), ("next", "succeeded")]


@pytest.mark.parametrize(
    ("asked", "resolved"), [(None, date(2026, 3, 9)), ("2026-02-01", date(2026, 2, 1))]
)
def test_the_day_is_resolved_once_and_put_on_the_run(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, asked: str | None, resolved: date
) -> None:
    """Five steps that each looked for the newest fact could each have found another."""
    facts = iter([date(2026, 3, 9), date(2026, 3, 10)])
    monkeypatch.setattr(runs, "newest_fact_date", lambda *_: next(facts))
    context, request = FakeContext("r1"), RunRequest(as_of=asked)
    for _ in range(2):
        assert resolved_run(warehouse, warehouse.settings, context, request)[1] == resolved
    stored = warehouse.read("select as_of_date from tenure.runs")["as_of_date"]
    assert stored.tolist() == [pd.Timestamp(resolved)]
    if asked is None:
        assert context.tags["tenure/as_of"] == "2026-03-09"


def test_a_run_has_nothing_to_do_until_anything_it_reads_or_left_changes(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    create_tables(warehouse, load_contract())
    (tmp_path / "crm.accounts.csv").write_text("account_id\n")
    sources, request = CompanySources({"canonical": tmp_path}, None), RunRequest()
    settings = warehouse.settings

    def left_alone(job: str = "daily", request: RunRequest = request) -> bool:
        return is_unchanged(warehouse, job, input_signature(settings, sources, request))

    assert not left_alone()
    current_run(warehouse, FakeContext("r1"), request)
    inputs = input_signature(settings, sources, request)
    save_signature(warehouse, "r1", state_signature(warehouse, inputs))
    assert not left_alone(), "a run that has not succeeded leaves work to do"
    close_run(warehouse, "r1", "succeeded")
    assert left_alone()
    record_unchanged(warehouse)
    assert left_alone()
    assert not left_alone("weekly"), "the weekly job trains"
    assert not left_alone(request=RunRequest(as_of="2026-01-01"))
    warehouse.execute("create table marts.gone_again (n integer)")
    assert not left_alone()
    warehouse.execute("drop table marts.gone_again")
    assert left_alone()
    (tmp_path / "crm.accounts.csv").write_text("account_id\nA-1\n")
    assert not left_alone()


def test_the_folder_of_mappings_is_remembered_with_its_system(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Schedules and clicks in Dagster have no command line to name it on."""
    settings = warehouse.settings
    sources = CompanySources(
        {"acme": tmp_path / "a", "canonical": tmp_path / "c"}, None, {"acme": tmp_path / "maps"}
    )
    save_sources(warehouse, settings, sources)
    assert load_sources(warehouse, settings) == sources
    own = [settings.mappings, MAPPINGS]
    # One that is gone is not replaced by another: that would read other columns.
    assert list(sources.mapping_folders(settings, "acme")) == [tmp_path / "maps"]
    (tmp_path / "maps").mkdir()
    assert list(sources.mapping_folders(settings, "acme")) == [tmp_path / "maps", *own]
    assert list(sources.mapping_folders(settings, "canonical")) == own


def test_sources_kept_by_an_earlier_version_are_read(warehouse: Warehouse) -> None:
    warehouse.execute(
        "update tenure.company set systems = %(systems)s where company = %(company)s",
        {"company": warehouse.settings.company, "systems": '{"acme": "/data/acme"}'},
    )
    loaded = load_sources(warehouse, warehouse.settings)
    assert loaded == CompanySources({"acme": Path("/data/acme")}, None)


def test_files_are_listed_with_size_and_time_below_all_folders(tmp_path: Path) -> None:
    (tmp_path / "product.events").mkdir()
    (tmp_path / "product.events" / "may.csv").write_text("abc")
    [(name, size, _)] = file_stats(tmp_path)
    assert (name, size) == ("product.events/may.csv", 3)

"""The asset graph as Dagster loads it: whole, named by path, owned, and guarded."""

import json
import re
from functools import cache
from pathlib import Path

import dagster as dg
import pytest

from orchestration.lib.dbt_project import PROJECT_DIR
from sources import load_contract
from tests.parsing import give_parse


@pytest.fixture(scope="module", autouse=True)
def parsed_home(tenure_home: Path, parse_of_all: Path) -> None:
    """The definitions find the project parsed."""
    give_parse(parse_of_all, tenure_home)


@cache
def graph() -> dg._core.definitions.assets.graph.asset_graph.AssetGraph:  # type: ignore[name-defined]
    from orchestration.definitions import defs

    return defs.resolve_asset_graph()


def keys() -> set[tuple[str, ...]]:
    return {tuple(key.path) for key in graph().get_all_asset_keys()}


def test_no_asset_is_an_orphan() -> None:
    """Every asset is made by a step, and every one but the first and the last is connected."""
    unmade = [key for key in graph().get_all_asset_keys() if not graph().get(key).is_materializable]
    assert unmade == []
    lonely = [
        key
        for key in graph().get_all_asset_keys()
        if not graph().get(key).parent_keys and not graph().get(key).child_keys
    ]
    # read where rows land and by dbt's tests, which are checks and no assets
    assert sorted(lonely) == [
        dg.AssetKey(["seeds", "plausible_amounts"]),
        dg.AssetKey(["seeds", "plausible_rates"]),
    ]


def test_a_run_has_one_process_however_it_is_launched() -> None:
    """It holds the company's lock: steps in processes of their own would wait for each other."""
    from orchestration.definitions import defs

    executors = {job.name: job.executor_def.name for job in defs.resolve_all_job_defs()}
    assert len(executors) > 3  # the one of all assets, which a click in the graph launches
    assert set(executors.values()) == {"in_process"}


def test_each_key_is_the_path() -> None:
    """Raw tables are schema/table; models are layer/model, where a file of that name lies."""
    raw = {
        (source.name, table.name) for source in load_contract().sources for table in source.tables
    }
    models = {
        (path.relative_to(PROJECT_DIR / "models").parts[0], path.stem)
        for path in (PROJECT_DIR / "models").rglob("*.sql")
    }
    seeds = {("seeds", path.stem) for path in (PROJECT_DIR / "seeds").glob("*.csv")}
    written_by_python = {key for key in keys() if key[0] in {"ml", "tenure", "quarantine", "weeks"}}
    assert keys() - written_by_python == raw | models | seeds


def test_the_lineage_has_few_groups() -> None:
    """Thirty groups make a picture in which no layer can be seen."""
    groups = {graph().get(key).group_name for key in graph().get_all_asset_keys()}
    assert groups == {
        "raw",
        "operations",
        "seeds",
        "staging",
        "intermediate",
        "marts",
        "predictions",
        "weeks",
    }


def test_customer_health_comes_after_the_predictions() -> None:
    current = dg.AssetKey(["intermediate", "int_current_predictions"])
    assert current in graph().get(dg.AssetKey(["marts", "customer_health"])).parent_keys
    assert dg.AssetKey(["ml", "predictions"]) in graph().get(current).parent_keys


def test_failed_checks_do_not_wait_for_predictions() -> None:
    """A first run with a failed check makes none, and the page Data must name the check."""
    from orchestration.defs.transformation import after_predictions, dbt_models

    assert dg.AssetKey(["marts", "failed_checks"]) in dbt_models.keys
    assert "marts/data_trust" in after_predictions()


@pytest.mark.parametrize("fact", ["owners", "description", "group_name", "freshness_policy"])
def test_every_asset_states_its(fact: str) -> None:
    from orchestration.definitions import defs

    specs = {tuple(spec.key.path): spec for spec in defs.resolve_all_asset_specs()}
    # a past week does not age
    ageless = {key for key in specs if fact == "freshness_policy" and key[0] == "weeks"}
    assert {key for key, spec in specs.items() if not getattr(spec, fact)} == ageless


def test_every_raw_table_and_the_predictions_have_a_blocking_check() -> None:
    """A check that does not block lets broken data through to the marts."""
    from orchestration.lib.check_names import PLAUSIBLE

    guarded = {
        tuple(key.asset_key.path) for key in graph().asset_check_keys if key.name == PLAUSIBLE
    }
    raw = {
        (source.name, table.name) for source in load_contract().sources for table in source.tables
    }
    assert guarded == raw | {("ml", "predictions")}


def test_every_check_says_what_must_hold() -> None:
    """A name cut off by a hash, or none at all, sends people to the code."""
    specs = {key: graph().get_check_spec(key) for key in graph().asset_check_keys}
    assert [key for key, spec in specs.items() if not spec.description] == []
    assert [key.name for key in specs if re.search(r"[0-9a-f]{32}", key.name)] == []
    assert {"signal_is_in_dim_signals", "one_row_per_account_id_and_snapshot_date"} <= {
        key.name for key in specs
    }


def test_every_raw_table_states_its_columns() -> None:
    from orchestration.definitions import defs

    specs = {tuple(spec.key.path): spec for spec in defs.resolve_all_asset_specs()}
    for table in load_contract().tables:
        schema = specs[table.source, table.name].metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == list(table.column_names)


def test_the_daily_job_scores_without_training() -> None:
    from orchestration.definitions import defs

    daily = defs.resolve_job_def("daily").asset_layer.executable_asset_keys
    assert dg.AssetKey(["ml", "predictions"]) in daily
    assert dg.AssetKey(["ml", "models"]) not in daily
    weekly = defs.resolve_job_def("weekly").asset_layer.executable_asset_keys
    assert dg.AssetKey(["ml", "models"]) in weekly


def test_past_weeks_are_backfilled_and_never_scheduled() -> None:
    from orchestration.definitions import defs

    weeks = {dg.AssetKey(["weeks", "account_weeks"]), dg.AssetKey(["weeks", "predictions"])}
    past = defs.resolve_job_def("past_weeks")
    assert past.asset_layer.executable_asset_keys == weeks
    assert past.partitions_def is not None
    for name in ("daily", "weekly"):
        assert not weeks & defs.resolve_job_def(name).asset_layer.executable_asset_keys


def test_telemetry_is_off_in_the_written_instance() -> None:
    from orchestration.instance import instance_config
    from warehouse import load_settings

    config = instance_config(load_settings("demo"), "postgresql+psycopg2://unused")
    assert config["telemetry"] == {"enabled": False}
    assert json.dumps(config)

"""The rules of the dbt project that a reviewer would otherwise have to remember."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

from orchestration.lib.dbt_state import Variables, asset_name, dated_macros, project_nodes, stale
from orchestration.lib.signatures import signatures
from tests.dbt.conftest import PROJECT, Parsed

OPERATIONAL = {"ml", "quarantine", "tenure"}
PREFIXES = {"staging": "stg_", "intermediate": "int_"}
UNIQUENESS = {"unique", "unique_combination", "unique_combination_or_null", "unique_index"}
# What Tenure says of its own last run must show while a failed check holds the build back.
LIVE_VIEWS = {
    "correction_summary",
    "data_balances",
    "data_trust",
    "failed_checks",
    "quarantine_summary",
    "repair_summary",
    "score_basis",
    "suspected_leaks",
}
# Those of which only what changed is written, elsewhere.
INCREMENTAL_VIEWS = {"account_snapshots", "source_outages"}
# What a row was before it was superseded is in the raw tables alone.
READ_RAW_HISTORY = {
    "int_account_changes",
    "int_account_segments",
    "int_contact_roles",
    "int_contradicting_rows",
    "int_status_closings",
    "int_subscription_terms",
}
# Raw tables that concern the weeks of all accounts: int_weeks_inputs compares what follows.
OF_ALL_ACCOUNTS = {
    "finance.exchange_rates",
    "product.features",
    "product.usage_metrics",
}
# Another shape of a mart beside it.
SHAPES = {"customer_health_history", "fct_health_contributions"}

COMMENT = re.compile(r"--[^\n]*|\{#.*?#\}", re.DOTALL)
COMPARED_WITH = re.compile(r"(?:[<>]=?|between)\s*(\d+(?:\.\d+)?)\b")


def test_the_yaml_has_nothing_that_dbt_deprecates(parsed: Parsed) -> None:
    """dbt checks YAML on other databases only; a misspelt key is silently ignored on ours."""
    assert parsed.deprecations == []


def test_a_unit_test_is_named_as_a_relation_may_be(parsed: Parsed) -> None:
    """dbt makes one of its name, and refuses it only when the test is run."""
    long = [
        test["name"] for test in parsed.manifest["unit_tests"].values() if len(test["name"]) > 63
    ]
    assert long == []


def test_a_model_lies_where_it_is_built(parsed: Parsed) -> None:
    """Who reads staging/crm in Dagster must find it in the schema staging, and in that folder."""
    for model in parsed.models():
        layer = model["fqn"][1]
        assert model["schema"] == layer == Path(model["path"]).parts[0], model["name"]
        assert len(Path(model["path"]).parts) == 3, f"{model['name']} lies in no topic"
        if layer in PREFIXES:
            assert model["name"].startswith(PREFIXES[layer]), model["name"]
        else:
            assert not model["name"].startswith(tuple(PREFIXES.values())), model["name"]


def test_a_models_description_stands_beside_it(parsed: Parsed) -> None:
    """YAML that describes many models is YAML that nobody finds."""
    for model in parsed.models():
        assert model["patch_path"], f"{model['name']} is not described"
        beside = Path(model["patch_path"].split("://")[1])
        assert beside.with_suffix("") == Path(model["original_file_path"]).with_suffix("")


def test_every_model_says_its_grain_first(parsed: Parsed) -> None:
    """A reader who does not know what one row is will join it wrongly."""
    for model in parsed.models():
        assert re.match("One row (per|for) ", model["description"]), model["name"]


def test_every_mart_has_a_contract_and_proves_its_grain(parsed: Parsed) -> None:
    """A mart that changes its columns or doubles its rows must stop the build, not the reader."""
    tests = [node for node in parsed.manifest["nodes"].values() if node["resource_type"] == "test"]
    proven = {
        test["attached_node"]
        for test in tests
        if test.get("test_metadata") and test["test_metadata"]["name"] in UNIQUENESS
    }
    for mart in parsed.models("marts"):
        assert mart["contract"]["enforced"], mart["name"]
        is_view = mart["name"] in LIVE_VIEWS | INCREMENTAL_VIEWS | SHAPES
        materialized = {"view"} if is_view else {"table", "incremental"}
        assert mart["config"]["materialized"] in materialized, mart["name"]
        assert mart["unique_id"] in proven, f"{mart['name']} has no uniqueness test"


def test_sources_are_read_in_staging_and_nowhere_else(parsed: Parsed) -> None:
    """A raw column read in two places is cleaned in one of them."""
    for model in parsed.models():
        parents = model["depends_on"]["nodes"]
        sources = [parent.split(".")[2:] for parent in parents if parent.startswith("source.")]
        if model["fqn"][1] == "staging":
            assert len(sources) == len(parents) == 1, model["name"]
            assert model["name"] == f"stg_{'__'.join(sources[0])}"
            assert model["fqn"][2] == sources[0][0], model["name"]
        elif model["fqn"][1] == "marts" or model["fqn"][2] == "predictions":
            assert {source for source, _ in sources} <= OPERATIONAL, model["name"]
        else:
            assert not sources or model["name"] in READ_RAW_HISTORY, model["name"]


def test_what_signals_read_makes_weeks_due(parsed: Parsed) -> None:
    """A raw table that int_account_changes does not ask is one whose corrections never arrive."""
    nodes = parsed.manifest["nodes"]
    read: set[str] = set()
    waiting = ["model.tenure.int_account_signals"]
    while waiting:
        for parent in nodes[waiting.pop()]["depends_on"]["nodes"]:
            if parent.startswith("source."):
                read.add(parent.removeprefix("source.tenure."))
            elif parent.startswith("model."):
                waiting.append(parent)
    asked = nodes["model.tenure.int_account_changes"]["depends_on"]["nodes"]
    asked = {node.removeprefix("source.tenure.") for node in asked if node.startswith("source.")}
    assert asked == read - OF_ALL_ACCOUNTS


def test_what_reads_changed_snapshots_waits_for_them(parsed: Parsed) -> None:
    """The list of them is written by hooks, which no `ref` shows: dbt may read it too early."""
    listed = "model.tenure.int_unscored_snapshots"
    writers = {"int_account_weeks", "int_account_today"}
    early = [
        model["name"]
        for model in parsed.models()
        if listed in model["depends_on"]["nodes"]
        and model["name"] not in writers
        and not {f"model.tenure.{name}" for name in writers} <= ancestors(parsed, model)
    ]
    assert early == []


def test_what_is_due_is_asked_anew_when_its_reader_is_edited_or_gone(parsed: Parsed) -> None:
    """Else an edited model writes the rows that were due in the build before: none, mostly."""
    nodes = project_nodes(parsed.manifest, Variables(date(2026, 3, 1), None), {}, {})
    wanted = signatures(nodes)
    names = {model["name"]: asset_name(model) for model in parsed.models()}
    lists = {
        (asset_name(model), names[due["relation"]])
        for model in parsed.models()
        if (due := model["config"]["meta"].get("due"))
        # a memory of its own is never asked anew
        and due["relation"] != "int_unscored_snapshots"
    }
    assert lists
    there = [name.replace("/", ".") for name in nodes]
    assert stale(nodes, wanted, wanted, there) == []
    for reader, due in lists:
        edited = stale(nodes, wanted, {**wanted, reader: "before the edit"}, there)
        gone = stale(nodes, wanted, wanted, [*{*there} - {reader.replace("/", ".")}])
        for found in (edited, gone):
            assert due in found and found.index(due) < found.index(reader), (due, reader)
    macros = " ".join(macro["macro_sql"] for macro in parsed.manifest["macros"].values())
    summed = " ".join(re.findall(r"sql_checksums\(\[(.+?)\]\)", macros))
    # and then finds all rows due, since the SQL that they are made by is compared
    readers = {model["name"] for model in parsed.models() if model["config"]["meta"].get("due")}
    assert readers <= set(re.findall(r"\w+", summed))


def test_how_rows_are_written_does_not_depend_on_the_day(parsed: Parsed) -> None:
    """A strategy's macro that names the day would make all tables stale every morning."""
    dated = dated_macros(parsed.manifest["macros"].values())
    assert [name for name in dated if name.startswith("get_incremental_")] == []


def ancestors(parsed: Parsed, model: dict) -> set[str]:
    """The ids of all models above one."""
    by_id = {found["unique_id"]: found for found in parsed.models()}
    found, waiting = set[str](), list(model["depends_on"]["nodes"])
    while waiting:
        name = waiting.pop()
        if name not in found and name in by_id:
            found.add(name)
            waiting += by_id[name]["depends_on"]["nodes"]
    return found


def test_every_contract_table_is_staged(parsed: Parsed) -> None:
    """A table that is loaded and read by nobody is a promise that is not kept."""
    staged = {model["name"] for model in parsed.models("staging")}
    for source in parsed.manifest["sources"].values():
        if source["source_name"] not in OPERATIONAL:
            assert f"stg_{source['source_name']}__{source['name']}" in staged


def cut_offs(sql: str) -> list[str]:
    """The numbers that values are compared with, and that no column's name declares.

    0 and 1 are arithmetic: nothing, and all. A window stands in its column's name (`events_28d`).
    """
    numbers = COMPARED_WITH.findall(COMMENT.sub("", sql))
    return [number for number in numbers if float(number) > 1 and f"_{number}d" not in sql]


def test_judgement_is_a_seed_not_a_number_in_a_model(parsed: Parsed) -> None:
    """Weights and cut-offs in SQL cannot be reviewed by the people whose judgement they are."""
    assert cut_offs("case when health_score >= 70 then 'green' end") == ["70"]
    found = {model["name"]: cut_offs(model["raw_code"]) for model in parsed.models()}
    assert {name: numbers for name, numbers in found.items() if numbers} == {}


def test_no_model_reads_what_the_contract_does_not_know(parsed: Parsed) -> None:
    """`attributes` hold a CRM's fields as they are today, leaks among them: what is to be learnt
    from is first described in the contract."""
    readers = [
        model["name"]
        for model in parsed.models()
        if re.search(r"\battributes\b", COMMENT.sub("", model["raw_code"]))
    ]
    assert readers == []


def test_every_signal_is_declared_once_and_every_scorecard_reads_declared_signals(
    parsed: Parsed,
) -> None:
    """A signal that a scorecard names and no column declares would lose its weight unseen."""
    snapshots = next(m for m in parsed.models("marts") if m["name"] == "account_snapshots")
    declared = {
        name
        for name, column in snapshots["columns"].items()
        if "signal" in column["config"]["meta"]
    }
    # the contract makes each of them a column of the table
    assert len(declared) > 75
    lines = csv.DictReader((PROJECT / "seeds" / "scorecard_signals.csv").open(encoding="utf-8"))
    assert {line["signal"] for line in lines} <= declared
    keys = {"account_id", "snapshot_date", "is_latest", "is_open", "currency", "renewal_date"}
    assert set(snapshots["columns"]) - declared == keys


def test_every_table_that_a_signal_needs_can_be_found_delivered(parsed: Parsed) -> None:
    """One that int_table_deliveries does not know is reported missing where it was delivered."""
    marts = {model["name"]: model for model in parsed.models("marts")}
    needed = {
        table
        for column in marts["account_snapshots"]["columns"].values()
        for table in column["config"]["meta"].get("signal", {}).get("source_tables", [])
    }
    deliveries = parsed.manifest["nodes"]["model.tenure.int_table_deliveries"]["raw_code"]
    looked_for = set(re.findall(r"\('(\w+\.\w+)', 'stg_", deliveries))
    assert needed - looked_for == set()

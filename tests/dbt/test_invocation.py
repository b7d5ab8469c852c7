"""How dbt is called: what it says of a fault, and what an interrupt leaves of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from orchestration.lib import dbt_project
from orchestration.lib.dbt_invocation import invoke
from orchestration.lib.dbt_project import prepare_manifest
from tests.dbt.builds import point_at
from tests.dbt.conftest import Parsed
from warehouse import Settings, Warehouse, load_settings

SLEEP = "select pg_sleep(60) as slept"
SLEEPING = (
    "select count(*) from pg_stat_activity where state = 'active' and datname = current_database()"
    " and pid != pg_backend_pid() and query like '%%pg_sleep(60)%%'"
)


def is_asleep(warehouse: Warehouse) -> bool:
    return bool(warehouse.read(SLEEPING).iloc[0, 0])


def test_an_interrupt_ends_the_statement_that_dbt_has_open(
    warehouse: Warehouse, parsed: Parsed, tmp_path: Path
) -> None:
    """Else PostgreSQL works on, and its locks hold up the next run."""
    seen: list[bool] = []

    def interrupt() -> None:
        until = time.monotonic() + 30
        while not is_asleep(warehouse) and time.monotonic() < until:
            time.sleep(0.1)
        seen.append(is_asleep(warehouse))
        os.kill(os.getpid(), signal.SIGINT)

    # a shell that starts pytest in the background lets it ignore interrupts
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    point_at(parsed.graph, warehouse.settings.database)
    waiting = threading.Thread(target=interrupt, daemon=True)
    waiting.start()
    with pytest.raises(KeyboardInterrupt):
        asked = ["show", "--inline", SLEEP, "--no-write-json"]
        answer = invoke(warehouse.settings, asked, tmp_path, {}, parsed.graph)
        pytest.fail(f"dbt was not interrupted: {answer}")
    signal.signal(signal.SIGINT, before)
    waiting.join()
    assert seen == [True]
    assert not is_asleep(warehouse)


def test_a_killed_parse_leaves_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp of the parse before would vouch for what a killed one has half written."""
    settings: Settings = load_settings("acme", {"TENURE_HOME": str(tmp_path)})
    target = tmp_path / "dbt" / "parsed"
    target.mkdir(parents=True)
    (target / "manifest.json").write_text("{")
    (target / "fingerprint").write_text("of other files")

    def killed(*_: object) -> None:
        assert not (target / "fingerprint").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(dbt_project, "invoke", killed)
    with pytest.raises(KeyboardInterrupt):
        prepare_manifest(settings)
    assert not (target / "fingerprint").exists()


def test_an_error_of_dbt_is_an_answer(tmp_path: Path) -> None:
    settings = load_settings("acme", {"TENURE_HOME": str(tmp_path)})
    answer = invoke(settings, ["no-such-command"], tmp_path / "target")
    assert not answer.success
    assert "no-such-command" in str(answer.exception)

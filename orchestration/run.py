"""`tenure run`: the weekly Dagster job, in this process, from the command line."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    BoolMetadataValue,
    DagsterEvent,
    DagsterEventType,
    JsonMetadataValue,
)
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.exc import SQLAlchemyError

from orchestration.instance import hold_connections, open_instance
from orchestration.lib.check_names import PLAUSIBLE, SENTENCES
from orchestration.lib.company import CompanySources, load_sources, save_sources
from orchestration.lib.dead_runs import COMPANY_TAG, close_dead_runs
from orchestration.lib.held import HOLDS_BACK, HeldBack, shown_in_words
from orchestration.lib.one_run import only_run
from orchestration.lib.progress import NOTES, PROBLEMS, output_to, step_in_words, step_lines
from orchestration.lib.runs import RunRequest
from orchestration.lib.unchanged import (
    input_signature,
    is_unchanged,
    record_unchanged,
    save_signature,
    state_signature,
)
from orchestration.terminal import Terminal, plain, styled
from sources import MappingError, find_mappings, has_mappings, load_mappings
from warehouse import Settings, Warehouse, WarehouseError
from warehouse.run_lock import RunLockHeld


class RunRefused(Exception):
    """The run cannot start; the message says what to do."""


class RunInterrupted(Exception):
    """The run broke off and could not even be written down; the message says what to do."""


@dataclass
class RunReport:
    """How a run ended: what it left out and why, problems that did not stop it, and failures.

    `shown` says of a run that failed of which days the marts are.
    """

    succeeded: bool
    seconds: float
    log: Path
    is_unchanged: bool = False
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    shown: str = ""


def check_sources(settings: Settings, sources: CompanySources) -> None:
    """Raise RunRefused for a system without mappings, and a folder that is missing or empty."""
    for named in sorted(set(sources.mappings.values())):
        systems = [system for system, folder in sources.mappings.items() if folder == named]
        if not any(has_mappings(system, named) for system in systems):
            raise RunRefused(
                f"{named}: holds no mapping of {', '.join(systems)}. --mappings names a folder "
                f"with a folder for each system: {systems[0]}/<schema>.<table>.sql"
            )
    for system, folder in sources.folders.items():
        try:
            load_mappings(system, find_mappings(system, sources.mapping_folders(settings, system)))
        except MappingError as error:
            raise RunRefused(str(error)) from error
        if not folder.is_dir():
            raise RunRefused(
                f"{folder}: no such folder. --data names the folder of {system} files."
            )
        if not any(folder.iterdir()):
            raise RunRefused(f"{folder}: the folder is empty; {system} files were expected in it.")


def resolve_sources(
    settings: Settings, warehouse: Warehouse, asked: CompanySources
) -> CompanySources:
    """What this run reads: the systems asked for, beside those the company was fed from before.

    Raises RunRefused when neither says anything, or a folder is missing.
    """
    known = load_sources(warehouse, settings)
    folders = {**(known.folders if known else {}), **asked.folders}
    mappings = {**(known.mappings if known else {}), **asked.mappings}
    if not folders:
        raise RunRefused(
            f"It is not known where the data of {settings.company!r} comes from. "
            "Run: tenure run --source SYSTEM --data FOLDER"
        )
    sources = CompanySources(folders, asked.as_of, mappings)
    check_sources(settings, sources)
    return sources


def failed_checks(events: Sequence[DagsterEvent]) -> Iterator[AssetCheckEvaluation]:
    """Every check that did not pass."""
    for event in events:
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed:
                yield evaluation


def stops_something(check: AssetCheckEvaluation) -> bool:
    """Whether a failed check stops steps, or holds back what needs its table."""
    holds_back = check.metadata.get(HOLDS_BACK)
    is_held = isinstance(holds_back, BoolMetadataValue) and holds_back.value is True
    return is_held or check.severity == AssetCheckSeverity.ERROR


def check_in_words(check: AssetCheckEvaluation) -> str:
    """A failed check with its own message."""
    found = check.metadata.get(SENTENCES)
    said = " ".join((check.description or check.check_name).splitlines())
    if isinstance(found, JsonMetadataValue):
        said = " ".join(map(str, found.data or []))
    return f"check on {'/'.join(check.asset_key.path)}: {said}"


def warnings_in_words(events: Sequence[DagsterEvent]) -> list[str]:
    """Every failed check of a raw table that was accepted for this run."""
    return [
        check_in_words(check)
        for check in failed_checks(events)
        if check.check_name == PLAUSIBLE and not stops_something(check)
    ]


def failures_in_words(events: Sequence[DagsterEvent]) -> list[str]:
    """Every failed check that stops something and every failed step, with its own message."""
    failures = [check_in_words(check) for check in failed_checks(events) if stops_something(check)]
    for event in events:
        if event.event_type == DagsterEventType.STEP_FAILURE:
            error = event.step_failure_data.error
            if error and error.cls_name == "DagsterAssetCheckFailedError":
                continue  # the check has said so itself
            cause = error.cause if error and error.cause else error
            said = cause.message.strip() if cause else "no message"
            _, held, sentence = said.partition(f"{HeldBack.__name__}: ")
            failures.append(sentence if held else f"{step_in_words(event.step_key or '')}: {said}")
    return failures


def sentences(events: Sequence[DagsterEvent], name: str) -> list[str]:
    """What steps have to say to a person, under this name in their assets' metadata."""
    said = []
    for event in events:
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            found = event.step_materialization_data.materialization.metadata.get(name)
            if isinstance(found, JsonMetadataValue):
                said.extend(str(sentence) for sentence in found.data or [])
    return said


@contextmanager
def only_run_of(settings: Settings, command: str, run_id: str | None = None) -> Iterator[None]:
    """Hold the company's lock, and close what killed runs left open.

    Raises RunRefused while another command or a run of Dagster's holds it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(only_run(settings, command, run_id))
        except RunLockHeld as held:
            raise RunRefused(str(held)) from held
        with Warehouse.open(settings, prepare=False) as warehouse:
            warehouse.ensure_database(settings.dagster_database)
            with open_instance(settings) as instance:
                close_dead_runs(settings, warehouse, instance)
        yield


def run_config(settings: Settings, request: RunRequest) -> dict[str, Any]:
    """Dagster's run config: the company, and what this run is asked for."""
    options = {name: value for name, value in request.model_dump().items() if value is not None}
    return {
        "loggers": {"steps": {}},
        "resources": {
            "companies": {"config": {"company": settings.company}},
            "request": {"config": options},
        },
    }


def run_company(
    settings: Settings,
    folders: dict[str, Path],
    request: RunRequest,
    job_name: str,
    mappings: Path | None = None,
) -> RunReport:
    """Load, check, model, train and score one company; the same job that the schedules run.

    `mappings` is the folder of the mappings of the systems in `folders`, remembered with them.
    Raises RunRefused when there is nothing that could be read, or another run is under way, and
    RunInterrupted when the database goes away and stays away.
    """
    as_of = date.fromisoformat(request.as_of) if request.as_of else None
    named = dict.fromkeys(folders, mappings) if mappings else {}
    sources = CompanySources(folders, as_of, named)
    check_sources(settings, sources)
    return _run(settings, sources, request, job_name)


def _run(settings: Settings, given: CompanySources, asked: RunRequest, job_name: str) -> RunReport:
    started = time.monotonic()
    log = settings.logs / f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"
    run_id = str(uuid4())
    with output_to(log) as console, ExitStack() as stack:
        with console.status("starting the warehouse"):
            stack.enter_context(only_run_of(settings, "tenure run", run_id))
        with Warehouse.open(settings, prepare=False) as warehouse:
            sources = resolve_sources(settings, warehouse, given)
            save_sources(warehouse, settings, sources)
            warehouse.ensure_database(settings.mlflow_database)
            settings.remember_company()
            inputs = input_signature(settings, sources, asked)
            if not asked.full_refresh and is_unchanged(warehouse, job_name, inputs):
                record_unchanged(warehouse)
                seconds = time.monotonic() - started
                return RunReport(True, seconds, log, is_unchanged=True)
        with console.status("reading the asset graph"):
            instance = open_instance(settings)
            hold_connections(instance)
            # Imported here: the definitions parse the dbt project, which takes seconds.
            from orchestration.definitions import defs

            job = defs.resolve_job_def(job_name)
        named = ", ".join(f"{system} from {folder}" for system, folder in sources.folders.items())
        console.print(styled((settings.company, "bold"), f": {named}"))
        try:
            with step_lines(console, len(job.graph.node_dict)):
                result = job.execute_in_process(
                    run_config=run_config(settings, asked),
                    instance=instance,
                    raise_on_error=False,
                    run_id=run_id,
                    tags={COMPANY_TAG: settings.company},
                )
        except (DagsterPostgresException, SQLAlchemyError) as error:
            raise RunInterrupted(
                "The database went away during the run. What was loaded before is whole: "
                f"run the same command again. The whole log: {log}"
            ) from error
        finally:
            instance.dispose()
        if result.success:
            with Warehouse.open(settings, prepare=False) as warehouse:
                save_signature(warehouse, result.run_id, state_signature(warehouse, inputs))
    failures = failures_in_words(result.all_events)
    return RunReport(
        succeeded=result.success,
        seconds=time.monotonic() - started,
        log=log,
        notes=sentences(result.all_events, NOTES),
        problems=[
            *sentences(result.all_events, PROBLEMS),
            *warnings_in_words(result.all_events),
            # checks of tables that no mart needs
            *(failures if result.success else []),
        ],
        failures=[] if result.success else failures,
        shown="" if result.success else shown_after_failure(settings),
    )


def shown_after_failure(settings: Settings) -> str:
    """Of which days the marts are; nothing where the database cannot say it."""
    try:
        with Warehouse.open(settings, prepare=False) as warehouse:
            return shown_in_words(warehouse)
    except WarehouseError:
        return ""


def print_report(console: Terminal, report: RunReport) -> None:
    """Notes, problems and failures, each on a line of its own."""
    for note in report.notes:
        console.print(plain(f"  {note}"), highlight=False, soft_wrap=True)
    for problem in report.problems:
        line = styled(("  ! ", "yellow"), problem)
        console.print(line, highlight=False, soft_wrap=True)
    for failure in report.failures:
        line = styled(("  ✗ ", "red"), failure)
        console.print(line, highlight=False, soft_wrap=True)
    if not report.succeeded:
        console.print(
            styled(
                (f"The run failed after {report.seconds:.0f} s.", "red"),
                f" {report.shown} The whole log: {report.log}",
            ),
            highlight=False,
            soft_wrap=True,
        )

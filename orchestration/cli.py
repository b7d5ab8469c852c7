"""The `tenure` command. Each subcommand reads its options and calls one function."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.benchmark import benchmark
from orchestration.onboarding.commands import check, map_exports
from orchestration.options import Company, Folders, Mappings, Systems, paired_folders
from orchestration.reports.command import report as reports
from orchestration.terminal import Terminal, plain, styled
from simulator.defects.switches import GROUPS, KINDS, Switches
from warehouse import Settings, Warehouse, WarehouseError, load_settings
from warehouse.environment import silence_telemetry

if TYPE_CHECKING:
    from orchestration.as_of.scratch import Scratch

DEMO = "demo"
DEMO_ACCOUNTS = 1_000
DEMO_MONTHS = 24
DEMO_SEED = 11

MESS_HELP = (
    f"What life and the exports do to it: {', '.join(GROUPS)}, or names joined by commas, a minus "
    f"taking one out (usual,-pauses). There are {', '.join(KINDS)}."
)

app = typer.Typer(
    help="Tenure: which customers are about to leave, why, and what that costs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(benchmark, name="benchmark")
app.add_typer(reports, name="report")
app.command(name="map")(map_exports)
app.command()(check)
console = Terminal()


@app.callback()
def before_every_command() -> None:
    """No tool of ours phones home, whichever command starts it."""
    silence_telemetry()


def as_day(text: str | None) -> str | None:
    """A day in ISO form; raises typer.BadParameter for anything else."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date like 2026-03-31") from error


def as_moment(text: str | None) -> str | None:
    """A moment in ISO form, UTC where it names no zone; raises typer.BadParameter for others."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a moment like 2026-03-31T06:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def as_switches(text: str) -> Switches:
    """Defects and scenarios by name; raises typer.BadParameter for a name that there is not."""
    try:
        return Switches.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def prepare_demo(settings: Settings, accounts: int, months: int) -> dict[str, Path]:
    """The demonstration company's files, written if they are not there yet."""
    from orchestration.demo import write_demo

    with console.status(f"inventing a company of {accounts:,} accounts") as status:
        folder = write_demo(
            settings, accounts, months, DEMO_SEED, lambda words, _share: status.update(words)
        )
    return {"canonical": folder}


@app.command()
def run(
    source: Systems = None,
    data: Folders = None,
    mappings: Mappings = None,
    as_of: Annotated[
        str | None, typer.Option(help="Look back from this day. Default: the newest fact.")
    ] = None,
    company: Company = None,
    accounts: Annotated[int, typer.Option(help="Size of the demonstration company.")] = (
        DEMO_ACCOUNTS
    ),
    months: Annotated[int, typer.Option(help="Months of the demonstration company.")] = DEMO_MONTHS,
    train: Annotated[bool, typer.Option(help="Train a challenger before scoring.")] = True,
    known_as_of: Annotated[
        str | None, typer.Option(help="Read raw rows as known at this moment; nothing is loaded.")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Build every table anew, also what is current.")
    ] = False,
) -> None:
    """Load, check, model, train and score; without options, the demonstration company."""
    from orchestration.lib.runs import RunRequest
    from orchestration.run import RunInterrupted, RunRefused, print_report, run_company
    from orchestration.services import heed_signals
    from orchestration.status import print_result

    heed_signals()
    asked = paired_folders(source or [], data or [], mappings)
    settings = load_settings(company, default="_".join(asked) if asked else DEMO)
    if settings.company == DEMO and not asked:
        asked = prepare_demo(settings, accounts, months)
    request = RunRequest(
        as_of=as_day(as_of), known_as_of=as_moment(known_as_of), full_refresh=full_refresh
    )
    try:
        report = run_company(settings, asked, request, "weekly" if train else "daily", mappings)
    except RunRefused as refusal:
        console.print_lines(refusal, style="red")
        raise typer.Exit(2) from refusal
    except RunInterrupted as interruption:
        console.print_lines(interruption, style="red")
        raise typer.Exit(1) from interruption
    print_report(console, report)
    if not report.succeeded:
        raise typer.Exit(1)
    print_result(console, settings)
    if report.is_unchanged:
        console.print(
            "Nothing has changed since the last run: no file, no seed, no code. Nothing was built."
        )
    console.print(f"Done in {report.seconds:.0f} s. See it: make app · make dev · tenure status")


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    accounts: Annotated[int, typer.Option(min=1)] = DEMO_ACCOUNTS,
    months: Annotated[int, typer.Option(min=1)] = DEMO_MONTHS,
    seed: Annotated[int, typer.Option()] = DEMO_SEED,
    mess: Annotated[str, typer.Option(help=MESS_HELP)] = "usual",
) -> None:
    """Write a company whose causes are known, as canonical files."""
    from simulator import write_company

    with console.status("inventing a company") as status:
        write_company(
            out,
            accounts=accounts,
            months=months,
            seed=seed,
            switches=as_switches(mess),
            progress=lambda words, _share: status.update(words),
        )
    console.print(f"{accounts:,} accounts over {months} months in {out}")


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One select statement.")],
    raw: Annotated[
        bool, typer.Option("--raw", help="Read all tables, not the marts alone.")
    ] = False,
    company: Company = None,
) -> None:
    """Print the rows of a query of the marts as CSV. It can only read."""
    from orchestration.sql import print_rows

    print_rows(load_settings(company), query, sys.stdout, is_raw=raw)


Account = Annotated[str, typer.Option(help="The account's key, as its system spells it.")]
Known = Annotated[
    str | None, typer.Option(help="As the newest run by this moment knew it. Default: the last.")
]
Scorecard = Annotated[
    str | None, typer.Option(help="Scorecard. Default: the one that the company shows.")
]


@app.command()
def score(
    account: Account,
    as_of: Annotated[
        str | None, typer.Option(help="The day. Default: the one that the run looked back from.")
    ] = None,
    known: Known = None,
    scorecard: Scorecard = None,
    company: Company = None,
) -> None:
    """One account's score as of a day, as known at a moment, with all that it is made of."""
    from orchestration.as_of.score import answer, print_answer

    with asked(company, account, [as_of], known) as scratch:
        print_answer(console, answer(scratch, scorecard))


@app.command()
def diff(
    account: Account,
    from_day: Annotated[str, typer.Argument(help="The first day.")],
    to_day: Annotated[str, typer.Argument(help="The later day.")],
    known: Known = None,
    scorecard: Scorecard = None,
    company: Company = None,
) -> None:
    """Why one account's score changed between two days, with the raw rows behind each signal."""
    from orchestration.as_of.changes import changes, print_changes

    if as_day(from_day) == as_day(to_day):
        raise typer.BadParameter("Name two days.")
    with asked(company, account, [from_day, to_day], known) as scratch:
        print_changes(console, changes(scratch, scorecard))


@contextmanager
def asked(
    company: str | None, account: str, days: list[str | None], known: str | None
) -> Iterator["Scratch"]:
    """One account's models, built; without an answer the command ends with a sentence."""
    from orchestration.as_of.question import Unanswerable, ask
    from orchestration.as_of.scratch import scratch

    dates = [date.fromisoformat(day) if day else None for day in map(as_day, days)]
    moment = as_moment(known)
    settings = load_settings(company)
    try:
        with Warehouse.open(settings) as warehouse:
            question = ask(
                warehouse, account, dates, datetime.fromisoformat(moment) if moment else None
            )
            with (
                console.status("building one account"),
                scratch(settings, warehouse, question) as built,
            ):
                yield built
    except Unanswerable as sentence:
        console.print_lines(sentence, style="red")
        raise typer.Exit(2) from sentence


@app.command()
def withdraw(
    files: Annotated[
        list[str] | None, typer.Argument(help="Delivered files, as they are listed without any.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="System that delivered them.")] = None,
    again: Annotated[
        bool, typer.Option(help="Also an earlier delivery under a withdrawn file's name.")
    ] = False,
    company: Company = None,
) -> None:
    """Take a wrong delivery back, as if it had never come; without a file, list what there is."""
    from orchestration.run import RunRefused
    from orchestration.services import heed_signals
    from orchestration.withdrawal import print_delivered, withdraw_files
    from sources import MappingError
    from sources.withdrawing import WithdrawalRefused

    settings = load_settings(company)
    if not files:
        print_delivered(console, settings)
        return
    heed_signals()
    try:
        for paragraph in withdraw_files(settings, files, source, again):
            console.print(plain(paragraph))
    except (WithdrawalRefused, MappingError, RunRefused) as refusal:
        console.print_lines(refusal, style="red")
        raise typer.Exit(2) from refusal


@app.command()
def status(company: Company = None) -> None:
    """What is loaded, how old it is, how many rows are in quarantine, which model scores."""
    from orchestration.status import print_status

    print_status(console, load_settings(company))


@app.command()
def doctor(company: Company = None) -> None:
    """Check this machine; exit status 1 if something must be fixed."""
    from orchestration.doctor import examine

    findings = examine(load_settings(company))
    for finding in findings:
        mark = ("✓", "green") if finding.is_good else ("✗", "red")
        remedy = "" if finding.is_good else f"  → {finding.remedy}"
        console.print(styled(mark, f" {finding.subject:<28} {finding.seen}{remedy}"))
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(1)


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL server."""
    from warehouse import server

    stopped = server.stop(load_settings())
    console.print("The warehouse is stopped." if stopped else "The warehouse was not running.")


@app.command(name="app")
def open_app(company: Company = None, host: str = "127.0.0.1") -> None:
    """Serve the Streamlit app until Ctrl-C."""
    from orchestration.services import app_service

    serve(load_settings(company), host, [app_service(host).name])


@app.command()
def dev(
    only: Annotated[list[str] | None, typer.Option(help="Only these services.")] = None,
    host: str = "127.0.0.1",
    company: Company = None,
) -> None:
    """Serve Dagster, MLflow and the app together until Ctrl-C."""
    serve(load_settings(company), host, only)


def serve(settings: Settings, host: str, only: list[str] | None) -> None:
    """Start services, say where they answer, wait, and stop every one of them."""
    from orchestration.services import (
        all_services,
        answers,
        first_to_end,
        heed_signals,
        start,
        stop_all,
    )

    services = all_services(settings, host)
    known = [service.name for service in services]
    for name in only or []:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is not one of {', '.join(known)}")
    with Warehouse.open(settings) as warehouse:
        warehouse.ensure_database(settings.dagster_database)
        warehouse.ensure_database(settings.mlflow_database)
    chosen = [service for service in services if not only or service.name in only]
    heed_signals()
    processes = {}
    try:
        for service in chosen:
            processes[service.name] = start(service, settings)
        for service in chosen:
            if service.url and not answers(service.url, seconds=60):
                late = f"{service.name} has not answered yet; see {settings.logs}"
                console.print(late, style="yellow")
            console.print(f"{service.name:<18} {service.url or 'running':<28} {service.purpose}")
        console.print("Ctrl-C stops them all.")
        ended = first_to_end(processes)
        console.print(f"{ended} ended; its log is {settings.logs / ended}.log", style="red")
        raise typer.Exit(1)
    except KeyboardInterrupt:
        console.print("Stopping.")
    finally:
        stop_all(list(processes.values()))


def main() -> None:
    """Run the command; a warehouse that cannot be reached is a sentence, not a traceback."""
    try:
        app()
    except WarehouseError as error:
        console.print_lines(error, style="red")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""`tenure report data`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.terminal import Terminal
from warehouse import Warehouse, load_settings

report = typer.Typer(
    help="Pages to keep or to send.", no_args_is_help=True, pretty_exceptions_enable=False
)
console = Terminal()


@report.callback()
def reports() -> None:
    """Pages to keep or to send."""


@report.command()
def data(
    company: Annotated[str | None, typer.Option(help="Company. Default: the last one run.")] = None,
    out: Annotated[Path | None, typer.Option(help="File. Default: in the home's reports.")] = None,
) -> None:
    """Where every row went, what contradicts itself, what is missing, and the first step each."""
    from orchestration.reports.data import NothingLoaded, read_report
    from orchestration.reports.page import data_page

    settings = load_settings(company)
    file = out or settings.home / "reports" / f"{settings.company}-data.html"
    try:
        with Warehouse.open(settings) as warehouse:
            page = data_page(read_report(warehouse), settings.company)
    except NothingLoaded as sentence:
        console.print_lines(sentence, style="red")
        raise typer.Exit(2) from sentence
    file.parent.mkdir(parents=True, exist_ok=True)
    # Examples quote rows as delivered: for the owner's eyes.
    file.touch(mode=0o600)
    file.write_text(page, encoding="utf-8")
    console.print(f"Written: {file}", highlight=False)

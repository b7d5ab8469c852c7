"""The commands `tenure map` and `tenure check`. Each reads its options and calls one function."""

import re
from pathlib import Path
from typing import Annotated

import typer

from orchestration.options import Company, Folders, Mappings, Systems, paired_folders
from orchestration.terminal import Terminal
from warehouse import load_settings

console = Terminal()


def system_name(folder: Path) -> str:
    """What a system is called whose files lie in a folder: the folder's name, as databases take
    it."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.casefold()).strip("_")[:30]
    return name if re.match("[a-z]", name) else f"data_{name}".rstrip("_")


def map_exports(
    folder: Annotated[Path, typer.Argument(help="Folder of CSV, Excel, JSON and Parquet files.")],
    source: Annotated[
        str | None, typer.Option(help="What to call the system. Default: the folder's name.")
    ] = None,
    company: Company = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace mappings also where a person edited them.")
    ] = False,
) -> None:
    """Guess what the files of a folder are, and write the mappings for it, to read and edit."""
    from orchestration.onboarding.mapped import NothingMapped, map_folder, print_mapped

    system = source or system_name(folder)
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", system) or system == "canonical":
        raise typer.BadParameter(f"{system!r}: name the system with letters, digits and _.")
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder}: there is no such folder.")
    settings = load_settings(company, default=system_name(Path(system)))
    try:
        with console.status("looking at the files"):
            mapped = map_folder(settings, system, folder, is_forced=force)
    except NothingMapped as sentences:
        console.print_lines(sentences, style="red")
        raise typer.Exit(2) from sentences
    print_mapped(console, mapped, settings)


def check(
    source: Systems = None,
    data: Folders = None,
    mappings: Mappings = None,
    company: Company = None,
) -> None:
    """Load into a database that is dropped afterwards, and say what became of each row."""
    from orchestration.onboarding.checked import check_company, print_checked
    from orchestration.run import RunRefused

    asked = paired_folders(source or [], data or [], mappings)
    settings = load_settings(company, default="_".join(asked) if asked else None)
    try:
        with console.status("loading into a scratch database"):
            checked = check_company(settings, asked, mappings)
    except RunRefused as refusal:
        console.print_lines(refusal, style="red")
        raise typer.Exit(2) from refusal
    print_checked(console, checked)
    if not checked.is_loaded:
        raise typer.Exit(1)

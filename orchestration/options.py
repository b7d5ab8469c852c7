"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Company = Annotated[
    str | None, typer.Option(help="Company (one database each). Default: the last one run.")
]
Systems = Annotated[
    list[str] | None, typer.Option("--source", help="System: a folder of mappings, or canonical.")
]
Folders = Annotated[list[Path] | None, typer.Option(help="Folder of that system's files.")]
Mappings = Annotated[
    Path | None,
    typer.Option(
        help="Folder with a folder of mappings for each --source; remembered. Default: the "
        "company's own, as tenure map writes them, then those that come with Tenure."
    ),
]


def paired_folders(
    systems: list[str], folders: list[Path], mappings: Path | None = None
) -> dict[str, Path]:
    """Each --source with its --data, in the order given; raises typer.BadParameter if uneven, or
    where --mappings has no --source."""
    if len(systems) != len(folders):
        raise typer.BadParameter("Give one --data folder for each --source.")
    if mappings and not systems:
        raise typer.BadParameter("--mappings goes with the --source whose mappings it holds.")
    return dict(zip(systems, folders, strict=True))

"""How one file becomes rows of one table. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sources.guessing.derived import Line
from sources.guessing.tables import FileLook
from sources.guessing.usage import Wide


@dataclass(frozen=True)
class Plan:
    """How one file (or its like) becomes rows of one table.

    `missing` are required columns that nothing gives; `passes_all` is whether the other columns of
    the file go to `attributes`; `where` is the header that a row must have to be one; `looked_up`
    is the file in which its customers are found.
    """

    table: str
    file: FileLook
    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    dates: tuple[str, ...]
    wide: Wide | None = None
    passes_all: bool = True
    where: str | None = None
    notes: tuple[str, ...] = ()
    alias: str = ""
    looked_up: FileLook | None = None

"""What became of one table of a delivery."""

from __future__ import annotations

from dataclasses import dataclass


class IngestError(RuntimeError):
    """Nothing usable is left of a delivery. The message says why, one line per reason."""


@dataclass(frozen=True)
class TableLoad:
    """What became of one table of a delivery.

    `status` is `loaded`, `unchanged` (the delivery that was loaded last; nothing was read),
    `failed` (what was loaded before stays) or `absent` (not delivered).
    `problems` are sentences for people, each naming the file, and the row where there is one.
    """

    system: str
    source: str
    table: str
    status: str
    files: tuple[str, ...] = ()
    rows_in: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    problems: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.source}.{self.table}"

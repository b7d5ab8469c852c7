"""A landing of events while it is made: what has to be read, what was written, what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sources.checks import Counts
from sources.fingerprints import Fingerprint
from sources.lake import Catalogue, LandedFile, Part
from sources.landing import Landed


@dataclass(frozen=True)
class Landing:
    """The catalogue after a landing, which `is_recorded`, or else was given up. It `is_usable`
    when it leaves events in the lake."""

    catalogue: Catalogue
    is_usable: bool
    is_recorded: bool = True

    @property
    def counts(self) -> Counts:
        return self.catalogue.counts

    @property
    def is_emptied(self) -> bool:
        """Whether all events of the lake were withdrawn, and the roll-ups hold them still."""
        return not self.catalogue.parts and bool(self.catalogue.removed)


@dataclass(frozen=True)
class Plan:
    """What a landing has to do. `touched` are files with new times and the same content."""

    to_land: list[Landed]
    gone: list[str]
    touched: list[LandedFile]
    lookups: list[LandedFile]
    prints: dict[str, Fingerprint]
    mapping_hash: str
    is_whole: bool
    departed: tuple[str, ...]

    @classmethod
    def of_leaving(cls, catalogue: Catalogue, files: list[str]) -> Plan:
        """Files leave, and none is there to be read.

        All leave with one that the others were looked up in: their events cannot be read any more.
        """
        if any(catalogue.files[name].is_lookup for name in files):
            files = list(catalogue.files)
        return cls([], files, [], [], {}, "", is_whole=False, departed=())


@dataclass
class Draft:
    """A landing being made: what the lake will hold, by name, and what is new in it."""

    files: dict[str, LandedFile]
    parts: dict[str, Part]
    landed: dict[str, LandedFile] = field(default_factory=dict)
    written: dict[str, Part] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Draft:
        return cls(dict(catalogue.files), dict(catalogue.parts))

    def withdraw(self, files: Sequence[str]) -> None:
        for name in files:
            self.files.pop(name, None)
        for part in [part for part in self.parts.values() if part.file in files]:
            self._remove(part)

    def add(self, file: LandedFile, part: Part | None) -> None:
        self.files[file.file] = self.landed[file.file] = file
        if part is not None:
            self.parts[part.part] = self.written[part.part] = part

    def shrink(self, losing: Part, kept: Part | None, rows: int, late: int = 0) -> None:
        """Put what is `kept` in the place of a part that lost `rows` to another file."""
        self._remove(losing)
        file = self.files[losing.file]
        self.add(
            replace(
                file,
                rows_loaded=file.rows_loaded - rows,
                rows_duplicate=file.rows_duplicate + rows,
                rows_repeated=file.rows_repeated + rows,
                rows_late=file.rows_late - late,
            ),
            kept,
        )

    def _remove(self, part: Part) -> None:
        del self.parts[part.part]
        # A part that this landing wrote is in no row yet.
        if self.written.pop(part.part, None) is None:
            self.removed.add(part.part)

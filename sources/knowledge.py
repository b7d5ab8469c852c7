"""The roll-ups' SQL, and what it has to know of all events together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from sources.lake import Part

ROLLUPS = Path(__file__).resolve().parent / "rollups"


@dataclass(frozen=True)
class Knowledge:
    """What all events together say; see knowledge.sql."""

    last_date: date
    has_users: bool
    has_feature_users: bool
    has_sessions: bool
    has_api_calls: bool
    has_data_bytes: bool

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Knowledge:
        kept = list(parts)
        return cls(
            max(part.last_date for part in kept),
            any(part.has_users for part in kept),
            any(part.has_feature_users for part in kept),
            any(part.has_sessions for part in kept),
            any(part.has_api_calls for part in kept),
            any(part.has_data_bytes for part in kept),
        )

    @property
    def sql(self) -> str:
        flags = {name: value for name, value in asdict(self).items() if name != "last_date"}
        columns = ", ".join(f"{str(value).lower()} as {name}" for name, value in flags.items())
        return f"select date '{self.last_date}' as last_date, {columns}"


def rollup_sql(full_name: str) -> str:
    """The select over `events` and `knowledge` that fills a contract table."""
    return (ROLLUPS / f"{full_name.split('.')[1]}.sql").read_text(encoding="utf-8")


def knowledge_sql() -> str:
    """The select over `events` that gives `knowledge`."""
    return (ROLLUPS / "knowledge.sql").read_text(encoding="utf-8")

"""Fingerprints of files: what says, without parsing it, that a file is the one that was landed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Fingerprint:
    """Size and time of a file's last change, and a hash of its content."""

    size: int
    modified_at: datetime
    sha256: str


def fingerprint(path: Path, known: Fingerprint | None = None) -> Fingerprint:
    """The file's fingerprint; its content is read only when size or time differ from `known`."""
    stat = path.stat()
    # Whole microseconds: the warehouse keeps no more.
    modified_at = EPOCH + timedelta(microseconds=stat.st_mtime_ns // 1000)
    if known is not None and (known.size, known.modified_at) == (stat.st_size, modified_at):
        return known
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Fingerprint(stat.st_size, modified_at, digest)


def combined(parts: Mapping[str, str]) -> str:
    """One hash of named texts."""
    text = "\x1e".join(f"{name}\x1f{content}" for name, content in sorted(parts.items()))
    return hashlib.sha256(text.encode()).hexdigest()

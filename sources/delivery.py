"""Whether a delivery is the one that was loaded last: files by content, and what reads them.

A file whose size and time of change are those on record is not opened; otherwise its content
decides, so that a copy with a new time is still the same delivery.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sources.contract import Rule, Table
from sources.fingerprints import Fingerprint, fingerprint
from sources.landing import Landed
from sources.money import MINOR_UNITS, PLAUSIBLE_AMOUNTS
from warehouse import Warehouse

KNOWN = """
select size_bytes, modified_at, sha256 from tenure.file_fingerprints
where system = %(system)s and file = %(file)s
"""

SAVE = """
insert into tenure.file_fingerprints (system, file, size_bytes, modified_at, sha256)
values (%(system)s, %(file)s, %(size)s, %(modified_at)s, %(sha256)s)
on conflict (system, file) do update set
    size_bytes = excluded.size_bytes,
    modified_at = excluded.modified_at,
    sha256 = excluded.sha256
"""


@dataclass(frozen=True)
class Reading:
    """All that decides, beside the files, what a delivery of a table becomes."""

    table: Table
    sql: str
    rules: Sequence[Rule]


@cache
def code_digest() -> str:
    """Hash of what this package reads by: rows that another version read are read again."""
    digest = hashlib.sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.py")), MINOR_UNITS, PLAUSIBLE_AMOUNTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def content_hash(warehouse: Warehouse, system: str, file: Landed) -> str:
    """SHA-256 of a delivered file's content, read only where size or time have changed."""
    place = {"system": system, "file": file.name}
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(KNOWN, place)
        found = cursor.fetchone()
        known = Fingerprint(*found) if found else None
        now = fingerprint(file.path, known)
        if now != known:
            cursor.execute(SAVE, {**place, **vars(now)})
    return now.sha256


def delivery_digest(files: Iterable[tuple[str, str]], reading: Reading) -> str:
    """One hash of the files (name and content hash) and of everything that reads them."""
    columns = [(column.name, column.data_type) for column in reading.table.columns]
    content = [
        sorted(files),
        columns,
        [repr(rule) for rule in reading.rules],
        reading.sql,
        code_digest(),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()

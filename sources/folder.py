"""What a delivery's folder holds: files that are expected, and files that nothing reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path

from sources.contract import Contract
from sources.events import EVENTS
from sources.landing import find_files, find_table_files
from sources.mapping import Mapping
from sources.table_load import IngestError

# What a person may have meant as data. Anything else in a folder (a README, a picture) is not.
DATA_SUFFIXES = (
    ".csv", ".csv.gz", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xls",
    ".ods", ".gz", ".zip", ".avro", ".orc", ".xml",
)  # fmt: skip
SHOWN = 10


def expect_files(
    contract: Contract, mappings: dict[str, Mapping], system: str, folder: Path
) -> None:
    """Raise IngestError when the folder holds nothing that the system is read from."""
    patterns = sorted({pattern for mapping in mappings.values() for pattern in mapping.files})
    if mappings:
        found = any(find_files(folder, pattern) for pattern in patterns)
    else:
        patterns = [f"{table.full_name}.csv" for table in contract.tables[:4]] + ["…"]
        names = [table.full_name for table in (*contract.tables, EVENTS)]
        found = any(find_table_files(folder, name) for name in names)
    if not found:
        raise IngestError(
            f"{folder}: holds no file that {system} is read from ({', '.join(patterns)})"
        )


def unread_files(contract: Contract, mappings: dict[str, Mapping], folder: Path) -> list[str]:
    """A sentence for each file in the folder that nothing reads."""
    tables = [table.full_name for table in (*contract.tables, EVENTS)]
    patterns = [pattern for mapping in mappings.values() for pattern in mapping.files]
    found = [file for pattern in patterns for file in find_files(folder, pattern)]
    if not mappings:
        found = [file for name in tables for file in find_table_files(folder, name)]
    return name_unread(folder, {file.name for file in found}, [] if mappings else tables)


def name_unread(folder: Path, read: Collection[str], tables: Iterable[str]) -> list[str]:
    """A sentence for each data file in `folder` (not below it) that is not among `read`.

    `read` are paths below the folder, `tables` the names that files in contract form may have.
    """
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file()
        and not path.name.startswith(".")
        and path.name.casefold().endswith(DATA_SUFFIXES)
        and path.name not in read
    )
    by_name = {table.casefold(): table for table in tables}
    sentences = [f"{name}: nothing reads this file{_advice(name, by_name)}" for name in names]
    more = len(sentences) - SHOWN
    return sentences[:SHOWN] + ([f"and {more} more files that nothing reads"] if more > 0 else [])


def _advice(name: str, by_name: dict[str, str]) -> str:
    suffix = next(s for s in DATA_SUFFIXES if name.casefold().endswith(s))
    stem = name[: -len(suffix)].casefold()
    guess = get_close_matches(stem, by_name, n=1, cutoff=0.8)
    if guess and by_name:
        table = by_name[guess[0]]
        return f"; if it belongs to {table}, call it {table}.csv or put it into a folder {table}"
    return ""

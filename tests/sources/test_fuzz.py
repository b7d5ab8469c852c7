"""Damaged files end in rows that are loaded or quarantined, or are refused with a reason.

TENURE_FUZZED_FILES sets how many are tried, TENURE_FUZZED_FROM from which seed on.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sources import Contract, IngestError, TableLoad, ingest, reconcile_quarantine
from tests.sources.conftest import write_files
from tests.sources.test_excel import write_book
from tests.sources.written_company import Rows, company_as_text
from warehouse import Warehouse

FILES = int(os.environ.get("TENURE_FUZZED_FILES", "200"))
FIRST = int(os.environ.get("TENURE_FUZZED_FROM", "0"))
LONGEST_SECONDS = 300
# What no valid export has in a cell, and some have.
ODD = (
    "\x00", "\x1b[2J", "\u202e", "\ufeff", "\ud7ff", '"', "''", ",", ";", "\r", "\n", "\\", "=1+1",
    "NaN", "Infinity", "-0", "1e400", "9" * 40, "-1", "0001-01-01", "9999-12-31", "2024-02-30",
    "{}", "[1", "<b>", "%s", "{{ x }}", "'; drop table crm.accounts; --", "x" * 100_000,
)  # fmt: skip


def as_csv(header: list[str], rows: Rows) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def flip_bytes(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 20)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut_short(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content))]


def insert_bytes(chance: random.Random, content: bytes) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + chance.choice(ODD).encode() + content[place:]


def drop_lines(chance: random.Random, content: bytes) -> bytes:
    return b"\n".join(line for line in content.split(b"\n") if chance.random() < 0.7)


def repeat_lines(chance: random.Random, content: bytes) -> bytes:
    return b"\n".join(line for line in content.split(b"\n") for _ in range(chance.randint(1, 2)))


def shuffle_lines(chance: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def other_encoding(chance: random.Random, content: bytes) -> bytes:
    encoding = chance.choice(("utf-16", "utf-16-le", "utf-32", "cp500"))
    return content.decode().encode(encoding, "replace")


OF_PACKED = (flip_bytes, cut_short, insert_bytes)
OF_BYTES = (*OF_PACKED, drop_lines, repeat_lines, shuffle_lines, other_encoding)
OF_TEXT = ("csv", "json", "jsonl")
# CSV as often as all others together.
ENDINGS = (*["csv"] * 5, "csv.gz", "json", "jsonl", "xlsx", "parquet")


def drop_column(chance: random.Random, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    place = chance.randrange(len(header))
    return header[:place] + header[place + 1 :], [row[:place] + row[place + 1 :] for row in rows]


def odd_cells(chance: random.Random, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return header, [
        [chance.choice(ODD) if chance.random() < 0.05 else cell for cell in row] for row in rows
    ]


def swap_headers(chance: random.Random, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return chance.sample(header, len(header)), rows


def odd_header(chance: random.Random, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    place = chance.randrange(len(header))
    odd = chance.choice((*ODD, "", header[0], "_row", "_file", header[place].upper()))
    return [*header[:place], odd, *header[place + 1 :]], rows


def ragged_rows(chance: random.Random, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return header, [
        row[: chance.randint(0, len(row))] if chance.random() < 0.1 else row for row in rows
    ]


OF_ROWS = (drop_column, odd_cells, swap_headers, odd_header, ragged_rows)


def damaged(
    chance: random.Random, header: list[str], rows: Rows, folder: Path
) -> tuple[str, bytes]:
    """The ending of a file's name, and the table in that format after up to three damages."""
    for _ in range(chance.randint(0, 2)):
        header, rows = chance.choice(OF_ROWS)(chance, header, rows) if header else (header, rows)
    ending = chance.choice(ENDINGS)
    content = written(ending, header, rows, folder)
    if chance.random() < 0.6 and content:
        harm = OF_BYTES if ending in OF_TEXT else OF_PACKED
        content = chance.choice(harm)(chance, content)
    return ending, content


def written(ending: str, header: list[str], rows: Rows, folder: Path) -> bytes:
    """Header and rows as a file of one format; JSON and Parquet hold a name once."""
    records = [dict(zip(header, row, strict=False)) for row in rows]
    match ending:
        case "csv":
            return as_csv(header, rows)
        case "csv.gz":
            return gzip.compress(as_csv(header, rows))
        case "json":
            return json.dumps(records).encode()
        case "jsonl":
            return "\n".join(map(json.dumps, records)).encode()
        case "xlsx":
            cells = [["" if cell is None else cell for cell in row] for row in (header, *rows)]
            return write_book(folder / "written.xlsx", {"Sheet": cells}).path.read_bytes()
        case _:
            sink = io.BytesIO()
            columns = {name: [row.get(name) for row in records] for name in header}
            pq.write_table(
                pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), sink
            )
            return sink.getvalue()


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """A file that hangs the load must fail a test, not the machine."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"the load took more than {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def check_load(load: TableLoad, held: int) -> None:
    """What was read went somewhere, and a refusal says why."""
    if load.status == "loaded":
        assert load.rows_in == load.rows_loaded + load.rows_quarantined + load.rows_duplicate, load
        assert held == load.rows_loaded, load
    if load.status == "failed":
        assert load.problems and all(problem.strip() for problem in load.problems), load
    if load.rows_quarantined and load.status == "loaded":
        assert any("quarantined by" in problem for problem in load.problems), load


def test_damaged_files_are_loaded_quarantined_or_refused(
    fresh_company: Callable[[], Warehouse], contract: Contract, tmp_path: Path
) -> None:
    company = company_as_text(tmp_path / "simulated", rows=40)
    warehouse = fresh_company()
    refused = 0
    for seed in range(FIRST, FIRST + -(-FILES // len(company))):
        chance = random.Random(seed)
        files = {}
        # Without its customers, who need their managers, a company has nothing else to show.
        spared = ("crm.csms", "crm.accounts") if chance.random() < 0.7 else ()
        for name, (header, rows) in company.items():
            ending, content = (
                ("csv", as_csv(header, rows))
                if name in spared
                else damaged(chance, header, rows, tmp_path)
            )
            files[f"{name}.{ending}"] = content
        folder = write_files(tmp_path / f"delivery {seed}", files)
        try:
            with no_longer_than(LONGEST_SECONDS):
                loads = ingest(warehouse, warehouse.settings, contract, "canonical", folder)
                for load in loads:
                    check_load(load, held(warehouse, load))
                reconcile_quarantine(warehouse, contract)
        except IngestError as error:
            assert str(error).strip()
            refused += 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of a library written in Rust is no Exception
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
    assert refused < FILES // len(company), "every delivery was refused: nothing was tried"


def held(warehouse: Warehouse, load: TableLoad) -> int:
    """Rows of the table that hold after its load; events live in the lake and are counted there."""
    if load.full_name == "product.events":
        return load.rows_loaded
    found = warehouse.read_arrow(
        f"select count(*) as number from {load.full_name} where _superseded_at is null"
    )
    return found["number"][0].as_py()

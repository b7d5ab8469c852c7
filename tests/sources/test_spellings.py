"""One company written out in random spellings is one company: not a row in the warehouse changes.

TENURE_SPELLING_TRIALS sets how many are tried, TENURE_SPELLING_FROM from which seed on.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sources import Contract, ingest
from sources.contract import Table
from sources.events import EVENTS
from tests.sources.conftest import write_files
from tests.sources.written_company import Rows, company_as_text
from warehouse import Warehouse

TRIALS = int(os.environ.get("TENURE_SPELLING_TRIALS", "5"))
FIRST = int(os.environ.get("TENURE_SPELLING_FROM", "0"))

HEADERS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.title,
    lambda name: name.replace("_", " ").capitalize(),
    lambda name: name.replace("_", "-"),
    lambda name: name.title().replace("_", ""),
    lambda name: f"  {name} ",
)
NULLS = ("", "NULL", "n/a", "None", "NaN", " ", "-", "\u00a0", "#N/A")
BLANKS = ("", "", " ", "\t", "\u200b")
BOOLEANS = (("true", "false"), ("TRUE", "FALSE"), ("t", "f"), ("1", "0"))
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d %b %Y", "%B %d, %Y", "%d-%b-%Y")
TIMES = ("%Y-%m-%d %H:%M:%S.%f+00", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S.%f")
ENDINGS = ("csv", "csv.gz", "json", "jsonl")


def write_in_a_spelling(
    chance: random.Random, table: Table, header: list[str], rows: Rows
) -> tuple[str, bytes]:
    """A file of the table's rows: the ending of its name, and its bytes."""
    spell = chance.choice(HEADERS)
    columns = [
        (spell(name), spelled_column(chance, table, name, [row[place] for row in rows]))
        for place, name in enumerate(header)
    ]
    chance.shuffle(columns)
    names = [name for name, _ in columns]
    records = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
    records += chance.choices(records, k=chance.randint(0, 2)) if records else []
    ending = chance.choice(ENDINGS if records else ENDINGS[:2])
    if ending.startswith("csv"):
        content = as_csv(chance, names, records)
        return ending, gzip.compress(content) if ending == "csv.gz" else content
    objects = [dict(zip(names, record, strict=True)) for record in records]
    lines = "\n".join(json.dumps(each) for each in objects)
    return ending, (json.dumps(objects) if ending == "json" else lines).encode()


def spelled_column(
    chance: random.Random, table: Table, name: str, cells: list[str | None]
) -> list[str]:
    """The cells of a column as one export would write them all."""
    null, blank = chance.choice(NULLS), chance.choice(BLANKS)
    write = spelling_of(chance, table, name, [cell for cell in cells if cell is not None])
    return [null if cell is None else f"{blank}{write(cell)}{blank}" for cell in cells]


def spelling_of(
    chance: random.Random, table: Table, name: str, cells: list[str]
) -> Callable[[str], str]:
    """How the values of a column are written."""
    types = {column.name: column.data_type for column in table.columns}
    is_code = any(
        rule.columns == (name,) and rule.kind in ("accepted_values", "iso_currency")
        for rule in table.rules
    )
    match types.get(name):
        case "date" | "timestamptz":
            moments = [datetime.fromisoformat(cell) for cell in cells]
            has_clock = any(moment.timetuple()[3:6] != (0, 0, 0) for moment in moments)
            pattern = chance.choice(TIMES if has_clock else DAYS)
            return lambda cell: datetime.fromisoformat(cell).strftime(pattern)
        case "boolean":
            true, false = chance.choice(BOOLEANS)
            return lambda cell: true if cell == "true" else false
        case "integer" | "bigint" if chance.random() < 0.5:
            return lambda cell: f"{int(cell):,}"
        case "text" if is_code:
            return chance.choice((str, str.lower, str.upper, str.title))
        case _:
            return str


def as_csv(chance: random.Random, names: list[str], records: list[list[str]]) -> bytes:
    text = io.StringIO()
    quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    end = chance.choice(("\n", "\r\n"))
    csv.writer(text, lineterminator=end, quoting=quoting).writerows([names, *records])
    return (chance.choice(("", "\ufeff")) + text.getvalue()).encode()


def plain_files(company: dict[str, tuple[list[str], Rows]]) -> dict[str, bytes]:
    """Each table as the CSV file that the contract describes."""
    return {
        f"{name}.csv": as_csv(random.Random(0), header, [[cell or "" for cell in r] for r in rows])
        for name, (header, rows) in company.items()
    }


def spelled_files(
    seed: int, tables: dict[str, Table], company: dict[str, tuple[list[str], Rows]]
) -> dict[str, bytes]:
    """Each table in a spelling of its own, which the seed decides."""
    chance = random.Random(seed)
    files = {}
    for name, (header, rows) in company.items():
        ending, content = write_in_a_spelling(chance, tables[name], header, rows)
        files[f"{name}.{ending}"] = content
    return files


def test_a_company_in_another_spelling_is_the_same_company(
    fresh_company: Callable[[], Warehouse], contract: Contract, tmp_path: Path
) -> None:
    company = company_as_text(tmp_path / "simulated", rows=40)
    tables = {table.full_name: table for table in (*contract.tables, EVENTS)}
    warehouse = fresh_company()
    first: dict[str, list] = {}
    for seed in (-1, *range(FIRST, FIRST + TRIALS)):
        files = plain_files(company) if seed < 0 else spelled_files(seed, tables, company)
        folder = write_files(tmp_path / f"delivery {seed}", files)
        loads = ingest(warehouse, warehouse.settings, contract, "canonical", folder)
        bad = [load for load in loads if load.status == "failed" or load.rows_quarantined]
        assert bad == [], f"seed {seed}"
        found = {table.full_name: kept_rows(warehouse, table) for table in contract.tables}
        first = first or found
        assert found["crm.accounts"] and found["product.account_days"]
        differing = [name for name, rows in found.items() if rows != first[name]]
        assert differing == [], f"seed {seed}"


def kept_rows(warehouse: Warehouse, table: Table) -> list:
    """All rows of a table, superseded ones too; of the roll-ups what they say."""
    is_rolled_up = table.source == "product" and table.name != "features"
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    of_time = "" if is_rolled_up else ", _row_hash, _recorded_at, _superseded_at"
    found = warehouse.read_arrow(
        f"select to_jsonb(kept)::text as row from (select {columns}{of_time} "
        f"from {table.full_name}) as kept order by 1"
    )
    return found["row"].to_pylist()

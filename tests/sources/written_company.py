"""A small company as text: what the tests write out in other spellings, or damage."""

from __future__ import annotations

from pathlib import Path

import duckdb

from simulator import write_company
from sources.landing import literal, quoted

Rows = list[list[str | None]]


def company_as_text(folder: Path, rows: int) -> dict[str, tuple[list[str], Rows]]:
    """Header and at most `rows` rows of each table of a company simulated in `folder`."""
    made = write_company(folder, accounts=12, months=3).folder
    tables = {}
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        for path in sorted([*made.glob("*.csv"), *made.glob("*.parquet"), made / "product.events"]):
            name = path.name.removesuffix(path.suffix) if path.is_file() else path.name
            files = literal(str(path if path.is_file() else path / "*.parquet"))
            reader = f"read_csv({files}, all_varchar = true)" if path.suffix == ".csv" else files
            read = con.execute(f"select * from {reader} limit {rows}")
            header = [column[0] for column in read.description or []]
            texts = ", ".join(f"{quoted(column)}::varchar" for column in header)
            found = con.execute(f"select {texts} from {reader} limit {rows}").fetchall()
            tables[name] = (header, [list(row) for row in found])
    return tables

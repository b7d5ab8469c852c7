"""What the files say against themselves, and how it was read: a line for each finding."""

from collections.abc import Mapping
from typing import Any

from orchestration.terminal import Terminal, plain
from warehouse import Warehouse

FINDINGS_SQL = """
select
    case when is_correction then 'Corrected' else 'Found' end as kind,
    rows_affected,
    source || '.' || table_name as full_name,
    sentence,
    example,
    first_step
from marts.data_findings
order by is_correction desc, full_name, finding, system
"""
IS_BUILT_SQL = "select to_regclass('marts.data_findings') is not null"


def finding_lines(warehouse: Warehouse) -> list[str]:
    """A sentence per finding with its count and an example; none before the first build."""
    if not warehouse.read(IS_BUILT_SQL).iloc[0, 0]:
        return []
    return [
        finding_line(row)  # pyright: ignore[reportArgumentType]
        for row in warehouse.read(FINDINGS_SQL).to_dict("records")
    ]


def finding_line(row: Mapping[str, Any]) -> str:
    """A finding in words. Its sentence speaks of rows, be there one or many."""
    number, example = row["rows_affected"], str(row["example"])[:60]
    such = f"1 such row: {example}" if number == 1 else f"{number:,} such rows, for one: {example}"
    step = f" {row['first_step']}." if isinstance(row["first_step"], str) else ""
    return f"{row['kind']}: rows of {row['full_name']} {row['sentence']} ({such}).{step}"


def print_findings(console: Terminal, warehouse: Warehouse) -> None:
    """Print the findings."""
    for line in finding_lines(warehouse):
        console.print(plain(line), highlight=False, soft_wrap=True)

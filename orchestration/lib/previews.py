"""Small tables that Dagster shows as Markdown beside an asset."""

import pandas as pd

from warehouse.plain_text import markdown


def calibration_preview(bins: pd.DataFrame) -> str:
    """Predicted against observed rate, a line for each tenth of the accounts, as Markdown."""
    if bins.empty:
        return "No model was trained."
    lines = [
        f"| {row.bin} | {row.predicted:.1%} | {row.observed:.1%} | {row.rows:,.0f} |"
        for row in bins.itertuples(index=False)
    ]
    return "\n".join(
        ["| tenth, highest first | predicted | observed | rows |", "|--:|--:|--:|--:|", *lines]
    )


def quarantine_preview(counts: pd.DataFrame) -> str:
    """What is in quarantine, a line for each table and rule, as Markdown."""
    if counts.empty:
        return "No row is in quarantine."
    lines = [
        f"| {markdown(row.of_table)} | {markdown(row.rule)} "
        f"| {row.row_count:,} | {row.file_count:,} |"
        for row in counts.itertuples(index=False)
    ]
    return "\n".join(["| table | rule | rows | files |", "|---|---|--:|--:|", *lines])

"""Data: what became of every delivered row, what does not fit, what is missing, the first step."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards import components, data, formatting
from dashboards.data_report import DataReport, Finding
from dashboards.states import no_accounts
from warehouse.plain_text import markdown, spreadsheet

KINDS = {
    "quarantined": "Quarantined rows",
    "corrected": "Corrected cells",
    "read_otherwise": "Read otherwise than it stands",
    "contradictions": "What contradicts itself",
}
WITHOUT = {
    "quarantined": "no row is in quarantine",
    "corrected": "no cell had to be corrected",
    "read_otherwise": "nothing is read otherwise than it stands",
    "contradictions": "nothing contradicts itself",
}


def main() -> None:
    """Draws the page from the marts."""
    components.page_top(
        "Data",
        "What became of every row that was delivered, and what to look at first.",
        data.load_trust(),
    )
    report = data.load_data_report()
    if not report.balances:
        components.show_state(no_accounts(data.company()))
        return
    _headline(report)
    _sentences("Failed checks", report.checks, "No check of a table has failed.")
    _balances(report)
    _findings(report)
    _sentences("Gaps", report.outages, "No source stopped for longer than its own rhythm explains.")
    _sentences("Not connected", report.missing, "Every source that a signal needs is delivered.")
    notes = [note for balance in report.balances for note in balance.notes]
    _sentences("Notes of the tables' loads", notes, "Nothing.")


def _headline(report: DataReport) -> None:
    rows_in = report.total("rows_in")
    tables = len({balance.table for balance in report.balances})
    with components.cards(5, narrowest=175):
        components.metric("Rows in", formatting.count(rows_in), note=_counted(tables, "table"))
        components.metric(
            "Loaded",
            formatting.count(loaded := report.total("rows_loaded")),
            note=formatting.percent(loaded / rows_in if rows_in else None),
        )
        components.metric(
            "Quarantined",
            formatting.count(report.total("rows_quarantined")),
            note=_counted(len({finding.what for finding in report.quarantined}), "rule"),
            explanation="Rows that break a rule of the contract, kept with the reason.",
        )
        components.metric(
            "Cells corrected",
            formatting.count(report.total("cells_corrected")),
            explanation="Cells that could not be used count as unknown; their rows are loaded.",
        )
        components.metric(
            "Without a health score",
            formatting.count(report.accounts_without_score),
            note=f"of {formatting.count(report.accounts)} customers",
            explanation="Too little is known about them to score them.",
        )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)


def _balances(report: DataReport) -> None:
    components.heading("Where every row went")
    st.dataframe(
        spreadsheet(
            pd.DataFrame(
                {
                    "Table": balance.table,
                    "System": balance.system,
                    "Rows in": balance.rows_in,
                    "Loaded": balance.rows_loaded,
                    "Quarantined": balance.rows_quarantined,
                    "Duplicates": balance.rows_duplicate,
                    "Cells corrected": balance.cells_corrected,
                    "Newest fact": balance.newest,
                    "Loaded at": balance.loaded_at.replace(tzinfo=None),
                }
                for balance in report.balances
            )
        ),
        hide_index=True,
        height="content",
        column_config={
            "Newest fact": st.column_config.DateColumn(
                "Newest fact", format="D MMM YYYY", help="Empty: rows of this table have no day."
            ),
            "Loaded at": st.column_config.DatetimeColumn(
                "Loaded at, UTC", format="D MMM YYYY HH:mm"
            ),
        }
        | {
            name: st.column_config.NumberColumn(name, format="localized")
            for name in ("Rows in", "Loaded", "Quarantined", "Duplicates", "Cells corrected")
        },
        alt="Each table of each system: rows in, loaded, quarantined, duplicates.",
    )
    st.caption(
        "Rows in = loaded + quarantined + duplicates. As of "
        f"{formatting.day(report.as_of_date)}, from `data_balances`."
    )


def _findings(report: DataReport) -> None:
    components.heading("What to look at")
    found = {kind: getattr(report, kind) for kind in KINDS}
    rows = [_row(KINDS[kind], finding) for kind in KINDS for finding in found[kind]]
    if rows:
        st.dataframe(
            spreadsheet(pd.DataFrame(rows)),
            hide_index=True,
            height="content",
            column_config={
                "Rows": st.column_config.NumberColumn("Rows", format="localized"),
                "What": st.column_config.TextColumn("What", width="large"),
                "For example": st.column_config.TextColumn("For example", width="medium"),
                "First step": st.column_config.TextColumn("First step", width="large"),
            },
            alt="Each finding: its table, its rows, an example, what it costs, the first step.",
        )
    without = ", ".join(WITHOUT[kind] for kind in KINDS if not found[kind])
    said = f"{without[0].upper()}{without[1:]}. " if without else ""
    st.caption(
        f"{said}From `quarantine_summary`, `correction_summary` and `data_findings`. "
        "`tenure report data` writes the same as a page to keep, with the rows themselves."
    )


def _row(kind: str, finding: Finding) -> dict[str, object]:
    return {
        "Kind": kind,
        "Table": finding.table,
        "Rows": finding.rows,
        "What": finding.what,
        "For example": finding.example,
        "What it costs": finding.cost,
        "First step": finding.first_step,
    }


def _sentences(title: str, sentences: Sequence[str], without: str) -> None:
    components.heading(title)
    said = [markdown(" ".join(sentence.split())) for sentence in sentences]
    st.markdown("\n".join(f"- {sentence}" for sentence in said) if said else without)


main()

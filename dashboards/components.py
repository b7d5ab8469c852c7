"""The pieces all pages share: page top with trust strip, cards, charts, sources, empty states."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import data, trust
from dashboards.figures import CONFIG
from dashboards.formatting import count, day
from dashboards.frames import newest_day
from dashboards.states import Explanation, no_accounts
from warehouse.plain_text import markdown, spreadsheet


def page_top(title: str, promise: str, company_trust: trust.Trust) -> None:
    """The page's title, its promise in one line, and the trust strip under it."""
    with st.container(gap="xsmall"):
        st.title(title, anchor=False)
        st.caption(promise)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="trust"):
        for fact in trust.facts(company_trust):
            st.badge(
                markdown(fact.text), icon=fact.icon, color=fact.colour, help=markdown(fact.story)
            )
        if company_trust.rows_quarantined:
            with st.popover("What was quarantined", type="tertiary"):
                _quarantine(company_trust.rows_quarantined)
        if company_trust.columns_suspected:
            with st.popover("What must not be learnt from", type="tertiary"):
                _suspected_leaks()
    warning = trust.notice(company_trust)
    if warning:
        st.warning(markdown(warning), icon=":material/balance:")


def _quarantine(waiting: int) -> None:
    rejected = spreadsheet(data.load_quarantine())
    st.markdown(f"**Rows that wait for a better delivery: {count(waiting)}**")
    st.dataframe(
        rejected,
        hide_index=True,
        column_config={
            "system": "System",
            "table_name": "Table",
            "rule": "Rule",
            "rows_rejected": st.column_config.NumberColumn("Rows", format="localized"),
            "example_message": st.column_config.TextColumn("For example", width="large"),
        },
        alt="Rows in quarantine by system, table and rule, with an example.",
    )
    st.caption(
        "From `quarantine_summary`, where a row counts for each rule that it breaks. It leaves "
        "quarantine when it is delivered again and keeps the contract."
    )


def _suspected_leaks() -> None:
    st.dataframe(
        spreadsheet(data.load_suspected_leaks()),
        hide_index=True,
        column_config={
            "system": "System",
            "table_name": "Table",
            "column_name": "Column",
            "told_by": st.column_config.TextColumn(
                "Told by", help="Presence: whether it is there."
            ),
            "auc": st.column_config.NumberColumn(
                "AUC", format="%.2f", help="0.5 tells nothing, 1 tells all."
            ),
            "ended_accounts": st.column_config.NumberColumn("Customers lost", format="localized"),
            "accounts": st.column_config.NumberColumn("of", format="localized"),
        },
        alt="Raw columns that alone tell who has left, by system and table.",
    )
    st.caption(
        "From `suspected_leaks`. How to clear a column that is honest stands in "
        "`docs/operations.md`."
    )


def cards(most: int, *, narrowest: int = 190) -> DeltaGenerator:
    """A grid of at most `most` cards a row, fewer on a narrow screen."""
    return st.grid(columns=most, min_column_width=narrowest, gap="small")


def metric(
    label: str,
    value: str,
    *,
    note: str = "",
    explanation: str | None = None,
) -> None:
    """One key figure as a card; `note` stands under the value."""
    st.metric(
        label,
        value,
        delta=markdown(note) or None,
        # Grey: green and red mean health in this app, not up and down.
        delta_color="off",
        delta_arrow="off",
        help=explanation,
        border=True,
        height="stretch",
    )


def toggle(label: str, options: Mapping[str, str], *, key: str, default: str) -> str:
    """A choice of one, kept in the URL under `key`."""
    chosen = st.segmented_control(
        label,
        list(options),
        format_func=lambda option: options[option],
        default=default,
        required=True,
        key=key,
        bind="query-params",
    )
    return chosen if chosen is not None else default


def choose_many(label: str, options: Mapping[str, str], *, key: str) -> list[str]:
    """A choice of any number, none meaning all, kept in the URL under `key`."""
    return st.multiselect(
        label,
        list(options),
        format_func=lambda option: options.get(option, option),
        placeholder="All",
        key=key,
        bind="query-params",
    )


def search(label: str, placeholder: str, *, key: str) -> str:
    """A search text, kept in the URL under `key`."""
    found = st.text_input(
        label, placeholder=placeholder, icon=":material/search:", key=key, bind="query-params"
    )
    return found or ""


def heading(title: str) -> DeltaGenerator:
    """A section's title; the returned row takes the section's switch, to its right."""
    st.space("small")
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    )
    row.subheader(title, anchor=False, width="content")
    return row


def chart(figure: go.Figure, *, alt: str, key: str) -> None:
    """A figure across its column, described for those who cannot see it."""
    st.plotly_chart(figure, config=CONFIG, alt=alt, key=key)


def source(frame: pd.DataFrame, *marts: str, says: str = "") -> None:
    """What the numbers above mean, as of when, and from which marts."""
    names = ", ".join(f"`{mart}`" for mart in marts)
    st.caption(f"{markdown(says)} As of {day(newest_day(frame))}, from {names}.".strip())


def stop_when_empty(frame: pd.DataFrame) -> None:
    """Ends the page with an explanation when the marts hold no account."""
    if frame.empty:
        show_state(no_accounts(data.company()))
        st.stop()


def show_state(explanation: Explanation) -> None:
    """A state of the warehouse: what is wrong, and the command that helps."""
    with st.container(border=True, key="state"):
        st.subheader(explanation.title, anchor=False)
        st.markdown(explanation.sentence)
        st.caption("Next, in the project's folder:")
        st.code(explanation.command, language="bash")

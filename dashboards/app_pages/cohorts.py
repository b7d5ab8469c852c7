"""Cohorts: how long customers stay, by the quarter in which they signed up."""

import pandas as pd
import streamlit as st

from dashboards import components, data, figures, formatting, measures, wording
from dashboards.frames import column

MEASURES = {
    "logo_retention": "Accounts",
    "revenue_retention": "Revenue, net",
    "gross_revenue_retention": "Revenue, gross",
}
MEANINGS = {
    "logo_retention": "Percent of a quarter's accounts that still pay so many months after their "
    "own sign-up.",
    "revenue_retention": "Percent of a quarter's first monthly revenue still paid so many months "
    "after sign-up, expansion included: above 100, those who stayed outgrew those who left.",
    "gross_revenue_retention": "Percent of a quarter's first monthly revenue still paid so many "
    "months after sign-up, expansion left out.",
}
# Beyond two years a column a month is too narrow for its number: one a quarter then.
WIDEST = 24


def main() -> None:
    """Draws the page from the marts."""
    components.page_top(
        "Cohorts",
        "How long customers stay, by the quarter in which they signed up.",
        data.load_trust(),
    )
    cohorts = data.load_cohorts()
    components.stop_when_empty(cohorts)

    measure = components.toggle("Keep count of", MEASURES, key="measure", default="logo_retention")
    _headline(cohorts, measure)
    _heatmap(cohorts, measure)


def _headline(cohorts: pd.DataFrame, measure: str) -> None:
    with components.cards(4, narrowest=175):
        for month in (3, 6, 12, 24):
            share, accounts = measures.retained_after(cohorts, month, measure)
            components.metric(
                f"Kept after {month} months",
                formatting.percent(share),
                note=(
                    f"{formatting.count(accounts)} accounts are that old"
                    if accounts
                    else "no cohort is that old yet"
                ),
                explanation=f"{MEASURES[measure]}, over all sign-up quarters that are old enough, "
                "weighted by their accounts.",
            )


def _heatmap(cohorts: pd.DataFrame, measure: str) -> None:
    every = 1 if column(cohorts, "months_since").max() <= WIDEST else 3
    matrix = measures.cohort_matrix(cohorts, measure, every)
    if matrix.empty:
        st.info(
            "No sign-up quarter is complete yet, so nothing can be said about it.",
            icon=":material/info:",
        )
        return
    sizes = measures.cohort_sizes(cohorts)
    components.chart(
        figures.cohort_heatmap(matrix, sizes, measure),
        alt=f"Heat map by sign-up quarter and months since. {MEANINGS[measure]}",
        key="heatmap",
    )
    steps = "" if every == 1 else " Every third month is shown."
    components.source(
        cohorts,
        "churn_cohorts",
        says=f"{MEANINGS[measure]} Blank: not known yet, because part of the quarter has not "
        f"reached that age; a blank is not a zero.{steps}"
        # what makes the headline too good to show makes the cohorts too good as well
        f"{wording.retention_missing(data.load_retention())}",
    )


main()

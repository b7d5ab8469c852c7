"""Portfolio: how healthy is the book, which way is it going, and what is at stake."""

import pandas as pd
import streamlit as st

from dashboards import components, data, figures, formatting, measures, wording
from dashboards.frames import column, where
from dashboards.palette import look
from warehouse.plain_text import spreadsheet

DIMENSIONS = {
    "segment": "Segment",
    "industry": "Industry",
    "region": "Region",
    "csm_name": "Success manager",
}
MEASURES = {"accounts": "Accounts", "mrr": "MRR"}


def main() -> None:
    """Draws the page from the marts."""
    trust = data.load_trust()
    components.page_top("Portfolio", "How healthy the customers are, and what is at stake.", trust)
    accounts = data.load_open_accounts()
    components.stop_when_empty(accounts)

    currency = wording.only_currency(accounts)
    weekly = data.load_portfolio_weekly()
    history = measures.tiers_over_time(weekly)
    _headline(accounts, history, currency, has_risk=trust.passes_quality_gate)
    _health(accounts, history, currency)
    _movements(accounts)
    _retention(accounts)
    _risk(accounts, currency, has_risk=trust.passes_quality_gate)


def _headline(
    accounts: pd.DataFrame, history: pd.DataFrame, currency: str | None, *, has_risk: bool
) -> None:
    retention = data.load_retention()
    period = wording.retention_period(retention)
    weekly_accounts = measures.total_over_time(history, "accounts")
    weekly_mrr = measures.total_over_time(history, "mrr")
    with components.cards(6):
        components.metric(
            "Open accounts",
            formatting.count(len(accounts)),
            note=wording.change_since(weekly_accounts, formatting.signed_count),
            explanation="Accounts with a subscription that covers the as-of date.",
        )
        components.metric(
            "MRR",
            formatting.money(measures.total(accounts, "mrr"), currency, compact=True),
            note=wording.change_since(
                weekly_mrr,
                lambda change: formatting.signed_money(change, currency),
            ),
            explanation="Monthly recurring revenue before discounts, at each week's rates.",
        )
        components.metric(
            "Net revenue retention",
            formatting.percent(retention.nrr if retention else None),
            note=period,
            explanation="What the accounts that paid at the start of the period pay at its end, "
            "expansion included, new accounts not.",
        )
        components.metric(
            "Gross revenue retention",
            formatting.percent(retention.grr if retention else None),
            note=period,
            explanation="As net retention, without expansion: it cannot exceed 100 %.",
        )
        components.metric(
            "Logo churn",
            formatting.percent(retention.logo_churn if retention else None),
            note=wording.accounts_lost(retention),
            explanation="Share of the accounts paying at the start of the same period that had "
            "left at its end.",
        )
        _risk_metric(accounts, currency, has_risk=has_risk)
    components.source(
        accounts,
        "customer_health",
        "portfolio_weekly",
        "retention_trailing",
        says=wording.without_mrr(accounts) + wording.retention_missing(retention),
    )


def _risk_metric(accounts: pd.DataFrame, currency: str | None, *, has_risk: bool) -> None:
    mrr = measures.total(accounts, "mrr")
    if has_risk:
        at_risk = measures.total(accounts, "mrr_at_risk")
        components.metric(
            "MRR at risk",
            formatting.money(at_risk, currency, compact=True),
            note=wording.share_of_mrr(at_risk, mrr),
            explanation="Each account's MRR times its churn probability, added up: the MRR "
            "expected to leave within the model's horizon.",
        )
        return
    red = measures.red_mrr(accounts)
    components.metric(
        "MRR in red accounts",
        formatting.money(red, currency, compact=True),
        note=wording.share_of_mrr(red, mrr) if red is not None else "no account has a tier",
        explanation="No trusted churn model, so this counts accounts by health score alone.",
    )


def _health(accounts: pd.DataFrame, history: pd.DataFrame, currency: str | None) -> None:
    with components.heading("Health of the book"):
        measure = components.toggle("Count by", MEASURES, key="health_by", default="mrr")
    tiers = measures.tiers_now(accounts)
    with st.grid(columns=2, min_column_width=420, gap="medium") as grid:
        with grid.cell():
            st.markdown("**Now**")
            components.chart(
                figures.tier_bars(tiers, measure, currency),
                alt="Bars: " + wording.tier_sentence(tiers, measure),
                key="tiers_now",
            )
        with grid.cell():
            st.markdown("**Week by week**")
            shares = measures.tier_shares(history, measure)
            if shares.empty:
                st.info(
                    "No week's MRR is known in full, for want of exchange rates. Count by accounts "
                    "instead.",
                    icon=":material/info:",
                )
            else:
                components.chart(
                    figures.tier_history(shares, tiers, measure),
                    alt="Stacked areas: each health tier's share per week, worst at the bottom.",
                    key="tiers_over_time",
                )
    grey = measures.total(where(tiers, tiers["colour"] == "grey"), "accounts")
    components.source(
        accounts,
        "customer_health",
        "portfolio_weekly",
        says=f"{look('grey').symbol} Too little is known about {formatting.count(grey)} accounts "
        "to score them; they are not counted as healthy."
        if grey
        else "",
    )


def _movements(accounts: pd.DataFrame) -> None:
    months = data.load_movements()
    components.heading("MRR movements")
    currency = wording.only_currency(months)
    if months.empty or currency is None:
        st.info("No subscription has started yet, so MRR has not moved.", icon=":material/info:")
        return
    shown, opening = measures.ledger(months)
    components.chart(
        figures.movement_bars(shown, currency),
        alt=wording.movement_sentence(shown, currency),
        key="movements",
    )
    components.source(
        accounts,
        "fct_mrr_movements",
        says="What came stands above the line, what went below; the last month runs to the as-of "
        f"date.{wording.opening_book(opening, currency)}{wording.left_out(months)}",
    )


def _retention(accounts: pd.DataFrame) -> None:
    retentions = data.load_retentions()
    # one segment alone is the company over again
    if len(retentions) < 3:
        return
    components.heading("Retention by segment")
    st.dataframe(
        spreadsheet(wording.by_segment(retentions)),
        hide_index=True,
        column_config={
            "segment": "Segment",
            "nrr": st.column_config.NumberColumn("Net revenue retention", format="percent"),
            "grr": st.column_config.NumberColumn("Gross revenue retention", format="percent"),
            "logo_churn": st.column_config.NumberColumn("Logo churn", format="percent"),
            "cohort_accounts": st.column_config.NumberColumn("Accounts", format="localized"),
            "period": st.column_config.TextColumn("Period, or why there is none", width="large"),
        },
        alt="Net and gross revenue retention and logo churn of each segment.",
    )
    components.source(
        accounts,
        "retention_trailing",
        says="Each segment by the longest period that its accounts can speak for; an account is "
        "in the segment that it had at the period's start.",
    )


def _risk(accounts: pd.DataFrame, currency: str | None, *, has_risk: bool) -> None:
    with components.heading("Where the risk sits"):
        dimension = components.toggle("Cut by", DIMENSIONS, key="cut", default="segment")
    measure = "mrr_at_risk" if has_risk else "red_mrr"
    groups = measures.risk_by(accounts, dimension)
    shown = groups.head(12)
    if not bool(column(groups, measure).notna().any()):
        st.info(
            "Too little is known about every account, so there is no risk to show.",
            icon=":material/info:",
        )
        return
    components.chart(
        figures.risk_bars(shown, measure, currency),
        alt=wording.risk_sentence(shown, measure, currency),
        key="risk",
    )
    rest = len(groups) - len(shown)
    more = f" The {rest} groups with the least are left out." if rest > 0 else ""
    what = "MRR at risk" if has_risk else "MRR of red accounts"
    components.source(
        accounts, "customer_health", says=f"{what} and its share of the group's MRR.{more}"
    )


main()

"""Accounts at risk: whom to call this week, and why, most money at risk first."""

import zlib
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from dashboards import components, data, figures, formatting, measures, wording
from dashboards.frames import column, newest_day, where
from dashboards.palette import INK, look
from warehouse.plain_text import markdown, spreadsheet

RENEWAL_DAYS = 90
# Text wraps in rows taller than four lines of the base font.
ROW_HEIGHT = 62
TALL_ROW_HEIGHT = 92
VISIBLE_ROWS = 8
# Colouring cells costs a millisecond a row; the symbol and the name of the tier stay beyond it.
COLOURED_ROWS = 2000
TABLE_COLUMNS = (
    "account_name",
    "health",
    "health_score",
    "direction",
    "mrr",
    "churn_probability",
    "mrr_at_risk",
    "drivers",
    "renewal_date",
    "csm_name",
)
RISK_COLUMNS = ("churn_probability", "mrr_at_risk")


def main() -> None:
    """Draws the page from the marts."""
    company_trust = data.load_trust()
    components.page_top("Accounts at risk", "Whom to call this week, and why.", company_trust)
    accounts = data.load_open_accounts()
    components.stop_when_empty(accounts)

    tiers = measures.tiers_now(accounts)
    ranking = components.toggle("Rank by", wording.RANKING_LABELS, key="rank", default="priority")
    shown = measures.rank_accounts(_filtered(accounts, tiers), ranking)
    currency = wording.only_currency(accounts)
    has_risk = company_trust.passes_quality_gate
    basis = data.load_basis()
    if basis is not None:
        st.info(markdown(basis), icon=":material/info:")
    _headline(shown, accounts, currency, has_risk=has_risk)
    if shown.empty:
        st.info("No account matches these filters. Clear one to see more.", icon=":material/info:")
        return
    chosen = _table(shown, tiers, currency, has_risk=has_risk)
    _download(shown, accounts)
    if chosen is not None:
        _account(chosen, currency)


def _filtered(accounts: pd.DataFrame, tiers: pd.DataFrame) -> pd.DataFrame:
    labels = wording.tier_labels(tiers)
    with st.grid(columns=4, min_column_width=175, gap="small", vertical_alignment="bottom"):
        chosen_tiers = components.choose_many("Health tier", labels, key="tier")
        segments = components.choose_many(
            "Segment", wording.options(column(accounts, "segment")), key="segment"
        )
        csms = components.choose_many(
            "Success manager", wording.options(column(accounts, "csm_name")), key="csm"
        )
        search = components.search("Search", "Account name or id", key="search")
    return measures.filter_accounts(accounts, chosen_tiers, segments, csms, search)


def _headline(
    shown: pd.DataFrame, accounts: pd.DataFrame, currency: str | None, *, has_risk: bool
) -> None:
    mrr = measures.total(shown, "mrr")
    renewing = where(shown, column(shown, "days_to_renewal").between(0, RENEWAL_DAYS))
    is_renewal_known = bool(column(shown, "renewal_date").notna().any())
    red = where(shown, shown["colour"] == "red")
    is_any_scored = measures.is_any_scored(shown)
    with components.cards(4 if has_risk else 3, narrowest=175):
        components.metric(
            "Accounts shown",
            formatting.count(len(shown)),
            note=f"of {formatting.count(len(accounts))} open",
        )
        if has_risk:
            at_risk = measures.total(shown, "mrr_at_risk")
            components.metric(
                "MRR at risk",
                formatting.money(at_risk, currency, compact=True),
                note=wording.share_of_mrr(at_risk, mrr),
                explanation="Each account's MRR times its churn probability, added up.",
            )
        components.metric(
            "Red accounts",
            formatting.count(len(red) if is_any_scored else None),
            note=f"{formatting.money(measures.red_mrr(shown), currency, compact=True)} MRR"
            if is_any_scored
            else "too little is known to tell",
        )
        renewing_mrr = measures.total(renewing, "mrr") if len(renewing) else 0.0
        components.metric(
            f"Renewing in {RENEWAL_DAYS} days",
            formatting.count(len(renewing) if is_renewal_known else None),
            note=wording.renewal_window(
                formatting.money(renewing_mrr, currency, compact=True),
                newest_day(accounts),
                RENEWAL_DAYS,
                data.today(),
            )
            if is_renewal_known
            else "renewal dates are unknown",
        )


def _table(
    shown: pd.DataFrame, tiers: pd.DataFrame, currency: str | None, *, has_risk: bool
) -> Mapping[Hashable, Any] | None:
    """The ranked table; returns the selected account's row.

    Without a trusted model what takes most from the score is the reason.
    """
    columns = [name for name in TABLE_COLUMNS if has_risk or name not in RISK_COLUMNS]
    reasons = column(shown, "drivers" if has_risk else "reasons").fillna(formatting.UNKNOWN)
    labels = wording.tier_labels(tiers)
    table = shown.assign(
        health=column(shown, "tier").map(labels.get),
        direction=column(shown, "trend").map(wording.trend),
        churn_probability=shown["churn_probability"] * 100,
        csm_name=column(shown, "csm_name").fillna(formatting.UNKNOWN),
        drivers=list(reasons),
    )
    # its tool bar downloads what it shows
    table = spreadsheet(table.loc[:, columns])
    amount = formatting.column_format(currency)
    row_height = ROW_HEIGHT if has_risk else TALL_ROW_HEIGHT
    position = _position(shown, st.query_params.get("account"))
    state = st.dataframe(
        _coloured(table, tiers) if len(table) <= COLOURED_ROWS else table,
        hide_index=True,
        height=_height(len(table), row_height),
        row_height=row_height,
        placeholder=formatting.UNKNOWN,
        key=_table_key(shown),
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": position}},
        column_config={
            "account_name": st.column_config.TextColumn("Account", width=150),
            "health": st.column_config.TextColumn("Health", width=100),
            "health_score": st.column_config.ProgressColumn(
                "Score", min_value=0, max_value=100, format="%.0f", width=104, color="gray"
            ),
            "direction": st.column_config.TextColumn("Trend", width=84),
            "mrr": st.column_config.NumberColumn("MRR", format=amount, width=84),
            "churn_probability": st.column_config.NumberColumn(
                "Churn risk",
                format="%.1f%%",
                width=86,
                help="Probability of leaving within the model's horizon.",
            ),
            "mrr_at_risk": st.column_config.NumberColumn(
                "MRR at risk",
                format=amount,
                width=96,
                help="MRR times the probability of leaving.",
            ),
            # without the columns of risk there is room, and a number needs its comparison
            "drivers": st.column_config.TextColumn("Why", width=270 if has_risk else 440),
            "renewal_date": st.column_config.DateColumn("Renewal", format="D MMM YYYY", width=96),
            "csm_name": st.column_config.TextColumn("Manager", width=110),
        },
        alt=f"{len(table)} accounts with health, MRR, risk, reasons, renewal and success manager.",
    )
    selected = state["selection"]["rows"]
    if not selected or selected[0] >= len(shown):
        st.query_params.pop("account", None)
        return None
    chosen = shown.to_dict("records")[selected[0]]
    st.query_params["account"] = str(chosen["account_id"])
    return chosen


def _coloured(table: pd.DataFrame, tiers: pd.DataFrame) -> Styler:
    texts = {
        label: look(colour).text
        for label, colour in zip(wording.tier_labels(tiers).values(), tiers["colour"], strict=True)
    }
    return table.style.map(lambda label: f"color: {texts.get(str(label), INK)}", subset=["health"])


def _table_key(shown: pd.DataFrame) -> str:
    # A selection is a row number: other rows under the same key would select another account.
    return f"accounts_{zlib.crc32(' '.join(column(shown, 'account_id')).encode())}"


def _position(shown: pd.DataFrame, account_id: str | None) -> list[int]:
    ids = list(column(shown, "account_id"))
    return [ids.index(account_id)] if account_id in ids else []


def _height(count: int, row_height: int) -> int:
    return 40 + row_height * min(count, VISIBLE_ROWS)


def _download(shown: pd.DataFrame, accounts: pd.DataFrame) -> None:
    as_of = newest_day(accounts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Download {formatting.count(len(shown))} accounts",
            spreadsheet(shown).to_csv(index=False).encode(),
            file_name=f"accounts_at_risk_{data.company()}_{as_of:%Y-%m-%d}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        components.source(
            accounts,
            "customer_health",
            says="Select a row to see how that account's score came about.",
        )


def _account(account: Mapping[Hashable, Any], currency: str | None) -> None:
    st.subheader(markdown(account["account_name"]), anchor=False)
    st.caption(markdown(wording.account_line(account, currency, data.today())))
    if not formatting.is_unknown(account["reasons"]):
        st.markdown(f"**Takes most from the score:** {markdown(account['reasons'])}")
    history = data.load_score_history(account["account_id"], account["scorecard"])
    pillars = data.pillars(account["pillar_scores"])
    with st.grid(columns=2, min_column_width=340, gap="medium") as grid:
        with grid.cell():
            st.markdown("**Health score, week by week**")
            components.chart(
                figures.score_history(history),
                alt="Line: the account's health score per week; gaps are unknown weeks.",
                key="score_history",
            )
        with grid.cell():
            st.markdown("**What the score is made of**")
            components.chart(
                figures.pillar_bars(pillars),
                alt="Bars: " + wording.pillar_sentence(pillars),
                key="pillars",
            )
    st.caption(
        f"As of {formatting.day(account['as_of_date'])}, scorecard "
        f"{markdown(account['scorecard'])}, from "
        f"`customer_health_history`. {formatting.percent(account['coverage'], 0)} of the score's "
        "weight rests on known signals; the rest is shared among them."
    )


main()

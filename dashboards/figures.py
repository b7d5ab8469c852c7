"""The app's charts: mart rows in, a Plotly figure out.

Plotly rather than Altair: waterfall, per-cell text in heat maps, one hover box for all bars of a
month, and fill patterns, which Vega-Lite lacks and which tell tiers apart without colour.
"""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboards.formatting import count, counted, day, money, percent, quarter, words
from dashboards.frames import column, rows
from dashboards.palette import ACCENT, GRID, INK, MOVEMENTS, QUIET, RETAINED, look, tier_fills
from warehouse.plain_text import plotly

# No floating tool bar: the tables beside the charts carry the numbers, and download them.
CONFIG = {"displayModeBar": False, "displaylogo": False}
# Hatching for the tier that matters most, so that print and colour blindness keep it.
PATTERNS = {"red": "/", "grey": "."}
HATCH = "rgba(255, 255, 255, 0.55)"
GAINS = ("new", "expansion", "reactivation")
LOSSES = ("contraction", "churn")


def _base(height: int) -> go.Figure:
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "automargin": True,
        "title": {"font": {"color": QUIET, "size": 12}, "standoff": 10},
        "tickfont": {"color": QUIET, "size": 12},
    }
    # One call: each update of a figure costs Plotly ten milliseconds.
    return go.Figure(
        layout={
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "font": {"color": INK, "size": 13},
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "hoverlabel": {
                "bgcolor": "white",
                "bordercolor": GRID,
                "font": {"color": INK, "size": 13},
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "yanchor": "bottom",
                "title": {"text": ""},
                "font": {"color": INK, "size": 12},
            },
            "xaxis": axis | {"showgrid": False},
            "yaxis": axis,
        }
    )


def _pattern(colour: str, fill: str) -> dict[str, object]:
    shape = PATTERNS.get(colour, "")
    return {"shape": shape, "size": 7, "solidity": 0.2, "bgcolor": fill, "fgcolor": HATCH}


def tier_name(tier: str | None, colour: str | None) -> str:
    """A tier as text that does not need its colour: `◆ Critical`."""
    return f"{look(colour).symbol} {words(tier)}"


def tier_bars(tiers: pd.DataFrame, measure: str, currency: str | None) -> go.Figure:
    """Horizontal bars, one per tier, best on top.

    Args:
        tiers: result of `measures.tiers_now`.
        measure: "accounts" or "mrr".
        currency: of `mrr`.
    """
    figure = _base(height=24 + 54 * len(tiers))
    share = "account_share" if measure == "accounts" else "mrr_share"
    largest = float(column(tiers, measure).max())
    fills = tier_fills([(row.tier, row.colour) for row in rows(tiers)])
    for row in rows(tiers):
        amount = getattr(row, measure)
        figure.add_bar(
            x=[amount],
            y=[plotly(tier_name(row.tier, row.colour))],
            orientation="h",
            marker={
                "color": fills[(row.tier, row.colour)],
                "pattern": _pattern(row.colour, fills[(row.tier, row.colour)]),
            },
            text=[
                f"<b>{percent(getattr(row, share), 0)}</b>  "
                f"{counted(row.accounts, 'account')} · {money(row.mrr, currency, compact=True)}"
            ],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=(
                f"{plotly(words(row.tier))}<br>{counted(row.accounts, 'account')}"
                f"<br>{money(row.mrr, currency)} MRR<extra></extra>"
            ),
        )
    figure.update_layout(showlegend=False, bargap=0.35)
    # Room for the text beside the longest bar.
    figure.update_xaxes(visible=False, range=[0, largest * 1.75 if largest > 0 else 1])
    figure.update_yaxes(
        autorange="reversed", tickfont={"color": INK, "size": 14}, ticksuffix="  ", showgrid=False
    )
    return figure


def tier_history(shares: pd.DataFrame, tiers: pd.DataFrame, measure: str) -> go.Figure:
    """Stacked areas of each tier's share per week, worst at the bottom.

    Args:
        shares: result of `measures.tier_shares`.
        tiers: result of `measures.tiers_now`, for the order of the tiers.
        measure: "accounts" or "mrr", what the shares are of.
    """
    figure = _base(height=300)
    known = [(row.tier, row.colour) for row in rows(tiers)]
    present = [(str(tier), str(colour)) for tier, colour in shares.columns]
    order = [key for key in known if key in present]
    order += [key for key in present if key not in known]
    fills = tier_fills(order)
    for tier, colour in reversed(order):
        figure.add_scatter(
            x=shares.index,
            y=shares[(tier, colour)],
            name=plotly(tier_name(tier, colour)),
            stackgroup="tiers",
            mode="lines",
            line={"width": 0.8, "color": "white"},
            fillcolor=fills[(tier, colour)],
            fillpattern=_pattern(colour, fills[(tier, colour)]),
            hovertemplate="%{y:.0%}",
        )
    figure.update_layout(hovermode="x unified", legend={"traceorder": "reversed"})
    of = "accounts" if measure == "accounts" else "MRR"
    figure.update_yaxes(
        range=[0, 1], tickformat=".0%", dtick=0.25, title={"text": f"Share of {of}"}
    )
    figure.update_xaxes(hoverformat="%-d %b %Y")
    return figure


def movement_bars(months: pd.DataFrame, currency: str) -> go.Figure:
    """MRR movements per month: what came above the line, what went below, the net as a line.

    Args:
        months: one row per month with new, expansion, reactivation, contraction and churn in
            units of `currency` (losses negative) and net, their sum.
    """
    figure = _base(height=340)
    for kind in (*GAINS, *LOSSES):
        if not column(months, kind).any():
            continue
        figure.add_bar(
            x=months["month"],
            y=months[kind],
            name=words(kind),
            marker={"color": MOVEMENTS[kind]},
            customdata=[money(value, currency) for value in months[kind]],
            hovertemplate="%{customdata}",
        )
    figure.add_scatter(
        x=months["month"],
        y=months["net"],
        name="Net change",
        mode="lines+markers",
        line={"color": INK, "width": 2},
        marker={"size": 6, "color": "white", "line": {"color": INK, "width": 2}},
        customdata=[money(value, currency) for value in months["net"]],
        hovertemplate="%{customdata}",
    )
    figure.update_layout(barmode="relative", bargap=0.3, hovermode="x unified")
    figure.update_yaxes(title={"text": f"MRR movement ({plotly(currency)})"}, tickformat="~s")
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    figure.update_xaxes(tickformat="%b\n%Y", hoverformat="%B %Y")
    return figure


def risk_bars(groups: pd.DataFrame, measure: str, currency: str | None) -> go.Figure:
    """Horizontal bars of MRR at risk, or MRR in red accounts, per group.

    Args:
        groups: result of `measures.risk_by`.
        measure: "mrr_at_risk" or "red_mrr".
    """
    figure = _base(height=24 + 54 * len(groups))
    values = column(groups, measure).astype("float64")
    shares = values / groups["mrr"].astype(float)
    texts = [
        f"<b>{money(value, currency, compact=True)}</b>  {percent(share)} of "
        f"{money(mrr, currency, compact=True)}"
        for value, share, mrr in zip(values, shares, groups["mrr"], strict=True)
    ]
    figure.add_bar(
        x=values.fillna(0),
        y=[plotly(words(group)) for group in groups["group"]],
        orientation="h",
        marker={"color": ACCENT}
        if measure == "mrr_at_risk"
        else {"color": look("red").fill, "pattern": _pattern("red", look("red").fill)},
        text=texts,
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}<br>%{text}<extra></extra>",
    )
    largest = float(values.max())
    figure.update_layout(bargap=0.4)
    figure.update_xaxes(visible=False, range=[0, largest * 1.7 if largest > 0 else 1])
    figure.update_yaxes(
        autorange="reversed", tickfont={"color": INK, "size": 13}, ticksuffix="  ", showgrid=False
    )
    return figure


def cohort_heatmap(matrix: pd.DataFrame, sizes: dict[date, int], measure: str) -> go.Figure:
    """Retention in percent per sign-up quarter and months since; unknown cells are blank.

    Args:
        matrix: result of `measures.cohort_matrix`, shares, with at least one known cell.
        sizes: accounts per sign-up quarter.
        measure: "logo_retention", "revenue_retention" or "gross_revenue_retention".
    """
    figure = _base(height=max(260, 96 + 34 * len(matrix)))
    percents = (matrix * 100).to_numpy(dtype=float)
    what = "accounts" if measure == "logo_retention" else "revenue"
    figure.add_heatmap(
        z=percents,
        x=[str(month) for month in matrix.columns],
        y=[f"{quarter(first)} · {count(sizes.get(first))}" for first in matrix.index],
        # One scale from company to company while nothing is worse than 60 or better than 100.
        zmin=min(60.0, float(np.nanmin(percents))),
        zmax=max(100.0, float(np.nanmax(percents))),
        colorscale=[list(stop) for stop in RETAINED],
        xgap=2,
        ygap=2,
        texttemplate="%{z:.0f}",
        textfont={"size": 12},
        hoverongaps=False,
        hovertemplate=f"%{{y}} accounts<br>%{{x}} months later: %{{z:.1f}}% of {what} kept"
        "<extra></extra>",
        colorbar={
            "title": {"text": "% kept", "side": "top", "font": {"color": QUIET, "size": 12}},
            "thickness": 10,
            "outlinewidth": 0,
            "tickfont": {"color": QUIET, "size": 12},
        },
    )
    figure.update_xaxes(title={"text": "Months since sign-up"}, side="top", type="category")
    figure.update_yaxes(
        title={"text": "Sign-up quarter · accounts", "standoff": 18},
        autorange="reversed",
        type="category",
        showgrid=False,
        ticksuffix="  ",
    )
    return figure


def score_history(history: pd.DataFrame) -> go.Figure:
    """One account's health score per week; unknown weeks are gaps, not zeros.

    Args:
        history: columns snapshot_date, health_score, tier, colour, in order of date.
    """
    figure = _base(height=260)
    figure.add_scatter(
        x=history["snapshot_date"],
        y=history["health_score"],
        mode="lines+markers",
        connectgaps=False,
        line={"color": QUIET, "width": 1.5},
        marker={"size": 7, "color": [look(colour).fill for colour in history["colour"]]},
        customdata=[
            f"{day(row.snapshot_date)}<br>{plotly(tier_name(row.tier, row.colour))}"
            for row in rows(history)
        ],
        hovertemplate="%{customdata}<br>Score %{y:.0f}<extra></extra>",
    )
    figure.update_yaxes(range=[0, 104], dtick=25, title={"text": "Health score"})
    figure.update_xaxes(title={"text": "Week ending"})
    return figure


def pillar_bars(scores: Mapping[str, float | None]) -> go.Figure:
    """One account's points per pillar, 0 to 100; an unknown pillar says so instead of showing 0."""
    figure = _base(height=max(160, 48 + 42 * len(scores)))
    figure.add_bar(
        x=[score or 0 for score in scores.values()],
        y=[plotly(words(pillar)) for pillar in scores],
        orientation="h",
        marker={"color": ACCENT},
        text=["unknown" if score is None else f"{score:.0f}" for score in scores.values()],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure.update_layout(bargap=0.4)
    figure.update_xaxes(range=[0, 112], dtick=25, showgrid=True, title={"text": "Score of 100"})
    figure.update_yaxes(
        autorange="reversed", tickfont={"color": INK, "size": 13}, ticksuffix="  ", showgrid=False
    )
    return figure

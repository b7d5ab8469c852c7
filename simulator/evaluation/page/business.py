"""Panels on the company as its board would see it: revenue, customers, retention."""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulator.evaluation.page import measures
from simulator.evaluation.page.measures import DAYS_A_MONTH
from simulator.evaluation.page.style import (
    BAD,
    BAND,
    INK,
    SEGMENT_COLOURS,
    SEGMENT_NAMES,
    Words,
    apart,
    capitalised,
    label,
    money,
    percent,
    rule,
)

# What surveys of business-software companies report: private ones, median and middle half.
USUAL = {"logo_churn": (0.08, 0.15), "grr": (0.85, 0.93), "nrr": (1.00, 1.15)}
_NAMES = {
    "logo_churn": "Annual logo churn",
    "grr": "Gross revenue retention",
    "nrr": "Net revenue retention",
}
# Bars of each movement, and its name beside them: as high as the group it belongs to.
_MOVEMENTS = {
    "new": ("#0b4f7d", "#0b4f7d", 0.62),
    "expansion": ("#3b93c9", "#2a7fb3", 0.76),
    "reactivation": ("#a8d3ec", "#5d9fc4", 0.90),
    "contraction": ("#f0a58f", "#cc6a4c", 0.24),
    "churn": (BAD, BAD, 0.10),
}


def months_axis(axes: Axes) -> None:
    """Quarters as ticks, years spelt out."""
    locator = mdates.MonthLocator(bymonth=(1, 4, 7, 10))
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=False))


def draw_mrr(axes: Axes, mrr: pd.DataFrame) -> Words:
    """MRR by segment, stacked."""
    total = mrr.sum(axis=1)
    colours = [SEGMENT_COLOURS[str(name)] for name in mrr]
    axes.stackplot(mrr.index, mrr.T.to_numpy(), colors=colours, alpha=0.88, linewidth=0)
    middles = mrr.iloc[-1].cumsum() - mrr.iloc[-1] / 2
    for name, y in zip(mrr, apart(middles, 0.13 * total.max()), strict=True):
        share = percent(mrr[name].iloc[-1] / total.iloc[-1])
        text = f"{capitalised(SEGMENT_NAMES[str(name)])}\n{share}"
        label(axes, mrr.index[-1], y, text, SEGMENT_COLOURS[str(name)], linespacing=1.1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value)))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.margins(x=0)
    rule(axes)
    months_axis(axes)
    return Words(
        f"MRR went from {money(total.iloc[0])} to {money(total.iloc[-1])} in {len(total)} months",
        "at each month's end, in dollars at the last day's rates",
    )


def draw_accounts(axes: Axes, accounts: pd.DataFrame) -> Words:
    """Open accounts by segment."""
    total = accounts.sum(axis=1)
    most = accounts.to_numpy().max()
    for name, y in zip(accounts, apart(accounts.iloc[-1], 0.07 * most), strict=True):
        colour = SEGMENT_COLOURS[str(name)]
        axes.plot(accounts.index, accounts[name], color=colour, linewidth=2.2)
        text = f"{capitalised(SEGMENT_NAMES[str(name)])} {accounts[name].iloc[-1]:,.0f}"
        label(axes, accounts.index[-1], y, text, colour)
    axes.set_ylim(0, most * 1.05)
    axes.margins(x=0)
    rule(axes)
    months_axis(axes)
    return Words(
        f"Customers went from {total.iloc[0]:,.0f} to {total.iloc[-1]:,.0f}",
        "accounts covered by a subscription at each month's end",
    )


def draw_movements(axes: Axes, moved: pd.DataFrame) -> Words:
    """MRR won above the line and lost below it."""
    groups = (["new", "expansion", "reactivation"], ["contraction", "churn"])
    for names in groups:
        base = np.zeros(len(moved))
        for name in names:
            axes.bar(moved.index, moved[name], 23, base, color=_MOVEMENTS[name][0], linewidth=0)
            base = base + moved[name].to_numpy()
    axes.axhline(0, color=INK, linewidth=0.8)
    means = moved.mean()
    for name in measures.MOVEMENTS:
        _, colour, height = _MOVEMENTS[name]
        axes.annotate(
            f"{capitalised(name)} {money(means[name])}",
            (1.01, height),
            xycoords="axes fraction",
            color=colour,
            va="center",
        )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value)))
    axes.margins(x=0.01)
    rule(axes)
    months_axis(axes)
    won, lost = means[groups[0]].sum(), -means[groups[1]].sum()
    return Words(
        f"An average month wins {money(won)} of MRR and loses {money(lost)}",
        "MRR movements by month; beside each name its monthly mean",
    )


def draw_retention(axes: Axes, rows: pd.DataFrame) -> Words:
    """Each measure by segment, beside what is usual; three axes side by side."""
    axes.set_axis_off()
    if rows.empty:
        return Words("Retention takes a year, and this company is younger", "")
    middle = rows.groupby("segment")[list(USUAL)].mean()
    order = ["all", *(name for name in SEGMENT_NAMES if name in middle.index)]
    for number, (measure, usual) in enumerate(USUAL.items()):
        part = axes.inset_axes((0.352 * number, 0, 0.296, 1))
        _draw_measure(part, rows, order, measure, usual)
        names = [capitalised(SEGMENT_NAMES.get(name, name)) for name in order]
        part.set_yticks([-place for place in range(len(order))], names if number == 0 else [])
    everyone = {name: float(value) for name, value in middle.T["all"].items()}
    is_usual = [low <= everyone[name] <= high for name, (low, high) in USUAL.items()]
    result = "all three" if all(is_usual) else f"{sum(is_usual)} of the three"
    return Words(
        f"In a year {percent(everyone['logo_churn'], 1)} of customers leave, "
        f"{percent(everyone['grr'])} of revenue stays, {percent(everyone['nrr'])} with expansion: "
        f"{result} within the industry's ranges",
        "dots: mean of all windows of twelve months; lines: their range; shaded: usual in surveys "
        "of business-software companies",
    )


def _draw_measure(
    axes: Axes, rows: pd.DataFrame, order: list[str], measure: str, usual: tuple[float, float]
) -> None:
    axes.axvspan(*usual, color=BAND, linewidth=0)
    for place, segment in enumerate(order):
        values = rows.loc[rows["segment"] == segment, measure]
        colour = SEGMENT_COLOURS.get(segment, INK)
        axes.plot([values.min(), values.max()], [-place] * 2, color=colour, linewidth=1.4)
        axes.plot(values.mean(), -place, "o", color=colour, markersize=8)
        text = percent(values.mean(), 1)
        label(axes, values.mean(), -place, text, colour, xytext=(0, 11), ha="center")
    axes.set_ylim(-len(order) + 0.6, 0.7)
    axes.set_xlabel(f"{_NAMES[measure]}\n(usual: {percent(usual[0])} to {percent(usual[1])})")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=False))
    axes.margins(x=0.12)
    rule(axes, "x")


def draw_survival(axes: Axes, curves: dict[str, pd.DataFrame]) -> Words:
    """Share of customers still there."""
    year = {}
    lasts = [curve["share"].iloc[-1] for curve in curves.values()]
    lasts = apart(lasts, 0.08 * (1 - min(lasts)))
    for (name, curve), y in zip(curves.items(), lasts, strict=True):
        months, share = curve["months"], curve["share"]
        axes.step(months, share, where="post", color=SEGMENT_COLOURS[name], linewidth=2.2)
        text = f"{capitalised(SEGMENT_NAMES[name])} {percent(share.iloc[-1])}"
        label(axes, months.iloc[-1], y, text, SEGMENT_COLOURS[name])
        # Who signed for a year decides on its last day, or the next where there was a 29 February.
        year[name] = share[months <= 366 / DAYS_A_MONTH].iloc[-1]
    worst, best = min(year, key=lambda name: year[name]), max(year, key=lambda name: year[name])
    axes.set_xlabel("months since first seen")
    axes.set_xticks(range(0, int(axes.get_xlim()[1]) + 1, 6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.margins(x=0)
    rule(axes)
    return Words(
        f"After a year {percent(year[best])} of {SEGMENT_NAMES[best]} customers are still there, "
        f"and {percent(year[worst])} of {SEGMENT_NAMES[worst]}",
        "share still there (Kaplan–Meier)",
    )

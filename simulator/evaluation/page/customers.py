"""Panels on the customers: when they work, what they say, why they leave."""

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulator.evaluation.page.measures import Use
from simulator.evaluation.page.style import (
    BAD,
    FAINT,
    GOOD,
    INK,
    MUTED,
    NEUTRAL,
    REGION_COLOURS,
    Words,
    apart,
    bare,
    label,
    percent,
    points,
    rule,
)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_THIRDS = {3: "Healthiest third", 2: "Middle third", 1: "Poorest third"}
_PALE = "#d3d9de"
_NO_EVENT = ("drift", "chance")


def draw_weekdays(axes: Axes, use: Use) -> Words:
    """Events by day of the week."""
    level = use.weekdays
    colours = [GOOD if day <= 5 else NEUTRAL for day in range(1, 8)]
    axes.bar(range(1, 8), level, 0.72, color=colours, linewidth=0)
    for day, value in zip(range(1, 8), level, strict=True):
        label(axes, day, value, f"{value:.2f}", MUTED, xytext=(0, 7), ha="center")
    axes.set_xticks(range(1, 8), _DAYS)
    axes.set_yticks([])
    bare(axes, "bottom")
    weekend = level.iloc[5:].mean() / level.iloc[:5].mean()
    return Words(
        f"A weekend day sees {percent(weekend)} of a weekday's use",
        "events per account; 1 is the average day",
    )


def draw_weeks(axes: Axes, use: Use) -> Words:
    """Events by week and region."""
    weeks = use.weeks
    axes.axhline(1, color=FAINT, linewidth=1)
    most = float(weeks.to_numpy().max())
    for region, y in zip(weeks, apart(weeks.iloc[-1], 0.09 * most), strict=True):
        colour = REGION_COLOURS[str(region)]
        axes.plot(weeks.index, weeks[region], color=colour, linewidth=1.7)
        label(axes, weeks.index[-1], y, str(region), colour)
    locator = mdates.MonthLocator(bymonth=range(1, 13, 2))
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=False))
    axes.set_ylim(0, most * 1.05)
    axes.margins(x=0)
    rule(axes)
    everywhere = weeks.mean(axis=1)
    finding = (
        f"In its quietest week, to {everywhere.idxmin():%-d %b %Y}, events fall to "
        f"{percent(everywhere.min())} of the usual"
    )
    month = pd.DatetimeIndex(weeks.index).month
    if (month == 8).any():
        august = weeks[month == 8].mean() / weeks[month.isin([5, 6, 9, 10])].mean()
        finding += f", in {august.idxmin()}'s August to {percent(august.min())}"
    return Words(finding, "events per account and week; 1 is the region's median week")


def draw_before_leaving(axes: Axes, level: pd.Series) -> Words:
    """Use in the weeks before a loss."""
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.plot(-level.index, level, color=BAD, linewidth=2.2)
    label(axes, -level.index[0], level.iloc[0], percent(level.iloc[0]), BAD)
    label(axes, -level.index.max(), 1, "all customers", INK, xytext=(0, 7), ha="left", fontsize=8)
    axes.set_xlabel("weeks before leaving")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set_ylim(top=max(1.06, float(level.max()) + 0.03))
    rule(axes)
    last = level[level.index <= 4].mean()
    return Words(
        f"Those who leave use it {percent(1 - last)} less in their last four weeks",
        "active users per seat, over the average of segment and week",
    )


def draw_scores(axes: Axes, answers: pd.Series) -> Words:
    """How the answers to the NPS question spread."""
    share = answers / max(answers.sum(), 1)
    colours = [BAD if score <= 6 else NEUTRAL if score <= 8 else GOOD for score in range(11)]
    axes.bar(range(11), share, 0.8, color=colours, linewidth=0)
    groups = (("detractors", 0, 6, BAD), ("passives", 7, 8, MUTED), ("promoters", 9, 10, GOOD))
    for name, low, high, colour in groups:
        part = share.loc[low:high]
        text = f"{percent(part.sum())}\n{name}"
        x = max((low + high) / 2, 3.8)
        label(axes, x, float(part.max()), text, colour, xytext=(0, 17), ha="center")
    axes.set_xticks(range(11))
    axes.set_yticks([])
    axes.set_ylim(0, float(share.max()) * 1.22)
    bare(axes, "bottom")
    score = 100 * (share.loc[9:].sum() - share.loc[:6].sum())
    return Words(
        f"The net promoter score is {points(score, 0)}",
        f"{answers.sum():,} answers, 0 to 10",
    )


def draw_scores_by_health(axes: Axes, thirds: pd.DataFrame) -> Words:
    """Answers of each third of true health, and how many answer."""
    colours = {"detractors": BAD, "passives": _PALE, "promoters": GOOD}
    for third in _THIRDS:
        begins = 0.0
        for name, colour in colours.items():
            share = float(thirds.loc[third, name])  # pyright: ignore[reportArgumentType]
            axes.barh(third, share, 0.62, begins, color=colour, linewidth=0)
            if share > 0.08:
                shown = INK if colour == _PALE else "white"
                middle = begins + share / 2
                label(axes, middle, third, percent(share), shown, xytext=(0, 0), ha="center")
            begins += share
        answered = float(thirds.loc[third, "answered"])  # pyright: ignore[reportArgumentType]
        label(axes, 1, third, f"{percent(answered)} answer", MUTED)
    axes.set_yticks(list(_THIRDS), list(_THIRDS.values()))
    axes.set_xticks([])
    axes.set_xlim(0, 1.0)
    bare(axes)
    score = 100 * (thirds["promoters"] - thirds["detractors"])
    return Words(
        f"Net promoter score: {points(score[3], 0)} where health is good, {points(score[1], 0)} "
        "where it is poor, and the unhappy answer less",
        "detractors, passives and promoters by true health in the week of the answer",
    )


def draw_causes(axes: Axes, losses: pd.Series) -> Words:
    """What the lost customers left for."""
    shown, total = losses[::-1], int(losses.sum())
    colours = [NEUTRAL if name in _NO_EVENT else BAD for name in shown.index]
    axes.barh(range(len(shown)), shown, 0.7, color=colours, linewidth=0)
    for place, count in enumerate(shown):
        label(axes, count, place, f"{count}", MUTED)
    axes.set_yticks(range(len(shown)), [str(name).replace("_", " ") for name in shown.index])
    axes.set_xticks([])
    bare(axes)
    named = losses.drop([name for name in _NO_EVENT if name in losses])
    return Words(
        f"{percent(named.sum() / total)} of {total} losses have a main cause, most often: "
        f"{str(named.index[0]).replace('_', ' ')}",
        "losses by what added most to the odds of leaving; grey: health drifted without an event",
    )

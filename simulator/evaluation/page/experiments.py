"""Panels on what was tried: playbooks, the new onboarding, and defects and scenarios."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulator.evaluation.page.style import (
    BAD,
    GOOD,
    INK,
    MUTED,
    NEUTRAL,
    Words,
    apart,
    bare,
    capitalised,
    label,
    percent,
    points,
    rule,
)

_EVERY_BAND = "all"
# Lines of each playbook from above: column, mark, colour, and what it is.
_LINES = (
    ("true_effect_pp", "D", INK, "true"),
    ("drawn_difference_pp", "o", GOOD, "held out by lot"),
    ("naive_difference_pp", "X", BAD, "treated against others"),
)


def comparable(effects: pd.DataFrame) -> pd.DataFrame:
    """The playbooks, over all bands of risk, of which both comparisons can be made."""
    whole = effects[effects["risk_band"] == _EVERY_BAND]
    return whole.dropna(subset=[column for column, *_ in _LINES]).reset_index(drop=True)


def draw_playbooks(axes: Axes, rows: pd.DataFrame) -> Words:
    """The true effect of each playbook beside what comparisons say; `rows` are comparable."""
    axes.axvline(0, color=INK, linewidth=0.8)
    margins = (1.96 * rows["drawn_standard_error_pp"]).to_list()
    for place, row in enumerate(rows.to_dict("records")):
        drawn, margin = row["drawn_difference_pp"], margins[place]
        middle = -float(place)
        axes.plot(
            [drawn - margin, drawn + margin], [middle] * 2, color=GOOD, linewidth=7, alpha=0.22
        )
        for (column, mark, colour, name), y in zip(
            _LINES, (middle + 0.27, middle, middle - 0.27), strict=True
        ):
            axes.plot(row[column], y, mark, color=colour, markersize=7)
            text = f"{name} {points(row[column])}" if place == 0 else points(row[column])
            label(axes, row[column], y, text, colour, xytext=(9, 0), fontsize=8)
    names = [str(name).replace(" ", "\n", 1) for name in rows["playbook"]]
    axes.set_yticks([-place for place in range(len(rows))], names)
    axes.set_ylim(-len(rows) + 0.45, 0.55)
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: points(value, 0)))
    rule(axes, "x")
    wrong = (rows["naive_difference_pp"] - rows["true_effect_pp"]).abs()
    worst = rows.iloc[int(wrong.argmax())]
    return Words(
        f"{capitalised(worst['playbook'])} changes 90-day retention by "
        f"{points(worst['true_effect_pp'])} points; the naive comparison says "
        f"{points(worst['naive_difference_pp'])}",
        "percentage points of retention; the bar is the 95% interval of the random hold-out",
    )


def draw_programme(axes: Axes, facts: dict) -> Words:
    """First-year retention before and after the new onboarding, and its true effect."""
    truth, seen = facts["first_year_retention"], facts["observed_first_year_retention"]
    pairs = [
        ("true, the same\ncustomers", truth["old_onboarding"], truth["new_onboarding"], GOOD),
        ("observed, before\nagainst after", seen["before"], seen["after"], BAD),
    ]
    pairs = [pair for pair in pairs if pair[1] is not None and pair[2] is not None]
    for _, old, new, colour in pairs:
        axes.plot([0, 1], [old, new], "o-", color=colour, linewidth=2.2, markersize=7)
    ends = [value for _, old, new, _ in pairs for value in (old, new)]
    least = 0.35 * max(max(ends) - min(ends), 0.02)
    rights = apart([new for _, _, new, _ in pairs], least)
    for (name, old, new, colour), y in zip(pairs, rights, strict=True):
        label(axes, 1, y, f"{points(100 * (new - old))} {name}", colour, xytext=(9, 0))
    axes.set_xticks([0, 1], ["old onboarding", "new"])
    axes.set_xlim(-0.2, 1.05)
    axes.margins(y=0.25)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 1)))
    rule(axes)
    days = facts["days_to_value"]["effect_days"]
    return Words(
        f"From {pd.Timestamp(facts['begins_on']):%-d %b %Y} a new onboarding brings value "
        f"{-days:.0f} days sooner and {points(truth['effect_pp'])} points of first-year retention",
        "share of customers still there after a year",
    )


def draw_defects(axes: Axes, counts: pd.DataFrame) -> Words:
    """How much there is of each defect and scenario."""
    by_unit = counts.groupby(["mess", "unit"], sort=False)["count"].sum().reset_index()
    # A kind that is counted in several units is shown in the one of which there is most.
    most = by_unit.sort_values("count").drop_duplicates("mess", keep="last")
    most = most[most["count"] > 0]
    facts = set(counts.loc[counts["fate"] == "fact", "mess"])
    is_fact = [name in facts for name in most["mess"]]
    colours = [NEUTRAL if fact else BAD for fact in is_fact]
    axes.barh(range(len(most)), most["count"], 0.7, color=colours, linewidth=0)
    axes.set_xscale("symlog", linthresh=1)
    axes.minorticks_off()
    for place, (count, unit, fact) in enumerate(
        zip(most["count"], most["unit"], is_fact, strict=True)
    ):
        things = str(unit).removesuffix("s") if count == 1 else unit
        label(axes, count, place, f"{count:,} {things}", MUTED if fact else BAD, fontsize=7.5)
    axes.set_yticks(range(len(most)), list(most["mess"]), fontsize=7.5)
    axes.set_ylim(-0.6, len(most) - 0.4)
    axes.set_xticks([])
    bare(axes)
    happened = sum(is_fact)
    defects = len(most) - happened
    damaged = (
        f", and {defects} damage the files" if defects else "; the files are as they should be"
    )
    return Words(
        f"{happened} scenarios happened{damaged}",
        "things counted in truth/mess.csv, on a scale of powers; red: not true, to be corrected",
    )

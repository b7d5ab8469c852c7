"""Panels on what can be known at best: the true probability against what then happened."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from sklearn.metrics import roc_curve

from simulator.evaluation import metrics
from simulator.evaluation.page.style import BAD, GOOD, INK, MUTED, Words, bare, label, percent, rule

_RESAMPLES = 200
_TICKS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def draw_reliability(axes: Axes, weeks: pd.DataFrame) -> Words:
    """Predicted against observed in ten bins of equal size, with intervals."""
    left, oracle = weeks["left"].to_numpy(), weeks["oracle"].to_numpy()
    bins = metrics.reliability(left, oracle)
    low, high = _intervals(weeks, len(bins))
    edge = float(max(bins["predicted"].max(), high.max())) * 1.1
    # Most customers are safe: roots keep the small probabilities apart.
    roots = (lambda share: np.sqrt(np.maximum(share, 0)), np.square)
    axes.set_xscale("function", functions=roots)
    axes.set_yscale("function", functions=roots)
    axes.plot([0, edge], [0, edge], color=INK, linewidth=0.8)
    axes.vlines(bins["predicted"], low, high, color=GOOD, linewidth=2, alpha=0.4)
    axes.plot(bins["predicted"], bins["observed"], "o", color=GOOD, markersize=6.5)
    label(axes, edge * 0.5, edge * 0.5, "as predicted", INK, xytext=(7, -5), fontsize=8)
    ticks = [tick for tick in _TICKS if tick < edge]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [percent(tick) for tick in ticks])
    axes.set_xlim(0, edge)
    axes.set_ylim(0, edge)
    axes.set_xlabel("true probability of leaving within 90 days")
    rule(axes, "both")
    error = metrics.expected_calibration_error(left, oracle)
    return Words(
        f"What is said to happen happens: the true probability's calibration error is {error:.4f}",
        "share that left, in ten bins of equally many account-weeks, with 95% intervals from "
        "resampled accounts; axes in roots",
    )


def _intervals(weeks: pd.DataFrame, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the observed rate of each bin, whole accounts resampled."""
    ranked = weeks.sort_values("oracle", ascending=False, kind="stable")
    place = (np.arange(len(ranked)) * count) // len(ranked)
    _, account = np.unique(ranked["account_id"], return_inverse=True)
    accounts = int(account.max()) + 1
    rows, lost = np.zeros((accounts, count)), np.zeros((accounts, count))
    np.add.at(rows, (account, place), 1.0)
    np.add.at(lost, (account, place), ranked["left"].to_numpy(dtype=float))
    random = np.random.default_rng(0)
    rates = []
    for _ in range(_RESAMPLES):
        drawn = random.integers(accounts, size=accounts)
        rates.append(lost[drawn].sum(axis=0) / np.maximum(rows[drawn].sum(axis=0), 1.0))
    low, high = np.quantile(rates, [0.025, 0.975], axis=0)
    return low, high


def draw_roc(axes: Axes, weeks: pd.DataFrame) -> Words:
    """How well the true probability ranks, and how well it ranks permuted outcomes."""
    left, oracle = weeks["left"].to_numpy(), weeks["oracle"].to_numpy()
    false_alarms, caught, area = _roc(left, oracle)
    dealt = np.random.default_rng(0).permutation(left)
    by_chance, found, chance = _roc(dealt, oracle)
    axes.fill_between(false_alarms, caught, color=GOOD, alpha=0.08, linewidth=0)
    axes.plot(false_alarms, caught, color=GOOD, linewidth=2.2)
    axes.plot(by_chance, found, color=MUTED, linewidth=1)
    label(axes, 0.28, 0.70, f"true probability\n{area:.3f}", GOOD, fontweight="bold")
    label(axes, 0.56, 0.42, f"outcomes permuted\n{chance:.3f}", MUTED)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.set_xlabel("share of those who stay that rank above")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    rule(axes, "both")
    return Words(
        f"Who knows all that can be known ranks with AUC {area:.3f}; the rest is chance",
        "share of losses caught, 90 days ahead, on all account-weeks",
    )


def _roc(left: np.ndarray, oracle: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    false_alarms, caught, _ = roc_curve(left, oracle)
    return false_alarms, caught, float(np.trapezoid(caught, false_alarms))


def draw_risks(axes: Axes, weeks: pd.DataFrame) -> Words:
    """How true probabilities spread, on a scale of powers."""
    oracle = weeks["oracle"].to_numpy()
    edges = np.geomspace(1e-4, 1, 41)
    counts, _ = np.histogram(np.clip(oracle, edges[0], None), edges)
    share = counts / len(oracle)
    is_high = edges[:-1] >= 0.1 - 1e-9
    colours = np.where(is_high, BAD, GOOD)
    axes.bar(edges[:-1], share, np.diff(edges), align="edge", linewidth=0, color=colours)
    axes.set_xscale("log")
    axes.set_xticks([1e-4, 1e-3, 1e-2, 1e-1, 1], ["0.01%", "0.1%", "1%", "10%", "100%"])
    axes.minorticks_off()
    axes.set_xlim(edges[max(int(np.flatnonzero(counts).min()) - 1, 0)], 1)
    top = float(share.max())
    axes.axvline(oracle.mean(), color=INK, linewidth=0.8)
    label(axes, oracle.mean(), top * 1.06, f"mean {percent(oracle.mean(), 1)}", INK)
    axes.set_ylim(0, top * 1.12)
    axes.set_yticks([])
    axes.set_xlabel("true probability of leaving within 90 days")
    bare(axes, "bottom")
    is_risky = oracle >= 0.1
    lost = weeks.loc[is_risky, "left"].sum() / max(weeks["left"].sum(), 1)
    return Words(
        f"{percent(is_risky.mean())} of account-weeks carry a true risk of 10% or more, "
        f"and {percent(lost)} of the losses",
        "account-weeks by true probability, on a scale of powers of ten",
    )

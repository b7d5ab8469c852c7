"""What the pages compute from mart rows: sums, choices and rankings, without any drawing.

Pure functions on data frames whose columns are those of the marts. Sums over nothing known are
unknown (NaN), never 0.
"""

import math
from datetime import date
from typing import Any

import pandas as pd

from dashboards.frames import column, rows, where
from dashboards.palette import COLOURS

LONGEST_LEDGER = 24
RANKINGS = {
    "priority": ("priority", True),
    "health": ("health_score", True),
    "renewal": ("renewal_date", True),
    "mrr": ("mrr", False),
}


def known_sum(values: pd.Series) -> float | None:
    """The sum of the known values, or None when none is known."""
    total = _sum(values)
    return None if math.isnan(total) else total


def _sum(values: pd.Series) -> float:
    return float(values.astype("float64").sum(min_count=1))


def total(frame: pd.DataFrame, name: str) -> float | None:
    """`known_sum` of one column of a frame."""
    return known_sum(column(frame, name))


def tiers_now(accounts: pd.DataFrame) -> pd.DataFrame:
    """One row per tier of the open accounts, best first.

    Returns:
        Columns tier, colour, accounts, mrr, account_share, mrr_share.
    """
    tiers = (
        accounts.groupby(["tier", "colour"], dropna=False)
        .agg(
            accounts=("account_id", "count"),
            mrr=("mrr", _sum),
            best=("health_score", "max"),
        )
        .reset_index()
    )
    tiers["account_share"] = tiers["accounts"] / tiers["accounts"].sum()
    tiers["mrr_share"] = tiers["mrr"] / tiers["mrr"].sum(min_count=1)
    return _best_first(tiers).drop(columns="best")


def tiers_over_time(weekly: pd.DataFrame) -> pd.DataFrame:
    """`portfolio_weekly` without its segments: one row per snapshot_date and tier.

    MRR is unknown where that of any account is: a share of a part is not a share, and what one week
    knows more than another is no change.
    """
    is_whole = column(weekly, "accounts_without_mrr") == 0
    return (
        weekly.assign(mrr=column(weekly, "mrr").where(is_whole))
        .groupby(["snapshot_date", "tier", "colour"], dropna=False)
        .agg(accounts=("accounts", "sum"), mrr=("mrr", lambda mrr: mrr.sum(skipna=False)))
        .reset_index()
        .sort_values("snapshot_date")
    )


def tier_shares(history: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Each tier's share of a week's accounts or MRR, for the weeks in which all of it is known.

    Returns:
        Index snapshot_date, columns (tier, colour), values summing to 1.
    """
    known = where(history, ~history["snapshot_date"].isin(_weeks_unknown(history, measure)))
    wide = known.pivot_table(index="snapshot_date", columns=["tier", "colour"], values=measure)
    return wide.div(wide.sum(axis="columns"), axis="index").fillna(0)


def _weeks_unknown(history: pd.DataFrame, measure: str) -> list[Any]:
    return list(column(where(history, history[measure].isna()), "snapshot_date"))


def total_over_time(history: pd.DataFrame, measure: str) -> pd.Series:
    """All tiers of `tiers_over_time` together: one value per snapshot date, in order.

    A week in which any tier's value is unknown is left out: without it the total is wrong.
    """
    known = where(history, ~history["snapshot_date"].isin(_weeks_unknown(history, measure)))
    by_date = known.pivot_table(index="snapshot_date", values=measure, aggfunc="sum")
    return column(by_date, measure) if len(by_date) else pd.Series(dtype="float64")


def red_mrr(accounts: pd.DataFrame) -> float | None:
    """The MRR of red accounts: 0 when none is red, None when theirs or all tiers are unknown."""
    if not len(accounts) or not is_any_scored(accounts):
        return None
    red = where(accounts, accounts["colour"] == "red")
    return total(red, "mrr") if len(red) else 0.0


def is_any_scored(accounts: pd.DataFrame) -> bool:
    """Whether enough is known about at least one account to give it a tier."""
    return bool((column(accounts, "colour") != "grey").any())


def ledger(months: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The movements to draw, at most `LONGEST_LEDGER` months, and the opening months left out.

    Data begin with a book that exists already. The leading months in which MRR more than doubles
    are that book's arrival, not a movement, and would dwarf every month after them.

    Args:
        months: rows in order of month with `net`, the change of MRR.
    """
    closing = column(months, "net").cumsum()
    is_opening = (closing > 2 * closing.shift(fill_value=0)).cummin()
    # A young company may double in every month there is: then that is its story.
    if is_opening.all():
        return months.tail(LONGEST_LEDGER), months.head(0)
    return where(months, ~is_opening).tail(LONGEST_LEDGER), where(months, is_opening)


def cohort_sizes(cohorts: pd.DataFrame) -> dict[date, int]:
    """Accounts per sign-up quarter."""
    return {row.signup_quarter: int(row.accounts) for row in rows(cohorts)}


def _best_first(tiers: pd.DataFrame) -> pd.DataFrame:
    rank = {colour: place for place, colour in enumerate(COLOURS)}
    return (
        tiers.assign(place=column(tiers, "colour").map(rank.get).fillna(len(COLOURS)))
        .sort_values(["place", "best"], ascending=[True, False])
        .drop(columns="place")
        .reset_index(drop=True)
    )


def risk_by(accounts: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """Risk of the open accounts per value of `dimension`, most MRR at risk first.

    Returns:
        Columns group, accounts, mrr, mrr_at_risk (NaN when no account has a probability),
        red_accounts, red_mrr (NaN when no account has a tier).
    """
    red = accounts["colour"] == "red"
    # A grey account may be red for all we know; a group of nothing else has no red MRR to show.
    red_mrr = column(accounts, "mrr").where(red, 0).mask(accounts["colour"] == "grey")
    groups = (
        accounts.assign(
            group=accounts[dimension].fillna("Unknown"),
            is_red=red,
            red_mrr=red_mrr,
        )
        .groupby("group")
        .agg(
            accounts=("account_id", "count"),
            mrr=("mrr", _sum),
            mrr_at_risk=("mrr_at_risk", _sum),
            red_accounts=("is_red", "sum"),
            red_mrr=("red_mrr", _sum),
        )
        .reset_index()
    )
    return groups.sort_values(["mrr_at_risk", "red_mrr"], ascending=False).reset_index(drop=True)


def filter_accounts(
    accounts: pd.DataFrame,
    tiers: list[str],
    segments: list[str],
    csms: list[str],
    search: str,
) -> pd.DataFrame:
    """The accounts that match every filter; an empty filter lets everything through.

    `search` is matched as plain text, ignoring case, against name and id.
    """
    keep = pd.Series(True, index=accounts.index)
    for name, chosen in (("tier", tiers), ("segment", segments), ("csm_name", csms)):
        if chosen:
            keep &= column(accounts, name).isin(chosen)
    wanted = search.strip().casefold()
    if wanted:
        text = accounts["account_name"].fillna("") + " " + accounts["account_id"]
        keep &= text.str.casefold().str.contains(wanted, regex=False)
    return where(accounts, keep)


def rank_accounts(accounts: pd.DataFrame, ranking: str) -> pd.DataFrame:
    """The accounts in the order of a ranking of `RANKINGS`; unknowns last, ties by MRR."""
    column, ascending = RANKINGS[ranking]
    by = [column, "mrr", "account_id"] if column != "mrr" else ["mrr", "account_id"]
    order = [ascending, False, True] if column != "mrr" else [False, True]
    return accounts.sort_values(by, ascending=order, na_position="last").reset_index(drop=True)


def cohort_matrix(cohorts: pd.DataFrame, measure: str, every: int = 1) -> pd.DataFrame:
    """Cohorts as a matrix: index signup_quarter, columns months since, values `measure`.

    Cells that the data cannot know yet stay NaN; rows and columns of nothing else are left out.
    `every` keeps each n-th month.
    """
    kept = cohorts[cohorts["months_since"] % every == 0]
    matrix = kept.pivot(index="signup_quarter", columns="months_since", values=measure)
    matrix = matrix.astype(float).sort_index()
    return matrix.dropna(axis="columns", how="all").dropna(axis="index", how="all")


def retained_after(cohorts: pd.DataFrame, month: int, measure: str) -> tuple[float | None, int]:
    """Retention after `month` months over the cohorts that are old enough, and their accounts.

    Cohorts are weighted by their number of accounts, so that a quarter of three sign-ups does
    not speak as loudly as one of three hundred.
    """
    old_enough = where(cohorts, (cohorts["months_since"] == month) & cohorts[measure].notna())
    sizes, shares = column(old_enough, "accounts"), column(old_enough, measure)
    accounts = int(sizes.sum())
    if accounts == 0:
        return None, 0
    return float((shares.astype("float64") * sizes).sum()) / accounts, accounts

"""The portfolio in `tenure status`: how it stands, and whom to call first."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from orchestration.terminal import Terminal, plain
from orchestration.words import as_of, money, records, share
from warehouse import Warehouse

PORTFOLIO_SQL = """
select
    count(*) filter (where is_open) as open_accounts,
    count(*) as accounts,
    sum(mrr) filter (where is_open) as mrr,
    count(*) filter (where is_open and mrr is null) as accounts_without_mrr,
    sum(mrr_at_risk) as mrr_at_risk,
    max(currency) as currency,
    max(as_of_date) as as_of_date
from marts.customer_health
"""

TIERS_SQL = """
select tier, sum(accounts)::bigint as accounts
from marts.portfolio_weekly
where snapshot_date = %(as_of_date)s
group by tier
order by accounts desc, tier
"""

FIRST_SQL = """
select account_name, tier, health_score, churn_probability, mrr_at_risk, mrr, renewal_date,
    days_to_renewal, coalesce(drivers, reasons) as reasons
from marts.customer_health
where priority <= 5
order by priority
"""

BASIS_SQL = "select sentence from marts.score_basis where sentence is not null"

RETENTION_SQL = """
select period, nrr, grr, logo_churn, cohort_accounts, reason_not_shown
from marts.retention_trailing
where is_headline and segment = 'all'
"""


def print_portfolio(console: Terminal, warehouse: Warehouse, trust: dict[str, Any] | None) -> None:
    """The portfolio in one line, tiers and retention in another, whom to call first."""
    if trust is None:
        console.print("No account has been scored yet. Run: make run")
        return
    [portfolio] = records(warehouse, PORTFOLIO_SQL)
    if portfolio["accounts"] == 0:
        console.print("No account had a subscription by the as-of date: there is nothing to score.")
        return
    currency = portfolio["currency"]
    at_risk = "unknown" if trust["passes_quality_gate"] else "not shown without a trusted model"
    if not pd.isna(portfolio["mrr_at_risk"]):
        at_risk = money(portfolio["mrr_at_risk"], currency)
    unknown = portfolio["accounts_without_mrr"]
    left_out = f" ({unknown:,} accounts without a known MRR left out)" if unknown else ""
    console.print(
        f"As of {as_of(portfolio['as_of_date'])}: {portfolio['open_accounts']:,} open accounts "
        f"of {portfolio['accounts']:,}, MRR {money(portfolio['mrr'], currency)}{left_out}, "
        f"of which at risk {at_risk}"
    )
    tiers = records(warehouse, TIERS_SQL, {"as_of_date": portfolio["as_of_date"]})
    if tiers:
        console.print("Tiers: " + ", ".join(f"{row['tier']} {row['accounts']:,}" for row in tiers))
    for row in records(warehouse, RETENTION_SQL):
        print_retention(console, row)
    print_work_list(console, warehouse, trust, currency)


def print_work_list(
    console: Terminal, warehouse: Warehouse, trust: dict[str, Any], currency: str | None
) -> None:
    """The first five accounts: why, what they pay and when they renew."""
    console.print("Whom to call first", style="bold")
    for row in records(warehouse, BASIS_SQL):
        console.print(plain(f"  {row['sentence']}"), highlight=False, soft_wrap=True)
    for row in records(warehouse, FIRST_SQL):
        known = not pd.isna(row["health_score"])
        parts = [f"score {row['health_score']:.0f}" if known else "no score", f"({row['tier']})"]
        if not pd.isna(row["churn_probability"]):
            risk = f"{money(row['mrr_at_risk'], currency)} at risk, "
            risk += f"{share(row['churn_probability'])} to leave in {trust['horizon_days']} days,"
            parts.insert(0, risk)
        parts += [f"· {money(row['mrr'], currency)} MRR", *renewal(row)]
        line = plain(f"  {row['account_name']}: {' '.join(parts)}")
        console.print(line, highlight=False, soft_wrap=True)
        if not pd.isna(row["reasons"]):
            line = plain(f"    {row['reasons']}")
            console.print(line, style="dim", highlight=False, soft_wrap=True)


def renewal(row: dict[str, Any]) -> list[str]:
    """When an account renews, as a part of its line; a day that has passed today is not ahead."""
    if pd.isna(row["renewal_date"]):
        return []
    day = f"{row['renewal_date']:%Y-%m-%d}"
    if pd.Timestamp(row["renewal_date"]).date() < datetime.now(UTC).date():
        return [f"· renewal was due on {day}"]
    return [f"· renews on {day}, {row['days_to_renewal']:.0f} days after the as-of date"]


def print_retention(console: Terminal, row: dict[str, Any]) -> None:
    """The headline retention with its period and cohort, or why there is none."""
    if not pd.isna(row["reason_not_shown"]):
        console.print(f"Retention: {row['reason_not_shown']}")
        return
    console.print(
        f"{row['period']}: NRR {share(row['nrr'])}, GRR {share(row['grr'])}, "
        f"logo churn {share(row['logo_churn'])} of {row['cohort_accounts']:,} accounts"
    )

"""Every query of the app. It reads as `tenure_reader`, which can see schema `marts` and no other.

Results are kept by company, server and data version, so that all viewers share one read and
nobody sees yesterday's numbers after a run. The role is the same for all viewers; were it not, it
would belong in the key.
"""

import json
import logging
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.data_report import QUERIES, DataReport, assemble
from dashboards.frames import column
from dashboards.states import Explanation, explain
from dashboards.trust import Outage, Retention, Trust
from warehouse import Settings, Warehouse, WarehouseError, load_settings

logger = logging.getLogger(__name__)

# dbt replaces its tables by new ones and a truncate gives a table a new file, so these numbers
# change with every build of any mart.
DATA_VERSION = """
    select coalesce(
        string_agg(pg_class.oid || ':' || pg_class.relfilenode, ' ' order by pg_class.oid),
        'no marts'
    ) as data_version
    from pg_class
    left join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where pg_namespace.nspname = 'marts' and pg_class.relkind = 'r'
"""

TRUST = """
    select
        as_of_date,
        last_loaded_at,
        checks_passed,
        checks_failed,
        rows_loaded,
        rows_quarantined,
        columns_suspected,
        model_version,
        passes_quality_gate,
        reason,
        horizon_days
    from marts.data_trust
"""

# Those that a signal of the as-of date may still miss something by.
OUTAGES = """
    select label, missing_days, sentence
    from marts.source_outages
    where is_within_90d
    order by first_missing_date desc, source, measure
"""

QUARANTINE = """
    select system, source || '.' || table_name as table_name, rule, rows_rejected, example_message
    from marts.quarantine_summary
    order by rows_rejected desc, system, source, table_name, rule
"""

SUSPECTED_LEAKS = """
    select
        system,
        source || '.' || table_name as table_name,
        column_name,
        told_by,
        auc,
        ended_accounts,
        accounts
    from marts.suspected_leaks
    order by auc desc, system, source, table_name, column_name
"""

OPEN_ACCOUNTS = """
    select
        account_id,
        account_name,
        segment,
        industry,
        region,
        csm_name,
        priority,
        scorecard,
        health_score,
        tier,
        colour,
        trend,
        score_change_28d,
        coverage,
        reasons,
        pillar_scores,
        churn_probability,
        drivers,
        mrr,
        currency,
        mrr_at_risk,
        arr_at_risk,
        renewal_date,
        days_to_renewal,
        as_of_date,
        model_version
    from marts.customer_health
    where is_open
    order by account_id
"""

BASIS = "select sentence from marts.score_basis where sentence is not null"

PORTFOLIO_WEEKLY = """
    select
        snapshot_date,
        segment,
        tier,
        colour,
        accounts,
        mrr,
        accounts_without_mrr,
        currency
    from marts.portfolio_weekly
    order by snapshot_date, segment, tier
"""

RETENTION = """
    select
        segment, period, cohort_accounts, churned_accounts, nrr, grr, logo_churn, reason_not_shown
    from marts.retention_trailing
    where is_headline
    order by segment != 'all', segment
"""

# In the reporting currency at the as-of date's rates: a currency's minor unit is not always a
# hundredth, and only the warehouse knows which.
MOVEMENTS = """
    select
        month,
        max(reporting_currency) as currency,
        sum(new_cents * reporting_per_cent) as new,
        sum(expansion_cents * reporting_per_cent) as expansion,
        sum(reactivation_cents * reporting_per_cent) as reactivation,
        sum(contraction_cents * reporting_per_cent) as contraction,
        sum(churn_cents * reporting_per_cent) as churn,
        sum((closing_mrr_cents - opening_mrr_cents) * reporting_per_cent) as net,
        string_agg(distinct currency, ', ') filter (where reporting_per_cent is null)
            as unconverted
    from marts.fct_mrr_movements
    group by month
    order by month
"""

COHORTS = """
    select
        signup_quarter,
        months_since,
        accounts,
        logo_retention,
        revenue_retention,
        gross_revenue_retention,
        as_of_date
    from marts.churn_cohorts
    order by signup_quarter, months_since
"""

SCORE_HISTORY = """
    select snapshot_date, health_score, tier, colour
    from marts.customer_health_history
    where account_id = %(account_id)s and scorecard = %(scorecard)s
    order by snapshot_date
"""


class MartsUnavailable(Exception):
    """The marts cannot be read; `explanation` says why and what to do."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__(explanation.title)
        self.explanation = explanation


def company() -> str:
    """The company whose marts the app shows."""
    return _settings().company


def load_trust() -> Trust:
    """How far the numbers may be believed. Read anew each time: it may move while marts stand."""
    rows = _read(TRUST)
    row: dict[str, Any] = {} if rows.empty else _known_values(rows.iloc[0])
    as_of = row.get("as_of_date")
    return Trust(
        as_of_date=as_of,
        data_age_days=None if as_of is None else (today() - as_of).days,
        last_loaded_at=row.get("last_loaded_at"),
        checks_passed=row.get("checks_passed"),
        checks_failed=row.get("checks_failed"),
        rows_loaded=row.get("rows_loaded"),
        rows_quarantined=row.get("rows_quarantined"),
        columns_suspected=row.get("columns_suspected"),
        model_version=row.get("model_version"),
        passes_quality_gate=bool(row.get("passes_quality_gate", False)),
        reason=row.get("reason"),
        horizon_days=row.get("horizon_days"),
        outages=tuple(
            Outage(label, int(days), sentence)
            for label, days, sentence in _cached(OUTAGES).itertuples(index=False)
        ),
    )


def load_quarantine() -> pd.DataFrame:
    """Rows in quarantine per system, table and rule, most first."""
    # A view of what Tenure writes as it goes: it may move while the marts stand.
    return _read(QUARANTINE)


def load_data_report() -> DataReport:
    """Where every delivered row went, and what in the data does not fit."""
    # Views of what Tenure writes as it goes: they may move while the marts stand.
    return assemble({name: _read(sql).to_dict("records") for name, sql in QUERIES.items()})  # type: ignore[arg-type]


def load_suspected_leaks() -> pd.DataFrame:
    """Raw columns that alone tell who has left, the most telling first."""
    return _cached(SUSPECTED_LEAKS)


def load_open_accounts() -> pd.DataFrame:
    """One row of `customer_health` per open account."""
    return _cached(OPEN_ACCOUNTS)


def load_basis() -> str | None:
    """What accounts are ranked by without a trusted model, and what would make it better."""
    rows = _read(BASIS)
    return None if rows.empty else str(rows["sentence"].iloc[0])


def load_portfolio_weekly() -> pd.DataFrame:
    """One row per snapshot date, segment and tier."""
    return _cached(PORTFOLIO_WEEKLY)


def load_retentions() -> pd.DataFrame:
    """The retention that speaks for the company, then for each segment, or why there is none."""
    return _cached(RETENTION)


def load_retention() -> Retention | None:
    """The retention that speaks for the company, or why there is none; None on empty marts."""
    rows = load_retentions()
    company_row = rows[rows["segment"] == "all"].drop(columns="segment")
    return None if company_row.empty else Retention(**_known_values(company_row.iloc[0]))


def load_movements() -> pd.DataFrame:
    """One row per month: movements and their sum in the reporting currency; `unconverted` names
    the currencies that are left out because no exchange rate is known."""
    return _cached(MOVEMENTS)


def load_cohorts() -> pd.DataFrame:
    """One row per sign-up quarter and months since; what cannot be known yet is null."""
    return _cached(COHORTS)


def load_score_history(account_id: str, scorecard: str) -> pd.DataFrame:
    """One account's health score per snapshot date."""
    return _cached(SCORE_HISTORY, account_id=account_id, scorecard=scorecard)


def pillars(scores: str | None) -> dict[str, float | None]:
    """`pillar_scores` of a `customer_health` row: points per pillar, None when unknown."""
    return json.loads(scores) if isinstance(scores, str) else {}


def _cached(sql: str, **params: Any) -> pd.DataFrame:
    settings = _settings()
    version = str(column(_read(DATA_VERSION), "data_version").iloc[0])
    return _remembered(_place(settings), version, sql, params)


@st.cache_data(show_spinner=False, max_entries=256)
def _remembered(
    place: str,
    data_version: str,
    sql: str,
    params: dict[str, Any],
) -> pd.DataFrame:
    return _read(sql, params)


def _read(sql: str, params: dict[str, Any] | None = None) -> pd.DataFrame:
    settings = _settings()
    try:
        return _warehouse(_place(settings), settings).read(sql, params or None)
    except WarehouseError as error:
        # The page shows a sentence; whoever looks after the server needs the rest.
        logger.warning("The marts of %s cannot be read.", settings.company, exc_info=True)
        raise MartsUnavailable(explain(error, settings.company)) from error


@st.cache_resource(show_spinner=False)
def _warehouse(place: str, _settings: Settings) -> Warehouse:
    return Warehouse.open(_settings, role="reader")


def _settings() -> Settings:
    try:
        return load_settings()
    except WarehouseError as error:
        raise MartsUnavailable(explain(error, "")) from error


def _place(settings: Settings) -> str:
    # Not the address: to know the embedded server's socket costs a process each time.
    return f"{settings.home} {settings.database_url} {settings.company}"


def _known_values(row: pd.Series) -> dict[str, Any]:
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    known = {str(name): value for name, value in plain.items() if not pd.isna(value)}
    if "as_of_date" in known:
        known["as_of_date"] = known["as_of_date"].date()
    return known


def today() -> date:
    """The day (UTC) on which the app is read, which may lie long after the as-of date."""
    return datetime.now(UTC).date()

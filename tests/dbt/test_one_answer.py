"""`tenure status`, the app, SQL and the download give one answer to one question."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from dashboards import data_report, formatting
from orchestration.cli import app as cli
from orchestration.reports.data import read_report
from orchestration.status import print_status
from orchestration.terminal import Terminal
from tests.conftest import PROJECT_ROOT
from tests.dbt.builds import ONLY_MODELS
from tests.dbt.eight_customers import PROVENANCE
from warehouse import Warehouse
from warehouse.plain_text import markdown

pytestmark = pytest.mark.slow

AS_OF = "2026-01-20"
MARTS = ["customer_health", "customer_health_history", "portfolio_weekly", "retention_trailing"]
SHOWN_BESIDE = ["data_trust", "model_evaluation", "source_outages", "quarantine_summary"]
SHOWN_BESIDE += ["suspected_leaks", "fct_mrr_movements", "churn_cohorts", "score_basis"]
SHOWN_BESIDE += ["data_balances", "correction_summary", "data_findings", "source_coverage"]
SHOWN_BESIDE += ["failed_checks"]

# Two customers in January, 38 more in June; the first leaves in autumn, and another one pays less
# at the end. No use has been reported for two weeks, so that all are grey but the twenty whose
# score a manager has set. By a model that ranks no better than chance the second one seems lost.
COMPANY = """
with accounts as (
    select n, 'a' || n as account_id,
        case when n <= 2 then timestamptz '2025-01-20 00:00Z' else '2025-06-15 00:00Z' end as t
    from generate_series(1, 40) as n
), customers as (
    insert into crm.accounts (account_id, account_name, employee_count, signed_at)
    select account_id, 'Account ' || n, (array[null, 20, 500, 5000])[1 + n % 4], t from accounts
), subscriptions as (
    insert into billing.subscriptions (subscription_id, account_id, product, quantity, unit,
        mrr_cents, currency, started_at, ended_at)
    select 's' || n, account_id, 'platform', 10, 'users', 10000, 'USD', t,
        case when n = 1 then timestamptz '2025-09-15 00:00Z' when n = 3 then '2025-10-01 00:00Z' end
    from accounts
    union all
    select 's3b', 'a3', 'platform', 5, 'users', 5000, 'USD', '2025-10-01 00:00Z', null
), days as (
    insert into product.account_days (account_id, usage_date, events, active_users,
        active_users_7d, active_users_28d)
    select account_id, t::date + d, 10 + n * (d / 7 % 7), n % 9, n % 9, 1 + n % 9 + d % 5
    from accounts cross join generate_series(0, 364) as d
    where t::date + d <= date '2026-01-06'
), overrides as (
    insert into success.health_overrides (override_id, account_id, score, reason, author, set_at,
        expires_at)
    select 'o' || n, account_id, 2 * n, 'Merger announced', 'Cleo', '2026-01-01 00:00Z',
        '2026-03-01 00:00Z'
    from accounts where n between 20 and 39
), tickets as (
    insert into support.tickets (ticket_id, account_id, priority, created_at)
    select 't' || n || '-' || week, account_id, 'low', t + week * interval '7 days'
    from accounts cross join generate_series(0, 30) as week
), model as (
    insert into ml.models (target, model_version, status, reason, passes_quality_gate,
        trained_as_of_date, horizon_days, snapshot_count, account_count, positive_account_count,
        fingerprint, trained_at)
    select 'churn', '1', 'champion', 'Not trusted: no better than chance.', false, '2026-01-20', 90,
        100, 40, 31, 'f', now()
), loads as (
    insert into tenure.loads (system, source, table_name, files, rows_in, rows_loaded,
        rows_quarantined, rows_duplicate, loaded_at, problems)
    select 'canonical', source, name, '{f.csv}', 45, 40, 3, 2, now(), '["f.csv: a <b>note</b>"]'
    from (values ('crm', 'accounts'), ('support', 'tickets')) as loaded (source, name)
), repairs as (
    insert into tenure.repairs (system, source, table_name, rule, rows_repaired)
    values ('canonical', 'crm', 'accounts', 'corrected', 1)
), corrections as (
    insert into quarantine.corrected_cells (system, source, table_name, file, row_number,
        column_name, rule, message, content, corrected_at)
    values ('canonical', 'crm', 'accounts', 'f.csv', 7, 'employee_count', 'type',
        'many is no number', 'many', now())
), rejections as (
    insert into quarantine.rejected_rows (rejection_id, system, source, table_name, file,
        row_number, rule, message, row_data, first_seen_at, last_seen_at)
    select source || n, 'canonical', source, name, 'f.csv', n, 'not_null(account_id)',
        'row ' || n || ' has no account_id', '{"email": "ann@example.com"}', now(), now()
    from (values ('crm', 'accounts'), ('support', 'tickets')) as loaded (source, name)
    cross join generate_series(1, 3) as n
), checks as (
    insert into tenure.checks (suite, table_name, is_passed, failed_count, expectation_count,
        failures, checked_at)
    select 'crm', name, true, 0, 1, '[]', now() from unnest(array['accounts', 'contacts']) as name
)
insert into ml.predictions (target, horizon_days, as_of_date, account_id, model_version, run_id,
    probability, drivers, input_digest, scored_at)
select 'churn', 90, '2026-01-20', account_id, '1', 'r1', 1.0 / (n + 1), '[{"words": "luck"}]', 'd',
    now()
from accounts where n > 1
"""


@pytest.fixture(scope="module")
def built(company: Warehouse, dbt_build: Callable[..., None]) -> Warehouse:
    company.execute(PROVENANCE)
    company.execute(COMPANY)
    wanted = [*(f"+{mart}" for mart in MARTS), *(f"+{mart}" for mart in SHOWN_BESIDE)]
    dbt_build(company, AS_OF, "--select", *wanted, *ONLY_MODELS)
    return company


@pytest.fixture(scope="module")
def status(built: Warehouse) -> str:
    text = io.StringIO()
    print_status(Terminal(file=text, width=400), built.settings)
    return text.getvalue()


@pytest.fixture
def sql(built: Warehouse) -> Callable[[str], list[dict[str, str]]]:
    """`tenure sql`: the rows of its CSV."""

    def ask(query: str) -> list[dict[str, str]]:
        result = CliRunner().invoke(cli, ["sql", query, "--company", built.settings.company])
        assert result.exit_code == 0, result.output
        return list(csv.DictReader(io.StringIO(result.output)))

    return ask


@pytest.fixture
def page(built: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    """A page of the app; what it offers for download is under `downloads` of its session."""
    monkeypatch.setenv("TENURE_COMPANY", built.settings.company)
    kept: list[bytes] = []
    offer = st.download_button

    def keep(label: str, content: bytes, **options: Any) -> bool:
        kept.append(content)
        return offer(label, content, **options)

    monkeypatch.setattr(st, "download_button", keep)

    def show(name: str) -> AppTest:
        kept.clear()
        path = str(PROJECT_ROOT / "dashboards" / "streamlit_app.py")
        shown = AppTest.from_file(path, default_timeout=60).run()
        shown.switch_page(f"app_pages/{name}.py").run()
        assert not shown.exception
        shown.session_state["downloads"] = list(kept)
        return shown

    return show


def metrics(page: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in page.metric}


def test_trailing_retention_is_of_one_period(
    status: str,
    page: Callable[[str], AppTest],
    sql: Callable[[str], list[dict[str, str]]],
) -> None:
    """One of the two customers of the longest period has left: 0.50 here, 0.95 there."""
    [row] = sql("select * from marts.retention_trailing where is_headline and segment = 'all'")
    assert (row["period"], row["cohort_accounts"]) == ("6 months to 1 Jan 2026", "40")
    # 40 × 100 at the start; one left, one pays half
    assert float(row["nrr"]) == float(row["grr"]) == pytest.approx(3850 / 4000)
    assert float(row["logo_churn"]) == pytest.approx(1 / 40)
    shown = metrics(page("portfolio"))
    for name, label in [("nrr", "Net revenue retention"), ("grr", "Gross revenue retention")]:
        figure = formatting.percent(float(row[name]))
        assert shown[label] == (figure, markdown(row["period"]))
    assert shown["Logo churn"][0] == formatting.percent(float(row["logo_churn"])) == "2.5%"
    assert f"{row['period']}: NRR 96.2%, GRR 96.2%, logo churn 2.5% of 40 accounts" in status
    hidden = sql("select * from marts.retention_trailing where months = 12 and segment = 'all'")[0]
    assert (hidden["nrr"], hidden["reason_not_shown"]) == (
        "",
        "too early to say: no account paid on 1 Jan 2025",
    )


def test_a_grey_account_has_no_score_anywhere(
    status: str,
    page: Callable[[str], AppTest],
    sql: Callable[[str], list[dict[str, str]]],
    built: Warehouse,
) -> None:
    stored = built.read(
        "select health_score from marts.fct_health_scores where account_id = 'a40'"
        f" and snapshot_date = '{AS_OF}' and scorecard = 'strategy_002'"
    )["health_score"]
    assert stored.notna().all()
    [row] = sql(
        "select health_score, computed_score, tier, trend, pillar_scores"
        " from marts.customer_health where account_id = 'a40'"
    )
    assert list(row.values()) == ["", "", "Unknown", "unknown", ""]
    [newest] = sql(
        "select health_score, tier from marts.customer_health_history"
        f" where account_id = 'a40' and snapshot_date = '{AS_OF}' and scorecard = 'strategy_002'"
    )
    assert newest == {"health_score": "", "tier": "Unknown"}
    shown = page("accounts_at_risk")
    table = next(table.value for table in shown.dataframe if "account_name" in table.value)
    in_app = table.set_index("account_name").loc["Account 40"]
    assert pd.isna(in_app["health_score"]) and "Unknown" in in_app["health"]
    [content] = shown.session_state["downloads"]
    downloaded = pd.read_csv(io.BytesIO(content)).set_index("account_id").loc["a40"]
    assert pd.isna(downloaded["health_score"]) and downloaded["tier"] == "Unknown"
    assert "Unknown 19" in status


def test_an_untrusted_model_is_quoted_nowhere(
    status: str,
    page: Callable[[str], AppTest],
    sql: Callable[[str], list[dict[str, str]]],
    built: Warehouse,
) -> None:
    assert built.read("select max(probability) from ml.predictions")["max"].iloc[0] > 0.3
    [row] = sql(
        "select count(churn_probability) as p, count(mrr_at_risk) as m, count(arr_at_risk) as a,"
        " count(drivers) as d, count(model_version) as v from marts.customer_health"
    )
    assert set(row.values()) == {"0"}
    shown = page("accounts_at_risk")
    table = next(table.value for table in shown.dataframe if "account_name" in table.value)
    assert not {"churn_probability", "mrr_at_risk"} & set(table)
    [content] = shown.session_state["downloads"]
    downloaded = pd.read_csv(io.BytesIO(content))
    assert downloaded[["churn_probability", "mrr_at_risk", "drivers"]].isna().all(axis=None)
    assert "to leave in" not in status and "luck" not in status
    assert "at risk not shown without a trusted model" in status
    assert "does not pass the quality gate" in status
    assert "does not pass its quality gate" in shown.warning[0].value


def test_the_work_list_has_one_order(
    status: str, page: Callable[[str], AppTest], sql: Callable[[str], list[dict[str, str]]]
) -> None:
    rows = sql("select account_name from marts.customer_health where is_open order by priority")
    names = [row["account_name"] for row in rows]
    assert len(names) == 39
    shown = page("accounts_at_risk")
    table = next(table.value for table in shown.dataframe if "account_name" in table.value)
    assert list(table["account_name"]) == names
    first = [line.strip().split(":")[0] for line in status.splitlines() if "score" in line]
    assert first[-5:] == names[:5]


def test_the_portfolio_is_counted_once(
    status: str, page: Callable[[str], AppTest], sql: Callable[[str], list[dict[str, str]]]
) -> None:
    weekly = sql(
        "select tier, sum(accounts) as accounts, sum(mrr) as mrr,"
        " sum(accounts_without_mrr) as unknown from marts.portfolio_weekly"
        f" where snapshot_date = '{AS_OF}' group by tier order by tier"
    )
    current = sql(
        "select tier, count(*) as accounts, sum(mrr) as mrr,"
        " count(*) filter (where mrr is null) as unknown from marts.customer_health"
        " where is_open group by tier order by tier"
    )
    assert weekly == current
    for row in weekly:
        assert f"{row['tier']} {row['accounts']}" in status
    shown = page("portfolio")
    assert metrics(shown)["Open accounts"][0] == "39"
    assert "39 open accounts of 40" in status


def test_trust_is_one_row_for_all(
    status: str, page: Callable[[str], AppTest], sql: Callable[[str], list[dict[str, str]]]
) -> None:
    [row] = sql("select * from marts.data_trust")
    assert (row["checks_passed"], row["checks_failed"]) == ("2", "0")
    text = "\n".join(element.value for element in page("portfolio").markdown)
    assert "2 of 2 checks passed" in text
    assert "Checks: all passed (2)" in status
    assert row["reason"] == "Not trusted: no better than chance."
    assert row["reason"] in status


def test_the_report_on_the_data_and_its_page_agree(
    built: Warehouse, page: Callable[[str], AppTest]
) -> None:
    report = read_report(built)
    assert report.as_of_date == pd.Timestamp(AS_OF).date()
    shown = page("data_quality")
    figures = {label: value for label, (value, _) in metrics(shown).items()}
    assert figures["Rows in"] == formatting.count(report.total("rows_in")) == "90"
    assert figures["Quarantined"] == formatting.count(report.total("rows_quarantined")) == "6"
    assert figures["Without a health score"] == str(report.accounts_without_score) == "19"
    balances = next(table.value for table in shown.dataframe if "Rows in" in table.value)
    assert balances["Newest fact"].tolist() == [one.newest for one in report.balances]
    newest_ticket = built.read("select max(created_at)::date as day from support.tickets")["day"]
    assert report.balances[1].newest == newest_ticket.iloc[0].date()
    found = next(table.value for table in shown.dataframe if "First step" in table.value)
    kinds = ("quarantined", "corrected", "read_otherwise", "contradictions")
    findings = [finding for kind in kinds for finding in getattr(report, kind)]
    columns = ["Table", "Rows", "What", "What it costs", "First step"]
    assert found[columns].to_numpy().tolist() == [
        [one.table, one.rows, one.what, one.cost, one.first_step] for one in findings
    ]
    # the row is in the report alone, and what the contract does not know as its shape
    for on_page, whole in zip(found["For example"], findings, strict=True):
        assert whole.example.startswith(on_page) and "ann@example.com" not in whole.example
    shape = '{"email": "(an e-mail-like text of 15 characters)"}'
    assert shape in report.quarantined[0].example and shape not in found["For example"].iloc[0]
    text = "\n".join(element.value for element in shown.markdown)
    for sentence in (*report.outages, *report.missing, *report.balances[0].notes):
        assert markdown(sentence) in text


def test_what_the_page_reads_needs_no_more_than_the_marts(built: Warehouse) -> None:
    """The app's role may read nothing else: a view of the audit asks for its owner's rights."""
    with Warehouse.open(built.settings, role="reader") as reader:
        for sql in data_report.QUERIES.values():
            reader.read(sql)

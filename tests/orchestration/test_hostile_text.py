"""A company whose every text is hostile goes through all that prints, and through Dagster."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
from dagster import AssetCheckEvaluation, AssetKey, JsonMetadataValue
from rich.table import Table

from dashboards import figures, wording
from dashboards.data_report import Finding
from expectations import TableCheck
from orchestration import findings, portfolio, status
from orchestration.as_of.question import Question
from orchestration.as_of.score import Answer, print_answer
from orchestration.defs.checks import check_result
from orchestration.lib.check_names import SENTENCES
from orchestration.lib.previews import quarantine_preview
from orchestration.onboarding.checked import Checked, print_checked
from orchestration.reports.page import data_page
from orchestration.run import RunReport, check_in_words, print_report
from orchestration.terminal import Terminal, styled
from tests.hostile import COMMANDS, HOSTILE, MARKUP
from tests.orchestration.test_data_report import BALANCE, REPORT
from warehouse import Warehouse
from warehouse.plain_text import plotly, visible

NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)
TODAY = date(2026, 3, 31)
TRUST = {
    "passes_quality_gate": False,
    "horizon_days": 90,
    "model_version": HOSTILE,
    "positive_account_count": 3,
    "account_count": 9,
    "checks_passed": 1,
    "reason": HOSTILE,
}
ACCOUNT = {
    "account_name": HOSTILE,
    "tier": HOSTILE,
    "health_score": 12.0,
    "churn_probability": 0.4,
    "mrr_at_risk": 5.0,
    "mrr": 10.0,
    "renewal_date": pd.Timestamp("2026-05-01"),
    "days_to_renewal": 31,
    "reasons": HOSTILE,
}
TRIAL = {
    "row_set": HOSTILE,
    "title": HOSTILE,
    "finding": HOSTILE,
    "is_proven": True,
    "dates": 3,
    "outcomes": 20,
    "auc": 0.7,
    "auc_low": 0.6,
    "auc_high": 0.8,
    "lift": 2.0,
    "early_share": 0.5,
    "horizon_days": 90,
    "alert_share": 0.1,
    "days_early": 30,
}
LOAD = {
    "system": HOSTILE,
    "table_name": HOSTILE,
    "rows_in": 4,
    "rows_loaded": 2,
    "rows_quarantined": 1,
    "rows_duplicate": 1,
    "loaded_at": NOW,
}
EVALUATION = {"predictor": HOSTILE, "metric": "auc", "metric_value": 0.7}
PORTFOLIO = {
    "open_accounts": 2,
    "accounts": 2,
    "mrr": 10.0,
    "accounts_without_mrr": 1,
    "mrr_at_risk": None,
    "currency": HOSTILE,
    "as_of_date": TODAY,
}
ROWS: dict[str, list[dict[str, Any]]] = {
    status.LOADS_SQL: [LOAD],
    status.LOOKED_SQL: [],
    status.RUN_SQL: [
        {"status": HOSTILE, "as_of_date": TODAY, "known_as_of": NOW, "started_at": NOW}
    ],
    status.CHECKS_SQL: [{"failures": json.dumps([HOSTILE]), "consequence": HOSTILE}],
    status.LEAKS_SQL: [{"column_name": HOSTILE, "auc": 0.99}],
    status.OUTAGES_SQL: [{"sentence": HOSTILE}],
    status.EVALUATION_SQL: [EVALUATION | {"ci_low": 0.6, "ci_high": 0.8}],
    status.BACKTEST_SQL: [TRIAL, TRIAL | {"row_set": "unproven", "is_proven": False}],
    findings.IS_BUILT_SQL: [{"is_built": True}],
    findings.FINDINGS_SQL: [
        {
            "kind": "Found",
            "rows_affected": 2,
            "full_name": HOSTILE,
            "sentence": HOSTILE,
            "example": HOSTILE,
            "first_step": HOSTILE,
        }
    ],
    portfolio.PORTFOLIO_SQL: [PORTFOLIO],
    portfolio.TIERS_SQL: [{"tier": HOSTILE, "accounts": 2}],
    portfolio.BASIS_SQL: [{"sentence": HOSTILE}],
    portfolio.FIRST_SQL: [ACCOUNT],
    portfolio.RETENTION_SQL: [{"reason_not_shown": HOSTILE}],
}


class HostileWarehouse:
    """Answers each query of `tenure status` with a row whose texts are hostile."""

    def read(self, sql: str, _params: object = None) -> pd.DataFrame:
        if sql.startswith("select to_regclass(%(name)s)"):
            return pd.DataFrame({"found": [True]})
        return pd.DataFrame(ROWS[sql])


@pytest.fixture
def warehouse() -> Warehouse:
    return cast(Warehouse, HostileWarehouse())


@pytest.fixture
def terminal() -> Terminal:
    """A colour terminal, as wide as the longest line."""
    return Terminal(file=io.StringIO(), width=4000, force_terminal=True, color_system=None)


def printed(terminal: Terminal) -> str:
    """What was printed: each hostile text whole, and nothing that a terminal would act upon."""
    text = cast(io.StringIO, terminal.file).getvalue()
    assert not set(COMMANDS).intersection(text)
    assert visible(HOSTILE) in text
    return text


PRINTERS = [
    status.print_loads,
    status.print_run,
    status.print_leaks,
    status.print_outages,
    status.print_backtest,
    findings.print_findings,
]


@pytest.mark.parametrize("printer", PRINTERS, ids=lambda printer: printer.__name__)
def test_status_prints_hostile_rows_as_they_are(
    terminal: Terminal, warehouse: Warehouse, printer: Any
) -> None:
    """A tier called [/b] ended a good run in a traceback; [us-east] was not printed at all."""
    printer(terminal, warehouse)
    if printer is not findings.print_findings:
        printed(terminal)
        return
    # an example is cut after 60 characters
    text = cast(io.StringIO, terminal.file).getvalue()
    assert not set(COMMANDS).intersection(text)
    assert visible(HOSTILE[:60]) in text


def test_portfolio_model_and_checks_print_hostile_rows_as_they_are(
    terminal: Terminal, warehouse: Warehouse
) -> None:
    portfolio.print_portfolio(terminal, warehouse, TRUST)
    assert printed(terminal).count(visible(HOSTILE)) == 9
    status.print_model(terminal, warehouse, TRUST)
    status.print_checks(terminal, warehouse, TRUST)
    assert printed(terminal).count(visible(HOSTILE)) == 14


def test_the_end_of_a_run_prints_hostile_sentences_as_they_are(terminal: Terminal) -> None:
    report = RunReport(False, 3, log=cast(Any, HOSTILE), notes=[HOSTILE], problems=[HOSTILE])
    report.failures, report.shown = [HOSTILE], HOSTILE
    print_report(terminal, report)
    assert printed(terminal).count(visible(HOSTILE)) == 5


def test_a_checked_delivery_prints_hostile_problems_as_they_are(terminal: Terminal) -> None:
    print_checked(terminal, Checked([], [HOSTILE], is_loaded=True))
    printed(terminal)


def test_a_score_prints_hostile_names_as_they_are(terminal: Terminal) -> None:
    question = Question(HOSTILE, HOSTILE, TODAY, NOW)
    score = dict.fromkeys(("scorecard", "tier", "colour", "segment", "policy_version"), HOSTILE)
    line = dict.fromkeys(("contribution", "signal", "label", "pillar"), HOSTILE)
    numbers = {"pillar_weight": 1, "weight": 1, "value": 1.0, "points": 1.0, "is_delivered": True}
    found = Answer(question, score | {"health_score": 1.0, "coverage": 1.0}, [line | numbers])
    print_answer(terminal, found)
    assert printed(terminal).count(visible(HOSTILE)) == 9


def test_strings_are_text_and_styles_are_given_beside_them(terminal: Terminal) -> None:
    """One print that forgets to escape must do no harm."""
    table = Table(MARKUP, title=MARKUP)
    table.add_row(MARKUP)
    for said in (MARKUP, ":warning:", table, styled(("✓", "green"), f" {MARKUP}")):
        terminal.print(said)
    text = cast(io.StringIO, terminal.file).getvalue()
    assert text.count(MARKUP) == 5
    assert ":warning:" in text


def test_dagster_shows_what_a_check_found_as_text() -> None:
    """Its pages render descriptions as Markdown, and load the images in them."""
    result = check_result(TableCheck("crm", "accounts", 3, 9, failures=[HOSTILE]))
    assert result.description is not None
    assert "![" not in result.description
    assert "<b>" not in result.description
    said = result.metadata[SENTENCES]
    assert isinstance(said, JsonMetadataValue)
    assert visible(HOSTILE) in cast(list[str], said.data)


def test_the_terminal_says_what_a_check_found_without_escapes_of_markdown() -> None:
    result = check_result(TableCheck("crm", "accounts", 3, 9, failures=["a_b: not so."]))
    evaluation = AssetCheckEvaluation(
        AssetKey(["crm", "accounts"]),
        "is_plausible",
        passed=False,
        metadata=dict(result.metadata),
        description=result.description,
    )
    assert check_in_words(evaluation) == "check on crm/accounts: a_b: not so."


def test_a_preview_in_dagster_keeps_its_columns() -> None:
    """A bar in a value would open a column, an image call its server."""
    row = {"of_table": HOSTILE, "rule": HOSTILE, "row_count": 1, "file_count": 1}
    shown = quarantine_preview(pd.DataFrame([row]))
    assert shown.count("\n") == 2
    assert shown.splitlines()[-1].replace("\\|", "").count("|") == 5
    assert "![" not in shown


def test_the_page_of_the_report_shows_commands_as_escapes() -> None:
    finding = Finding(HOSTILE, 1, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    balance = SimpleNamespace(**BALANCE.__dict__ | {"table": HOSTILE, "is_balanced": True})
    page = data_page(
        cast(
            Any,
            SimpleNamespace(
                **REPORT.__dict__ | {"quarantined": (finding,)} | {"balances": (balance,)}
            ),
        ),
        HOSTILE,
    )
    assert not set(COMMANDS).intersection(page)
    assert "<table>" in page
    assert "<img" not in page


def test_figures_show_hostile_groups_and_tiers_as_text() -> None:
    """A segment called <a href=…> was a link in the chart of risk."""
    shown = plotly(HOSTILE.replace("_", " "))
    tiers = pd.DataFrame({"tier": [HOSTILE], "colour": ["red"], "accounts": [1], "mrr": [1.0]})
    tiers = tiers.assign(account_share=1.0, mrr_share=1.0)
    groups = pd.DataFrame({"group": [HOSTILE], "mrr_at_risk": [1.0], "mrr": [2.0]})
    history = pd.DataFrame(
        {"snapshot_date": [pd.Timestamp(TODAY)], "health_score": [1.0], "tier": [HOSTILE]}
    ).assign(colour="red")
    shares = pd.DataFrame({(HOSTILE, "red"): [1.0]}, index=pd.to_datetime([TODAY]))
    made = [
        figures.tier_bars(tiers, "mrr", "USD"),
        figures.tier_history(shares, tiers, "mrr"),
        figures.risk_bars(groups, "mrr_at_risk", "USD"),
        figures.score_history(history),
        figures.pillar_bars({HOSTILE: 1.0}),
    ]
    for figure in made:
        text = json.dumps(figure.to_plotly_json(), default=str, ensure_ascii=False)
        assert json.dumps(shown, ensure_ascii=False)[1:-1] in text
        assert "<img" not in text
        assert "<a href" not in text


def test_the_apps_filters_show_hostile_values_as_text() -> None:
    [label] = wording.options(pd.Series([HOSTILE])).values()
    assert not set(COMMANDS).intersection(label)

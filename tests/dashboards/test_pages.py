"""Each page as a reader meets it, run by Streamlit's own test harness on a made-up warehouse."""

import re
from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import data, data_report
from warehouse import Warehouse, load_settings
from warehouse.plain_text import markdown

PAGES = ("portfolio", "accounts_at_risk", "cohorts", "data_quality")
Open = Callable[..., AppTest]
Make = Callable[..., Warehouse]


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def all_text(page: AppTest) -> str:
    kinds = (page.title, page.subheader, page.caption, page.markdown, page.warning, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def accounts_table(page: AppTest) -> pd.DataFrame:
    return next(table.value for table in page.dataframe if "account_name" in table.value)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_its_numbers_and_no_error(app: Open, stocked: Warehouse, name: str) -> None:
    page = app(stocked, name)
    assert not page.exception
    assert not page.error
    assert len(page.metric) >= 4
    assert "As of 11 Mar 2026" in all_text(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_carries_the_trust_strip(app: Open, stocked: Warehouse, name: str) -> None:
    text = all_text(app(stocked, name))
    assert "Data to 11 Mar 2026" in text
    assert "24 of 24 checks passed" in text
    assert "41 rows quarantined" in text
    assert "1 column not to learn from" in text
    assert "Product events missing for 14 days" in text
    assert "Support tickets missing" not in text
    assert "Model 3" in text


def test_the_portfolio_counts_open_accounts_only(
    app: Open, stocked: Warehouse, made: dict[str, pd.DataFrame]
) -> None:
    shown = metrics(app(stocked))
    health = made["customer_health"]
    assert shown["Open accounts"] == str(int(health["is_open"].sum()))
    assert shown["Net revenue retention"] == "106.0%"
    assert shown["Logo churn"] == "17.1%"
    assert shown["MRR at risk"].startswith("$")


def test_what_hides_the_headline_of_retention_is_said_of_the_cohorts(
    app: Open, company_with: Make, made: dict[str, pd.DataFrame]
) -> None:
    reason = "too early to say: 12 subscriptions ended or paused on a day that is not known"
    hidden = made["retention_trailing"].assign(reason_not_shown=reason)
    assert markdown(reason) in all_text(app(company_with(retention_trailing=hidden), "cohorts"))


def test_retention_is_shown_by_segment_or_why_it_is_not(app: Open, stocked: Warehouse) -> None:
    page = app(stocked)
    table = next(table.value for table in page.dataframe if "grr" in table.value)
    rows = table.set_index("segment")
    assert list(rows.index) == ["All", "Enterprise", "SMB"]
    assert rows.loc["SMB", "nrr"] == 1.01
    assert pd.isna(rows.loc["Enterprise", "nrr"])
    assert rows.loc["Enterprise", "period"].startswith("too early to say: 4 accounts")


def test_accounts_are_ranked_by_their_priority(app: Open, stocked: Warehouse) -> None:
    table = accounts_table(app(stocked, "accounts_at_risk"))
    assert table["mrr_at_risk"].is_monotonic_decreasing
    assert "Closed Account" not in set(table["account_name"])


def test_filters_come_from_the_url(app: Open, stocked: Warehouse) -> None:
    page = app(
        stocked, "accounts_at_risk", segment=["Enterprise"], tier=["● Good"], rank="Largest MRR"
    )
    assert page.multiselect(key="segment").value == ["enterprise"]
    assert page.multiselect(key="tier").value == ["Good"]
    table = accounts_table(page)
    assert set(table["health"]) == {"● Good"}
    assert table["mrr"].is_monotonic_decreasing


def test_a_filter_that_the_url_invents_is_ignored(app: Open, stocked: Warehouse) -> None:
    page = app(stocked, "accounts_at_risk", segment=["Martian"], rank="Nonsense")
    assert not page.exception
    assert page.multiselect(key="segment").value == []
    assert len(accounts_table(page)) > 50


def test_no_match_says_so_instead_of_an_empty_table(app: Open, stocked: Warehouse) -> None:
    page = app(stocked, "accounts_at_risk", search="nobody by that name")
    assert "No account matches" in page.info[0].value
    assert not page.dataframe or all("account_name" not in t.value for t in page.dataframe)


def test_an_account_can_be_linked_to(app: Open, stocked: Warehouse) -> None:
    page = app(stocked, "accounts_at_risk", account="acc_0003")
    assert not page.exception
    assert any("Dunmore Foods Ltd" in heading.value for heading in page.subheader)


def test_cohorts_turn_from_accounts_to_revenue(app: Open, stocked: Warehouse) -> None:
    logos = metrics(app(stocked, "cohorts"))
    revenue = metrics(app(stocked, "cohorts", measure="Revenue, net"))
    assert logos["Kept after 3 months"] != revenue["Kept after 3 months"]
    assert "blank is not a zero" in all_text(app(stocked, "cohorts"))


def test_an_untrusted_model_is_said_so_and_does_not_lead(
    app: Open, company_with: Make, made: dict[str, pd.DataFrame]
) -> None:
    reason = "AUC 0.50 [0.43, 0.56] cannot be told from chance."
    doubtful = made["data_trust"].assign(passes_quality_gate=False, reason=reason)
    health = made["customer_health"].sort_values("health_score", ignore_index=True)
    health = health.assign(priority=health.index + 1, churn_probability=None, mrr_at_risk=None)
    warehouse = company_with(data_trust=doubtful, customer_health=health)
    for name in PAGES:
        assert "This model does not pass its quality gate" in app(warehouse, name).warning[0].value
    assert "MRR in red accounts" in metrics(app(warehouse))
    table = accounts_table(app(warehouse, "accounts_at_risk"))
    assert "churn_probability" not in table
    assert table["health_score"].dropna().is_monotonic_increasing


def test_without_a_model_the_score_stands_alone(
    app: Open, company_with: Make, made: dict[str, pd.DataFrame]
) -> None:
    unknown = ["churn_probability", "mrr_at_risk", "arr_at_risk", "drivers", "model_version"]
    warehouse = company_with(
        customer_health=made["customer_health"].assign(**dict.fromkeys(unknown)),
        data_trust=made["data_trust"].assign(
            model_version=None, passes_quality_gate=False, reason="Only 12 accounts churned."
        ),
        score_basis=pd.DataFrame([{"sentence": "Points from 0 to 100, not a probability."}]),
    )
    page = app(warehouse, "accounts_at_risk")
    assert "not a probability" in page.info[0].value
    assert "4 urgent tickets in 90 days (usual: 0)" in set(accounts_table(page)["drivers"])
    assert "health score alone" in page.warning[0].value
    assert "mrr_at_risk" not in accounts_table(page)
    assert "MRR at risk" not in metrics(page)


@pytest.mark.parametrize("name", PAGES)
def test_empty_marts_are_explained(
    app: Open, company_with: Make, made: dict[str, pd.DataFrame], name: str
) -> None:
    page = app(company_with(**{mart: frame.iloc[:0] for mart, frame in made.items()}), name)
    assert not page.exception
    assert page.subheader[0].value == "There are no accounts to show"
    assert page.code


@pytest.mark.parametrize("name", PAGES)
def test_marts_that_are_not_built_are_explained(app: Open, warehouse: Warehouse, name: str) -> None:
    page = app(warehouse, name)
    assert not page.exception
    assert page.subheader[0].value == "The marts are not built yet"
    assert page.code[0].value.startswith("tenure run")


@pytest.mark.server
def test_a_company_without_a_database_is_explained(app: Open) -> None:
    page = app(Warehouse(load_settings("nobody_loaded")))
    assert not page.exception
    assert page.subheader[0].value == "This company has no data yet"


def test_a_server_that_does_not_answer_is_explained(
    app: Open, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENURE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    page = app(warehouse)
    assert not page.exception
    assert page.subheader[0].value == "The database cannot be reached"
    assert page.code[0].value == "tenure status"


def test_a_missing_permission_is_explained(app: Open, company_with: Make) -> None:
    warehouse = company_with()
    warehouse.execute("revoke select on marts.customer_health from tenure_reader")
    assert app(warehouse).subheader[0].value == "The app may not read the marts"


def test_marts_of_an_older_version_are_explained(app: Open, company_with: Make) -> None:
    warehouse = company_with()
    warehouse.execute("alter table marts.customer_health drop column drivers")
    assert app(warehouse).subheader[0].value == "The marts are older than this app"


def test_a_rebuilt_mart_is_seen_at_once(
    app: Open, company_with: Make, made: dict[str, pd.DataFrame], store: Callable[..., None]
) -> None:
    """A cache that outlives a run would show yesterday's numbers under today's date."""
    warehouse = company_with()
    before = metrics(app(warehouse))["Open accounts"]
    store(warehouse, {"customer_health": made["customer_health"].iloc[:20]})
    assert metrics(app(warehouse))["Open accounts"] == "20" != before


def test_two_companies_never_share_a_cached_answer(
    app: Open, stocked: Warehouse, company_with: Make, made: dict[str, pd.DataFrame]
) -> None:
    other = company_with(customer_health=made["customer_health"].iloc[:7])
    assert metrics(app(stocked))["Open accounts"] != metrics(app(other))["Open accounts"] == "7"


def test_the_data_page_accounts_for_every_row(app: Open, stocked: Warehouse) -> None:
    page = app(stocked, "data_quality")
    shown = metrics(page)
    assert (shown["Rows in"], shown["Loaded"]) == ("1,204,341", "1,204,290")
    assert (shown["Quarantined"], shown["Cells corrected"]) == ("41", "4")
    balances = next(table.value for table in page.dataframe if "Rows in" in table.value)
    assert balances["Rows in"].tolist() == [320, 1_204_021]
    findings = next(table.value for table in page.dataframe if "First step" in table.value)
    assert findings["Rows"].tolist() == [29, 12, 2, 4, 4]
    [tickets] = findings[findings["Table"] == "support.tickets"].itertuples(index=False)
    assert "1 signal reads this table" in " ".join(map(str, tickets))
    text = all_text(page).replace("\\", "")
    assert "training: 2 signals need it" in text
    assert "Product events are missing for 14 days" in text


def test_a_note_of_a_load_is_text_and_nothing_else(app: Open, stocked: Warehouse) -> None:
    """A file's words would else be drawn as Markdown or HTML."""
    notes = next(m.value for m in app(stocked, "data_quality").markdown if "quantity" in m.value)
    assert r"\<b\>cannot" in notes


def test_a_failed_check_is_named_with_what_it_holds_back(app: Open, stocked: Warehouse) -> None:
    page = app(stocked, "data_quality")
    [said] = [m.value for m in page.markdown if "lie on their" in m.value]
    assert r"\*Answers\*" in said
    assert "Held back, for they need it or new predictions, still as of 2026" in said


def test_no_query_reaches_beyond_the_marts() -> None:
    texts = [value for value in vars(data).values() if isinstance(value, str)]
    texts += data_report.QUERIES.values()
    read = {
        table
        for text in texts
        for table in re.findall(r"(?:from|join) ([a-z_]+(?:\.[a-z_]+)?)", text)
    }
    assert read
    assert {table for table in read if not table.startswith("marts.")} <= {
        "pg_class",
        "pg_namespace",
    }

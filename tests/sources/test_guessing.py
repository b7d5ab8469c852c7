"""Guesses about headers, values and files, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sources import Contract
from sources.guessing.columns import NO_CUSTOMERS, Customers, Match, match_columns
from sources.guessing.derived import currency, derive, shown, survey_kind
from sources.guessing.folder import FolderGuess, choose
from sources.guessing.names import best_phrase, file_score, file_words, spellings, words_of
from sources.guessing.plans import newest_day, plan
from sources.guessing.tables import FileLook, TableGuess, guess_table
from sources.guessing.usage import find_wide, grain_of, metric_name, month_of
from sources.guessing.values import Profile, overlap, without_blanks
from sources.guessing.words import vocabulary
from sources.guessing.writing import is_unedited, mapping_sql, sealed


def profile(header: str, *values: str, rows: int | None = None) -> Profile:
    return Profile(header, values, len(values) if rows is None else rows)


def look(name: str, *profiles: Profile) -> FileLook:
    return FileLook(name, (name,), profiles)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Created On", "created at"),
        ("property_createdate", "created at"),
        ("createdDate", "created at"),
        ("property_hs_ticket_priority", "ticket priority"),
        ("Annual Value (USD)", "annual value"),
        ("Ticket #", "ticket id"),
        ("persona_c", "persona"),
        ("date", "date"),
        ("Organisation ID", "organization id"),
    ],
)
def test_spellings_of_one_name_are_one(header: str, words: str) -> None:
    assert " ".join(words_of(header)) == words


def test_a_longer_name_that_ends_in_a_general_word_is_another_one() -> None:
    """`developer_name` is no account's name, `billing_country` is a country."""
    assert best_phrase(words_of("developer_name"), [words_of("name")]) == 0
    assert best_phrase(words_of("billing_country"), [words_of("country")]) > 0.6
    assert spellings(words_of("Ticket Status"), {"ticket"})[-1] == ("status",)
    assert spellings(words_of("Ticket ID"), {"ticket"}) == [("ticket", "id")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Customer List.csv", "customer"),
        ("usage by month.csv", "usage"),
        ("NPS March.csv", "nps"),
        ("crm/sf_account_data.csv.gz", "account"),
        ("subscription_history_2024-01.parquet", "subscription"),
        ("companies.json", "company"),
        ("cases.csv", "case"),
        ("survey responses.csv", "survey response"),
    ],
)
def test_a_files_name_says_what_its_rows_are(name: str, words: str) -> None:
    assert " ".join(file_words(name)) == words


def test_the_last_word_of_a_name_says_what_rows_are() -> None:
    phrases = [("ticket",)]
    of_comments = file_score(file_words("ticket_comment.csv"), phrases)
    assert of_comments < file_score(file_words("zendesk_ticket.csv"), phrases)
    assert file_score(file_words("tickets.csv"), phrases) == 1


def test_values_that_do_not_fit_rule_a_column_out(contract: Contract) -> None:
    table = contract.table("support.tickets")
    words = vocabulary()
    by_name = [profile("Created", "yes", "no"), profile("Opened", "2024-01-02", "2024-02-03")]
    assert match_columns(table, by_name, words)["created_at"].header == "Opened"
    codes = [profile("Urgency", "P1", "P2", "P3"), profile("Priority", "red", "blue", "green")]
    assert match_columns(table, codes, words)["priority"].header == "Urgency"


def test_keys_of_customers_are_known_whatever_their_column_is_called(contract: Contract) -> None:
    table = contract.table("support.tickets")
    columns = [profile("id", "1", "2"), profile("Unser Zeichen", "C-1", "C-2")]
    keys = Customers(frozenset({"C-1", "C-2", "C-3"}), frozenset({"One", "Two"}))
    assert "account_id" not in match_columns(table, columns, vocabulary())
    found = match_columns(table, columns, vocabulary(), keys)["account_id"]
    assert (found.header, found.reason) == (
        "Unser Zeichen",
        "100% of its values are keys of customers",
    )
    named = [profile("id", "1", "2"), profile("Firma", "One", "Two")]
    found = match_columns(table, named, vocabulary(), keys)["account_id"]
    assert (found.header, found.reason) == ("Firma", "100% of its values are names of customers")


def test_a_column_that_is_the_same_in_every_row_is_no_key(contract: Contract) -> None:
    """Intercom writes its own workspace into each contact."""
    constant = profile("workspace id", "w", "w", "w")
    assert "account_id" not in match_columns(
        contract.table("crm.contacts"), [constant], vocabulary()
    )


def test_the_customers_are_the_file_that_others_refer_to(contract: Contract) -> None:
    """Stripe exports its own account beside its customers."""
    own = look("account.csv", profile("id", "a"), profile("company_name", "Us"))
    customers = look("customer.csv", profile("id", "c1", "c2"), profile("name", "A", "B"))
    invoices = look(
        "invoice.csv",
        profile("id", "1"),
        profile("customer_id", "c1"),
        profile("total", "5"),
        profile("created", "2024-01-01"),
    )
    chosen, without = choose(contract.tables, [own, customers, invoices], vocabulary())
    assert [guess.file.name for guess in chosen["crm.accounts"]] == ["customer.csv"]
    assert without == {"account.csv": "crm.accounts is read from customer.csv"}


def test_a_file_of_something_else_is_not_mapped(contract: Contract) -> None:
    other = look("lunch.csv", profile("dish", "soup"), profile("price in kitchen", "3"))
    chosen, without = choose(contract.tables, [other], vocabulary())
    assert chosen == {}
    assert without == {"lunch.csv": "resembles no table of the contract"}


def test_months_and_how_far_apart_periods_are() -> None:
    assert profile("m", "2025-08", "2025-09").month_format == "%Y-%m"
    assert profile("m", "Aug 2025").month_format == "%b %Y"
    assert profile("m", "Aug-2025").month_format == "%b-%Y"
    assert profile("m", "2025-08-01").month_format is None
    assert month_of("Aug 2025") == month_of("2025-08") == "2025-08-01"
    assert grain_of(profile("m", "2025-08-01", "2025-09-01")) == "month"
    assert grain_of(profile("m", "2025-08-04", "2025-08-11")) == "week"
    assert grain_of(profile("m", "2025-08-04", "2025-08-05")) == "day"


def test_metrics_have_the_contracts_names_where_it_has_one() -> None:
    assert metric_name("Monthly Active Users") == "active_users"
    assert metric_name("API Calls") == "api_calls"
    assert metric_name("active user") == "active_users"  # active users.csv
    assert metric_name("Items Created") == "items_created"


def test_usage_with_a_column_per_metric_or_per_month(contract: Contract) -> None:
    table = contract.table("support.tickets")
    account = profile("Customer ID", "C-1", "C-2")
    matches = match_columns(table, [account], vocabulary())
    by_month = [account, *(profile(name, "1", "2") for name in ("2025-08", "2025-09", "2025-10"))]
    wide = find_wide(by_month, matches, ("login",))
    assert wide is not None
    assert (wide.period, wide.metric, wide.grain) == (None, "sessions", "month")
    assert wide.values["2025-09"] == "2025-09-01"
    assert wide.metric_header is None


@pytest.mark.parametrize(
    ("texts", "header"), [(("EU", "US"), None), (("Logins", "Exports"), "Kind")]
)
def test_a_text_names_metrics_only_where_one_is_known(
    contract: Contract, texts: tuple[str, str], header: str | None
) -> None:
    """Two regions of each customer were metrics called EU and US."""
    account = profile("Customer ID", "C-1", "C-1", "C-2", "C-2")
    months = [profile(name, *"1234") for name in ("2025-08", "2025-09", "2025-10")]
    matches = match_columns(contract.table("support.tickets"), [account], vocabulary())
    wide = find_wide([account, profile("Kind", *texts, *texts), *months], matches, ("usage",))
    assert wide is not None
    assert wide.metric_header == header


def test_the_currency_stands_in_a_header_or_beside_the_amounts() -> None:
    file = look("a.csv", profile("Value (EUR)", "5"))
    matches = {"mrr_cents": match_of("mrr_cents", "Value (EUR)")}
    assert currency(file, matches).sql == "'EUR'"
    file = look("a.csv", profile("Value", "£5"))
    assert currency(file, {"mrr_cents": match_of("mrr_cents", "Value")}).sql == "'GBP'"
    file = look("a.csv", profile("Value", "USD 5", "EUR 7"))
    assert "regexp_extract" in currency(file, {"mrr_cents": match_of("mrr_cents", "Value")}).sql
    assert currency(look("a.csv"), {}).is_assumed


def match_of(column: str, header: str) -> Match:
    return Match(column, header, 1.0, "")


def test_what_reads_as_a_flag_is_taken_for_one() -> None:
    for values in (("Ja", "Nein"), ("x",), ("oui", "non"), ("1.0", "0.0")):
        assert profile("Active", *values).booleans == 1.0


def test_the_state_of_a_country_is_no_status(contract: Contract) -> None:
    """Subscriptions of California had the status CA."""
    table = contract.table("billing.subscriptions")
    states = profile("State", "CA", "NY", "TX", "CA", "Ohio", "WA")
    assert "status" not in match_columns(table, [states], vocabulary())
    words = profile("State", "active", "canceled")
    assert match_columns(table, [words], vocabulary())["status"].header == "State"


def test_a_yearly_amount_is_a_twelfth_of_it_a_month(contract: Contract) -> None:
    table = contract.table("billing.subscriptions")
    file = look("contracts.csv", profile("ARR", "1,200"), profile("MRR", "100"))
    for header, is_divided in (("ARR", True), ("MRR", False)):
        guess = TableGuess(table.full_name, file, 1.0, {"mrr_cents": match_of("mrr_cents", header)})
        [line] = [line for line in plan(table, guess, None).lines if line.column == "mrr_cents"]
        assert ("/ 12" in line.sql) is is_divided


def test_stripes_amounts_are_in_minor_units_already(contract: Contract) -> None:
    table = contract.table("billing.payments")
    file = look("charge.csv", profile("amount", "1200"), profile("livemode", "true"))
    guess = TableGuess(
        table.full_name, file, 1.0, {"amount_cents": match_of("amount_cents", "amount")}
    )
    [line] = [line for line in plan(table, guess, None).lines if line.column == "amount_cents"]
    assert line.sql == '"amount"'


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("NPS March.csv", "'2026-03-01'"),
        ("NPS December.csv", "'2025-12-01'"),
        ("nps 2024-11.csv", "'2024-11-01'"),
        ("nps.csv", None),
    ],
)
def test_an_answer_without_a_day_has_the_month_of_its_file(
    contract: Contract, name: str, day: str | None
) -> None:
    """Never a month that the folder does not reach: December was the last one."""
    file = look(name, profile("Score", "9"))
    line = derive(contract.table("survey.responses"), "submitted_at", file, {}, date(2026, 3, 27))
    assert (line and line.sql) == day
    assert line is None or line.is_assumed


def test_which_survey_it_was() -> None:
    scores = {"score": match_of("score", "Score")}
    assert survey_kind(look("CSAT.csv", profile("Score", "3")), scores)[0] == "csat"
    assert survey_kind(look("a.csv", profile("Score", "0", "9")), scores)[0] == "nps"
    assert survey_kind(look("a.csv", profile("Score", "1", "5")), scores)[0] == "csat"
    assert survey_kind(look("a.csv", profile("Score", "0", "100")), scores)[0] is None


def test_a_required_column_that_nothing_gives_makes_a_draft(contract: Contract) -> None:
    table = contract.table("support.tickets")
    file = look("tickets.csv", profile("id", "1", "2"), profile("created", "2024-01-01"))
    guess = guess_table(table, file, vocabulary(), NO_CUSTOMERS)
    found = plan(table, guess, None)
    assert found.missing == ("account_id",)
    assert "-- A draft: nothing gives account_id." in mapping_sql([found])


def test_hostile_headers_stay_names(contract: Contract) -> None:
    """A header may hold quotes, comments, line ends and directives."""
    table = contract.table("support.tickets")
    evil = 'created"; drop table x; --\n-- dates: y'
    file = look("t.csv", profile("id", "1"), profile(evil, "2024-01-01"))
    matches = {"ticket_id": match_of("ticket_id", "id"), "created_at": match_of("created_at", evil)}
    sql = mapping_sql([plan(table, TableGuess(table.full_name, file, 1.0, matches), None)])
    assert '"created""; drop table x; --\n-- dates: y"' in sql
    assert "\n" not in shown(evil)


def test_an_edited_mapping_is_known() -> None:
    text = sealed("select 1\n")
    assert is_unedited(text)
    assert not is_unedited(text.replace("1", "2", 1))
    assert not is_unedited("select 1\n")


def test_blanks_and_words_for_null_are_no_values() -> None:
    assert without_blanks(["a ", None, "", "N/A", " - "]) == ("a",)
    assert overlap(frozenset(), frozenset("a")) == 0


def test_the_newest_day_is_that_of_all_rows(contract: Contract) -> None:
    """The month of an answer is counted back from it, so neither one TBD nor many days hide it."""
    days = [f"{1 + n % 28:02}/{1 + n // 28 % 12:02}/{2000 + n // 336}" for n in range(7_000)]
    created = profile("Created", *days, "31/12/2025", "TBD")
    assert profile("Created", "2025-01-01", "TBD").days == ()
    file = look("tickets.csv", created)
    matches = {"created_at": match_of("created_at", "Created")}
    guess = TableGuess("support.tickets", file, 1.0, matches)
    found = FolderGuess(Path(), (file,), {"support.tickets": (guess,)}, {})
    assert newest_day(found) == date(2025, 12, 31)
    months = look("t.csv", profile("Created", *("2025-11", "2025-12", "2024-01") * 4, "soon"))
    guess = TableGuess("support.tickets", months, 1.0, matches)
    found = replace(found, tables={"support.tickets": (guess,)})
    assert newest_day(found) == date(2025, 12, 1)

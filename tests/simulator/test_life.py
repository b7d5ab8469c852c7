"""What life does to a company, switch by switch: on, it is there and counted; off, it is not."""

import hashlib
import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from simulator import Switches, write_company
from simulator.assumptions import Assumptions
from simulator.calendar import Calendar
from simulator.exports.seasons import Seasons

# What an upgrade is billed by, and whether a pause leaves anything to bill late.
RISES = "midterm-upgrades,pauses,mergers"
ALWAYS = {"truth/mess.csv", "truth/simulation.json"}
INVOICES = {"billing.invoices.parquet", "billing.payments.parquet"}
# The files that a switch may change, and must.
CHANGES = {
    "currency-mix": {
        "billing.subscriptions.parquet",
        "crm.opportunities.parquet",
        "success.goals.parquet",
        "truth/mrr_movements.parquet",
        *INVOICES,
    },
    "annual-prepayment": {"billing.subscriptions.parquet", *INVOICES},
    "credits": INVOICES,
    "refunds": {"billing.payments.parquet"},
    "seasonality": {"product.events"},
    "pandemic-week": {"product.events", "crm.activities.parquet", "support.tickets.parquet"},
}

Made = Callable[[str], Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The folder of a company with some scenarios, written once: 200 customers over 15 months."""

    @cache
    def make(names: str) -> Path:
        folder = tmp_path_factory.mktemp("life") / "company"
        switches = Switches.parse(names)
        return write_company(folder, accounts=200, months=15, switches=switches).folder

    return make


@pytest.fixture(scope="module")
def made_restless(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same, with customers who pause, return and merge ten times as often."""
    restless = Assumptions(pause=0.01, reactivation=0.03, merger=0.002)

    @cache
    def make(names: str) -> Path:
        folder = tmp_path_factory.mktemp("restless") / "company"
        switches = Switches.parse(names)
        return write_company(folder, 200, 15, switches=switches, assumptions=restless).folder

    return make


def rows(folder: Path, query: str) -> list[tuple]:
    """The answer to a query on tables by their names without the schema."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for path in sorted(folder.glob("*.parquet")) + sorted(folder.glob("*.csv")):
        connection.execute(f"create view {path.name.split('.')[1]} as select * from '{path}'")
    connection.execute(f"create view events as select * from '{folder}/product.events/*.parquet'")
    return connection.sql(query).fetchall()


def number(folder: Path, query: str) -> float:
    return rows(folder, query)[0][0]


def counted(folder: Path, switches: str) -> dict[str, int]:
    """What `truth/mess.csv` says of a kind, by unit."""
    counts = pd.read_csv(folder / "truth" / "mess.csv")
    counts = counts[counts["mess"] == switches]
    assert (counts["fate"] == "fact").all()
    return dict(zip(counts["unit"], counts["count"], strict=True))


def fingerprints(folder: Path) -> dict[str, str]:
    """A hash per file, one for all events."""
    hashes: dict[str, str] = {}
    for path in sorted(folder.rglob("*.*")):
        if path.is_file():
            name = str(path.relative_to(folder))
            name = "product.events" if name.startswith("product.events") else name
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            hashes[name] = hashes.get(name, "") + digest
    return hashes


@pytest.mark.parametrize("switches", CHANGES)
def test_a_switch_changes_what_it_is_about_and_nothing_else(made: Made, switches: str) -> None:
    """Two companies that differ in everything say nothing about the one thing switched."""
    without, having = fingerprints(made("none")), fingerprints(made(switches))
    assert set(without) == set(having)
    changed = {name for name in without if without[name] != having[name]}
    assert changed - ALWAYS == CHANGES[switches]


def test_proration_changes_invoices_and_payments_only(made: Made) -> None:
    without, having = fingerprints(made(RISES)), fingerprints(made(f"{RISES},proration"))
    changed = {name for name in without if without[name] != having[name]}
    assert changed - ALWAYS == INVOICES


def test_without_any_mess_nothing_is_counted(made: Made) -> None:
    assert pd.read_csv(made("none") / "truth" / "mess.csv").empty


def test_currencies_follow_the_countries_where_they_are_mixed(made: Made) -> None:
    query = "select currency, count(distinct account_id) from subscriptions group by all"
    found = dict(rows(made("currency-mix"), query))
    assert set(found) == {"USD", "EUR", "GBP"}
    assert counted(made("currency-mix"), "currency-mix") == {
        f"accounts in {currency}": found[currency] for currency in ("EUR", "GBP")
    }
    assert set(dict(rows(made("none"), query))) == {"USD"}


@pytest.mark.parametrize("table", ["invoices", "payments", "opportunities", "goals"])
def test_without_the_mix_no_table_knows_another_currency(made: Made, table: str) -> None:
    assert rows(made("none"), f"select distinct currency from {table}") == [("USD",)]


def test_who_prepays_is_billed_for_a_quarter_or_a_year(made: Made) -> None:
    query = "select distinct billing_period_months from subscriptions order by 1"
    assert rows(made("annual-prepayment"), query) == [(1,), (3,), (12,)]
    assert rows(made("none"), query) == [(1,)]
    prepaying = number(
        made("annual-prepayment"),
        "select count(distinct account_id) from subscriptions where billing_period_months > 1",
    )
    found = counted(made("annual-prepayment"), "annual-prepayment")
    assert found == {"accounts that prepay": prepaying}


def test_refunds_are_paid_back_of_what_was_paid(made: Made) -> None:
    refunds = "from payments where outcome = 'refunded'"
    paid_back = number(made("refunds"), f"select count(*) {refunds}")
    assert paid_back > 0
    assert counted(made("refunds"), "refunds") == {"rows": paid_back}
    assert number(made("none"), f"select count(*) {refunds}") == 0
    wrong = """
        select count(*) from payments as refunds anti join payments as paid
        on paid.invoice_id = refunds.invoice_id and paid.outcome = 'paid'
        and paid.attempted_at < refunds.attempted_at and paid.amount_cents >= -refunds.amount_cents
        where refunds.outcome = 'refunded'
    """
    assert number(made("refunds"), wrong) == 0


def test_credit_notes_are_below_zero_and_linked_to_nothing(made: Made) -> None:
    """A credit with a payment, or one that can be overdue, would make a good customer a bad one."""
    credits = "from invoices where amount_cents < 0"
    written = number(made("credits"), f"select count(*) {credits}")
    assert written > 0
    assert counted(made("credits"), "credits") == {"rows": written}
    assert number(made("none"), f"select count(*) {credits}") == 0
    assert rows(made("credits"), f"select distinct status, voided_at {credits}") == [
        ("credit", None)
    ]
    paid = f"select count(*) from payments where invoice_id in (select invoice_id {credits})"
    assert number(made("credits"), paid) == 0
    foreign = f"""
        select count(*) from (select * {credits}) as notes anti join subscriptions
        on notes.account_id = subscriptions.account_id and mrr_cents > 0
        and started_at <= issued_at and (ended_at is null or ended_at > issued_at)
    """
    assert number(made("credits"), foreign) == 0


# Each invoice above zero, the MRR of its day, and what its whole period would cost.
BILLED = """
    with billed as (
        select
            invoice_id, any_value(invoices.account_id) as account_id,
            any_value(issued_at)::date as day,
            any_value(amount_cents) as cents,
            any_value(billing_period_months) as months,
            coalesce(sum(mrr_cents), 0)::bigint as mrr_cents,
            coalesce(sum(mrr_cents * billing_period_months), 0)::bigint as whole_cents
        from invoices left join subscriptions
            on subscriptions.account_id = invoices.account_id
            and started_at::date <= issued_at::date
            and (ended_at is null or ended_at::date > issued_at::date)
        where amount_cents >= 0
        group by invoice_id
    )
"""


def test_without_proration_every_invoice_bills_a_whole_period(made: Made) -> None:
    parts = f"{BILLED} select count(*) from billed where cents <> whole_cents"
    assert number(made(RISES), parts) == 0
    billed_in_part = number(made(f"{RISES},proration"), parts)
    assert billed_in_part > 0
    assert counted(made(f"{RISES},proration"), "proration") == {"rows": billed_in_part}


def test_what_is_bought_within_a_period_is_billed_for_the_days_that_are_left(made: Made) -> None:
    """The gain by the day, against the period that the last regular invoice began."""
    query = f"""
        {BILLED},
        regular as (select distinct account_id, day, mrr_cents from billed
            where cents = whole_cents),
        parts as (
            select
                billed.*, regular.mrr_cents as billed_cents,
                (regular.day + to_months(months::integer))::date as period_end,
                (regular.day + to_months(months::integer))::date - regular.day as period_days,
                lag(billed.mrr_cents) over (
                    partition by billed.account_id, regular.day order by billed.day
                ) as risen_to_cents
            from billed asof join regular
                on regular.account_id = billed.account_id and regular.day < billed.day
            where cents <> whole_cents
            -- not what was issued twice
            qualify row_number() over (
                partition by billed.account_id, billed.day order by invoice_id
            ) = 1
        )
        select
            count(*),
            count(*) filter (where abs(
                (mrr_cents - coalesce(risen_to_cents, billed_cents))
                * months * (period_end - day) / period_days - cents
            ) > 0.5)
        from parts where period_end > day
    """
    [(found, wrong)] = rows(made(f"{RISES},proration,annual-prepayment"), query)
    assert found > 50
    assert wrong == 0


def test_a_customer_on_pause_gets_no_invoice(made: Made) -> None:
    """An invoice over nothing is due, is never paid, and makes a late payer."""
    for switches in (RISES, f"{RISES},proration"):
        folder, paid_none = made(switches), "where mrr_cents = 0"
        assert number(folder, f"select count(*) from subscriptions {paid_none}") > 0
        assert number(folder, "select count(*) from invoices where amount_cents = 0") == 0
        assert number(folder, f"{BILLED} select count(*) from billed {paid_none}") == 0


# Events of people and of programs by day, on working days.
DAILY = """
    with daily as (
        select occurred_at::date as day, count(*) as events from events
        join accounts using (account_id)
        where isodow(occurred_at) <= 5 and region = 'EMEA' and not is_api group by all
    )
"""


def test_summers_and_the_turn_of_the_year_are_quiet_only_with_seasons(made: Made) -> None:
    def share(folder: Path, quiet: str, usual: str) -> float:
        query = f"""{DAILY} select avg(events) filter (where {quiet})
            / avg(events) filter (where {usual}) from daily"""
        return number(folder, query)

    winter = (
        "day between '2025-12-24' and '2026-01-01'",
        "day between '2025-12-01' and '2025-12-18'",
    )
    summer = (
        "day between '2026-08-01' and '2026-08-31'",
        "day between '2026-06-01' and '2026-06-30'",
    )
    assert share(made("seasonality"), *winter) < 0.5
    assert share(made("seasonality"), *summer) < 0.9
    assert share(made("none"), *winter) > 0.85
    assert share(made("none"), *summer) > 0.9


def test_weekends_are_quiet_with_and_without_seasons(made: Made) -> None:
    query = """select count(*) filter (where isodow(occurred_at) > 5) / 2.0
        / (count(*) filter (where isodow(occurred_at) <= 5) / 5.0) from events where not is_api"""
    assert number(made("none"), query) < 0.3
    assert number(made("seasonality"), query) < 0.3


def test_quiet_days_are_july_august_and_the_turn_of_the_year(made: Made) -> None:
    days = pd.date_range("2025-08-01", "2026-10-31")
    is_turn = ((days.month == 12) & (days.day >= 23)) | ((days.month == 1) & (days.day <= 3))
    quiet = int((days.month.isin([7, 8]) | is_turn).sum())
    assert counted(made("seasonality"), "seasonality") == {"days": quiet}


def test_in_the_pandemic_week_hardly_anybody_works(made: Made) -> None:
    folder = made("pandemic-week")
    facts = json.loads((folder / "truth" / "simulation.json").read_text())
    monday = date.fromisoformat(facts["pandemic_week"])
    assert monday.weekday() == 0
    assert abs(monday - date(2026, 5, 2)) < timedelta(days=7)
    assert counted(folder, "pandemic-week") == {"weeks": 1}

    def share(table: str, time: str, rule: str = "true") -> float:
        """That week's rows against the mean of the six weeks around it."""
        before, after = monday - timedelta(days=21), monday + timedelta(days=28)
        is_in = f"{time}::date >= date '{monday}' and {time}::date < date '{monday}' + 7"
        query = f"""
            select count(*) filter (where {is_in}) / (count(*) filter (where not ({is_in})) / 6.0)
            from {table} where {rule} and {time} >= '{before}' and {time} < '{after}'
        """
        return number(folder, query)

    meeting = "activity_type in ('meeting', 'business_review')"
    assert 0.28 <= share("events", "occurred_at", "not is_api") <= 0.40
    assert 0.25 <= share("events", "occurred_at", "is_api") <= 0.43
    assert share("activities", "occurred_at", meeting) < 0.45
    assert share("activities", "occurred_at", f"not ({meeting})") > 0.7


def test_the_pandemic_week_has_more_tickets_and_no_other_week_has() -> None:
    """As a rate: so few customers have too few tickets a week to see it in their number."""
    calendar = Calendar.of_months(15, date(2026, 10, 31))
    seasons = Seasons(calendar, Switches.parse("pandemic-week"))
    rates = dict(enumerate(seasons.ticket_rate()))
    assert rates.pop(seasons.pandemic_week) > 1.5
    assert set(rates.values()) == {1.0}
    assert set(Seasons(calendar, Switches.parse("none")).ticket_rate()) == {1.0}


@pytest.mark.parametrize("months", [1, 3, 24])
def test_the_pandemic_week_lies_in_the_calendar(months: int) -> None:
    """Nobody could look at a week before the first day."""
    calendar = Calendar.of_months(months, date(2026, 10, 31))
    week = Seasons(calendar, Switches.parse("pandemic-week")).pandemic_week
    assert week is not None
    assert calendar.start <= calendar.monday(week) <= calendar.end - 6


def test_without_a_pandemic_no_week_of_one_is_told(made: Made) -> None:
    facts = json.loads((made("none") / "truth" / "simulation.json").read_text())
    assert facts["pandemic_week"] is None


@pytest.mark.parametrize(
    ("name", "query"),
    [
        pytest.param(
            "pauses",
            """
            with ordered as (
                select mrr_cents, lag(mrr_cents) over (
                    partition by account_id order by started_at
                ) as earlier
                from subscriptions where product = 'platform'
            )
            select count(*) from ordered where mrr_cents = 0 and earlier > 0
            """,
            id="pauses",
        ),
        pytest.param(
            "reactivations",
            """
            with ordered as (
                select started_at, lag(ended_at) over (
                    partition by account_id order by started_at
                ) as earlier_end
                from subscriptions where product = 'platform'
            )
            select count(*) from ordered where started_at > earlier_end
            """,
            id="reactivations",
        ),
        pytest.param(
            "mergers",
            "select count(distinct account_id) from subscriptions where cancel_reason = 'acquired'",
            id="mergers",
        ),
        pytest.param(
            "midterm-upgrades",
            "select count(*) from opportunities where opportunity_type = 'expansion' and is_won",
            id="midterm-upgrades",
        ),
    ],
)
def test_a_switch_of_contracts_is_counted_as_the_files_show_it(
    made_restless: Made, name: str, query: str
) -> None:
    """A pause, a return, a merger or a purchase that is off must not happen at all."""
    on, off = made_restless(name), made_restless("none")
    counted = pd.read_csv(on / "truth" / "mess.csv").set_index("mess")["count"]
    [(found,)] = rows(on, query)
    # The reason for leaving is not always stated.
    assert found == counted[name] or (name == "mergers" and 0 < found <= counted[name])
    assert found > 0
    assert rows(off, query) == [(0,)]

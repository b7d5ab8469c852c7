"""The past reads the same whenever it is looked at: no fact is known before its time."""

from pathlib import Path

import duckdb
import pytest

from simulator import SimulationSummary


@pytest.fixture(scope="module")
def db(folder: Path) -> duckdb.DuckDBPyConnection:
    """A view per table that these tests need, named without its schema."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for path in sorted(folder.glob("*.parquet")) + sorted(folder.glob("*.csv")):
        name = path.name.split(".")[1]
        connection.execute(f"create view {name} as select * from '{path}'")
    connection.execute(f"create view events as select * from '{folder}/product.events/*.parquet'")
    for name in ("account_weeks.parquet", "churn_causes.csv", "contract_changes.parquet"):
        connection.execute(
            f"create view true_{name.split('.')[0]} as select * from '{folder}/truth/{name}'"
        )
    return connection


def number(db: duckdb.DuckDBPyConnection, query: str) -> float:
    return db.sql(query).fetchall()[0][0]


def test_periods_of_one_product_follow_each_other_without_overlap(db) -> None:
    """An overlap would count the same MRR twice."""
    assert (
        number(
            db,
            """
            with ordered as (
                select *, lead(started_at) over (
                    partition by account_id, product order by started_at
                ) as next_start
                from subscriptions
            )
            select count(*) from ordered
            where next_start is not null and (ended_at is null or ended_at > next_start)
            """,
        )
        == 0
    )


def test_an_open_period_has_no_end_and_a_renewal_ahead(db, company: SimulationSummary) -> None:
    end = company.end_date
    query = f"""
        select count(*) from subscriptions
        where (ended_at is null and renewal_date < date '{end}') or ended_at > date '{end}'
    """
    assert number(db, query) == 0


def test_a_period_never_runs_past_its_renewal(db) -> None:
    """The renewal date is known from the term's start, so a longer period would be a lie."""
    query = "select count(*) from subscriptions where ended_at::date > renewal_date + 1"
    assert number(db, query) == 0
    assert number(db, "select count(*) from subscriptions where renewal_date < started_at") == 0


def test_every_loss_closes_a_renewal_of_the_whole_account_on_its_day(db) -> None:
    """The warehouse takes the earlier of the two dates: they must be one."""
    query = """
        with lost as (
            select account_id, closed_at::date as day from opportunities
            where opportunity_type = 'renewal' and not is_won and product is null
        ),
        ended as (
            select account_id, max(ended_at)::date as day from subscriptions
            group by account_id having count(*) filter (where ended_at is null) = 0
        )
        select
            (select count(*) from true_churn_causes anti join lost
                on lost.account_id = true_churn_causes.account_id
                and lost.day = true_churn_causes.churned_on)
            + (select count(*) from lost anti join true_churn_causes
                on lost.account_id = true_churn_causes.account_id
                and lost.day = true_churn_causes.churned_on)
            + (select count(*) from ended anti join lost using (account_id, day))
    """
    assert number(db, query) == 0


def test_notice_is_given_in_the_week_in_which_the_customer_leaves(db) -> None:
    """Earlier notice would make the truth of the Sundays before it wrong."""
    query = """
        select count(*) from subscriptions
        where cancelled_at > ended_at
            or date_trunc('week', cancelled_at) <> date_trunc('week', ended_at)
    """
    assert number(db, query) == 0
    assert number(db, "select count(cancelled_at) from subscriptions") > 150


def test_nothing_has_happened_after_the_last_day(db, company: SimulationSummary) -> None:
    """Facts from the future would leak into the newest snapshot."""
    happened = {
        "events": ["occurred_at"],
        "tickets": ["created_at", "first_response_at", "solved_at", "escalated_at"],
        "activities": ["occurred_at", "responded_at"],
        "tasks": ["opened_at", "completed_at", "escalated_at"],
        "opportunities": ["created_at", "closed_at"],
        "subscriptions": ["started_at", "ended_at", "cancelled_at"],
        "invoices": ["issued_at", "voided_at"],
        "payments": ["attempted_at"],
        "responses": ["submitted_at"],
        "invitations": ["sent_at"],
        "enrollments": ["completed_at"],
        "posts": ["posted_at"],
        "goals": ["set_at", "achieved_at"],
        "onboarding_steps": ["started_at", "completed_at"],
        "health_overrides": ["set_at"],
        "contacts": ["joined_at", "left_at"],
        "accounts": ["signed_at", "closed_at", "created_at", "updated_at"],
    }
    for table, columns in happened.items():
        for column in columns:
            late = f"select count(*) from {table} where {column}::date > date '{company.end_date}'"
            assert number(db, late) == 0, (table, column)


def test_customers_use_the_product_only_while_they_are_customers(db) -> None:
    query = """
        with days as (
            select distinct account_id, occurred_at::date as day from events
        )
        select count(*) from days anti join subscriptions
            on subscriptions.account_id = days.account_id
            and subscriptions.started_at::date <= days.day
            and (subscriptions.ended_at is null or subscriptions.ended_at::date > days.day)
    """
    assert number(db, query) == 0


def test_the_ledger_in_truth_adds_up_to_the_subscriptions(db, company: SimulationSummary) -> None:
    """Tests of MRR movements lean on the ledger."""
    for day in ("2025-01-01", "2025-08-15", str(company.end_date)):
        billed = number(
            db,
            f"""select sum(mrr_cents) from subscriptions where started_at::date <= '{day}'
            and (ended_at is null or ended_at::date > '{day}')""",
        )
        known = number(
            db,
            f"""select sum(mrr_cents) from true_contract_changes where changed_on <= '{day}'
            and (holds_until is null or holds_until > '{day}')""",
        )
        assert billed == known


def test_an_invoice_bills_the_mrr_of_its_period(db) -> None:
    query = """
        with billed as (
            select any_value(invoices.amount_cents) as amount_cents,
                sum(subscriptions.mrr_cents * subscriptions.billing_period_months) as due_cents
            from invoices
            join subscriptions on subscriptions.account_id = invoices.account_id
                and subscriptions.started_at::date <= invoices.issued_at::date
                and (subscriptions.ended_at is null
                    or subscriptions.ended_at::date > invoices.issued_at::date)
            group by invoices.invoice_id
        )
        select {} from billed
    """
    # The others bill what was bought within a period, for the rest of it.
    whole = "avg((amount_cents = due_cents)::integer) filter (where amount_cents > 0)"
    assert number(db, query.format(whole)) > 0.85
    too_much = "count(*) filter (where amount_cents > due_cents or amount_cents = 0)"
    assert number(db, query.format(too_much)) == 0
    # Nobody is billed on a day on which nothing is subscribed.
    assert number(db, query.format("count(*)")) == number(db, "select count(*) from invoices")


def test_a_credit_note_is_issued_and_nothing_more(db) -> None:
    """One that is paid, voided or written off would show a customer who cannot pay."""
    credits = "select * from invoices where amount_cents < 0"
    assert number(db, f"select count(*) from ({credits})") > 100
    paid = f"select count(*) from payments where invoice_id in (select invoice_id from ({credits}))"
    assert number(db, paid) == 0
    closed = f"select count(*) from ({credits}) where status <> 'credit' or voided_at is not null"
    assert number(db, closed) == 0
    assert number(db, "select count(*) from invoices where status = 'credit'") == number(
        db, f"select count(*) from ({credits})"
    )


def test_nobody_pays_more_than_the_invoice_says(db) -> None:
    query = """
        with paid as (
            select invoice_id, count(*) filter (where outcome = 'paid') as times,
                sum(amount_cents) filter (where outcome <> 'failed') as cents,
                min(attempted_at) as attempted_at
            from payments group by invoice_id
        )
        select count(*) from paid join invoices using (invoice_id)
        where times > 1 or cents > amount_cents or cents < 0 or attempted_at < issued_at
            or (times = 1) <> (status = 'paid')
    """
    assert number(db, query) == 0
    assert number(db, "select count(*) from payments where outcome = 'refunded'") > 10


def test_a_new_sponsor_comes_after_the_old_one_has_left(db) -> None:
    query = """
        with sponsors as (
            select *, lag(left_at) over (partition by account_id order by joined_at) as vacated_at,
                row_number() over (partition by account_id order by joined_at) as place
            from contacts where is_executive_sponsor
        )
        select count(*) from sponsors
        where place > 1 and (vacated_at is null or vacated_at > joined_at)
    """
    assert number(db, query) == 0
    assert number(db, "select count(left_at) from contacts where is_executive_sponsor") > 100

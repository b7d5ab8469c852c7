"""The company looks like one: published ranges for business software, and signs that agree."""

from pathlib import Path

import duckdb
import pytest

from simulator import SimulationSummary

FIRST_YEAR = ("2024-12-01", "2025-12-01")
SECOND_YEAR = ("2025-10-01", "2026-10-01")


@pytest.fixture(scope="module")
def db(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for path in sorted(folder.glob("*.parquet")) + sorted(folder.glob("*.csv")):
        name = path.name.split(".")[1]
        connection.execute(f"create view {name} as select * from '{path}'")
    connection.execute(f"create view events as select * from '{folder}/product.events/*.parquet'")
    connection.execute(f"create view weeks as select * from '{folder}/truth/account_weeks.parquet'")
    connection.execute(
        """
        create macro mrr_on(day) as table
        select account_id, sum(mrr_cents) as mrr from subscriptions
        where started_at::date <= day and (ended_at is null or ended_at::date > day)
        group by account_id
        """
    )
    return connection


def row(db: duckdb.DuckDBPyConnection, query: str) -> tuple:
    return db.sql(query).fetchall()[0]


def retention(db: duckdb.DuckDBPyConnection, begin: str, end: str, segment: str) -> tuple:
    """Logo churn, GRR and NRR of the accounts of a size that were there at the beginning."""
    return row(
        db,
        f"""
        select
            avg((later.mrr is null)::integer),
            sum(least(sooner.mrr, coalesce(later.mrr, 0))) / sum(sooner.mrr),
            sum(coalesce(later.mrr, 0)) / sum(sooner.mrr)
        from mrr_on(date '{begin}') as sooner
        left join mrr_on(date '{end}') as later using (account_id)
        join accounts using (account_id)
        where {segment}
        """,
    )


@pytest.mark.parametrize("year", [FIRST_YEAR, SECOND_YEAR], ids=["first", "second"])
def test_retention_lies_in_the_published_ranges(db, year: tuple[str, str]) -> None:
    logo_churn, gross, net = retention(db, *year, segment="true")
    assert 0.08 <= logo_churn <= 0.15
    assert 0.85 <= gross <= 0.93
    assert 1.00 <= net <= 1.15


@pytest.mark.parametrize("year", [FIRST_YEAR, SECOND_YEAR], ids=["first", "second"])
def test_small_customers_leave_more_than_large_ones(db, year: tuple[str, str]) -> None:
    small, _, _ = retention(db, *year, segment="employee_count < 100")
    large, _, _ = retention(db, *year, segment="employee_count >= 1000")
    assert small > large


def test_enough_customers_leave_to_learn_from(company: SimulationSummary) -> None:
    assert company.churned_accounts >= 150


def test_promoters_outnumber_detractors_but_both_exist(db) -> None:
    promoters, detractors = row(
        db,
        """select avg((score >= 9)::integer), avg((score <= 6)::integer)
        from responses where survey_type = 'nps'""",
    )
    assert 0.10 <= promoters - detractors <= 0.50
    assert detractors > 0.10


def test_weekends_and_the_turn_of_the_year_are_quiet(db) -> None:
    weekday, weekend = row(
        db,
        """select count(*) filter (where isodow(occurred_at) <= 5) / 5,
        count(*) filter (where isodow(occurred_at) > 5) / 2 from events where not is_api""",
    )
    assert weekend < 0.3 * weekday
    holidays, before = row(
        db,
        """select count(*) filter (where occurred_at >= '2025-12-24'),
        count(*) filter (where occurred_at < '2025-12-09')
        from events where occurred_at >= '2025-12-01' and occurred_at < '2026-01-01'""",
    )
    assert holidays < 0.6 * before


def test_every_segment_currency_and_region_is_there(db) -> None:
    assert row(db, "select count(distinct currency) from subscriptions") == (3,)
    assert row(db, "select count(distinct region) from accounts") == (3,)
    assert row(db, "select count(distinct account_name), count(*) from accounts") == (1000, 1000)
    small, middle, large = row(
        db,
        """select avg((employee_count < 100)::integer),
        avg((employee_count between 100 and 999)::integer),
        avg((employee_count >= 1000)::integer) from accounts""",
    )
    assert small > middle > large > 0.08


def test_some_lost_customers_come_back(db) -> None:
    (returned,) = row(
        db,
        """select count(distinct account_id) from opportunities as lost
        join mrr_on(date '2026-10-31') using (account_id)
        where lost.opportunity_type = 'renewal' and not lost.is_won""",
    )
    assert 1 <= returned <= 40


@pytest.mark.parametrize(
    ("fact", "sign"),
    [
        pytest.param(
            """select account_id, date_trunc('week', occurred_at)::date + 6 as week_end,
            count(distinct user_id) as level from events group by all""",
            1,
            id="more users come",
        ),
        pytest.param(
            """select account_id, date_trunc('week', occurred_at)::date + 6 as week_end,
            avg(was_attended::integer) as level from activities
            where was_attended is not null group by all""",
            1,
            id="meetings are attended",
        ),
        pytest.param(
            """select account_id, date_trunc('week', submitted_at)::date + 6 as week_end,
            avg(score) as level from responses where survey_type = 'nps' group by all""",
            1,
            id="NPS is higher",
        ),
        pytest.param(
            """select account_id, date_trunc('week', created_at)::date + 6 as week_end,
            avg((priority in ('high', 'urgent'))::integer) as level from tickets group by all""",
            -1,
            id="tickets are less severe",
        ),
        pytest.param(
            """select invoices.account_id, date_trunc('week', due_at)::date + 6 as week_end,
            avg((attempted_at > due_at)::integer) as level
            from invoices join payments using (invoice_id) where outcome = 'paid' group by all""",
            -1,
            id="payments are less late",
        ),
        pytest.param(
            """select account_id, date_trunc('week', scheduled_at)::date + 6 as week_end,
            avg((outcome = 'no_show')::integer) as level
            from enrollments where outcome <> 'scheduled' group by all""",
            -1,
            id="fewer stay away from training",
        ),
    ],
)
def test_what_is_seen_of_healthy_customers_is_better(db, fact: str, sign: int) -> None:
    """An observable without a tie to health would be noise that a model learns by heart."""
    healthy, unhealthy = row(
        db,
        f"""
        with facts as ({fact}),
        ranked as (select *, ntile(3) over (order by health) as third from weeks)
        select avg(level) filter (where third = 3), avg(level) filter (where third = 1)
        from ranked join facts using (account_id, week_end)
        """,
    )
    assert sign * (healthy - unhealthy) > 0

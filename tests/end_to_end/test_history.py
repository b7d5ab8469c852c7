"""A company to which history happens: runs equal a build anew, and past scores can be made again.

What happens at once happens to different accounts or weeks: one that an increment has overlooked is
not made right by another. TENURE_AS_OF_PAIRS says how many (account, as-of, known) pairs are asked;
two of each run without it.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.as_of.question import ask
from orchestration.as_of.scratch import scratch
from orchestration.cli import app
from tests.conftest import PROJECT_ROOT
from tests.dbt.builds import PARSED, Builder
from tests.end_to_end.conftest import TIMES, Home
from tests.parsing import give_parse
from warehouse import Warehouse, load_settings, server

pytestmark = [pytest.mark.slow, pytest.mark.server]

COMPANY = "history"
SIZE = ("--accounts", "60", "--months", "8", "--seed", "5")
PAIRS = int(os.environ.get("TENURE_AS_OF_PAIRS", "10"))
# dbt's own switch: of its tests the last run alone asks, of all that the runs before it have left.
WITHOUT_CHECKS = {"DBT_INDIRECT_SELECTION": "empty"}
# The models alone, from seeds that the run has loaded.
ANEW = ("--full-refresh", "--exclude-resource-types", "test", "unit_test", "seed")
# What a run of the product needs, so that a test may edit its seeds.
ROOMS = ("dashboards", "dbt_project", "expectations", "ml", "orchestration", "simulator", "sources")
# When a row came into being: what is younger than the first run is delivered later.
BORN_AT = {
    "billing.invoices": "issued_at",
    "billing.payments": "attempted_at",
    "community.posts": "posted_at",
    "crm.activities": "occurred_at",
    "support.tickets": "created_at",
    "survey.invitations": "sent_at",
    "survey.responses": "submitted_at",
}

# The accounts of which events come late.
LATE = "hash(account_id) % 4 = 0"

MART_COLUMNS = """
select table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position) as columns
from information_schema.columns
where table_schema = 'marts' and column_name != all(%(times)s)
group by table_name
order by table_name
"""

RUN_SQL = """
select as_of_date, known_as_of from tenure.runs
where status = 'succeeded' order by started_at desc limit 1
"""


@dataclass(frozen=True)
class Stored:
    """What one run had stored: its day, what it knew, and each account's scores as text."""

    step: str
    as_of: date
    known_as_of: datetime
    scores: dict[str, list[tuple[date, str]]]


@dataclass
class Story:
    """A company's files, the project that runs them, and what each run had stored."""

    home: Home
    files: Path
    project: Path
    builder: Builder
    stored: list[Stored] = field(default_factory=list)
    increments: dict[str, dict[str, str]] = field(default_factory=dict)
    anew: dict[str, dict[str, str]] = field(default_factory=dict)

    def open(self) -> Warehouse:
        return self.home.open(COMPANY)

    def run(self, as_of: date, *, has_checks: bool) -> None:
        """One run of the project as it is edited, without training: 60 accounts give no model."""
        process = self.home.start(
            "run",
            *("--source", "canonical", "--data", str(self.files), "--company", COMPANY),
            *("--no-train", "--as-of", as_of.isoformat()),
            environment={
                "TENURE_ACCEPT_SHRINK": "all",
                "PYTHONPATH": str(self.project),
                **({} if has_checks else WITHOUT_CHECKS),
            },
            folder=self.project,
        )
        printed, _ = process.communicate(timeout=900)
        assert process.returncode == 0, printed + self.home.log()

    def step(
        self, name: str, as_of: date, *, is_first: bool = False, has_checks: bool = False
    ) -> None:
        """A run and, where it could build on an earlier one, all of its models built anew; what
        each left in the marts."""
        self.run(as_of, has_checks=has_checks)
        with self.open() as warehouse:
            self.stored.append(stored(warehouse, name))
            self.increments[name] = checksums(warehouse)
            if not is_first:
                # A run with --full-refresh takes three times as long.
                self.builder.build(warehouse, as_of.isoformat(), *ANEW)
                self.anew[name] = checksums(warehouse)

    def table(self, name: str) -> Path:
        [path] = self.files.glob(f"{name}.*[tv]")
        return path

    def rewrite(self, name: str, query: str) -> None:
        """Put a query's rows in the place of a file; `rows` are those that it has."""
        rewrite(self.table(name), query)


def rewrite(path: Path, query: str) -> int:
    """Put a query's rows in the place of a file's `rows`; how many they are."""
    kept = path.with_suffix(".kept")
    options = "format parquet" if path.suffix == ".parquet" else "format csv, header"
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as select * from '{path}'")
        [count] = connection.execute(f"copy ({query}) to '{kept}' ({options})").fetchone() or [0]
    kept.replace(path)
    return count


def values(query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def stored(warehouse: Warehouse, step: str) -> Stored:
    [run] = warehouse.read_arrow(RUN_SQL).to_pylist()
    rows = warehouse.read_arrow(
        "select account_id, snapshot_date, scored::text as row from marts.fct_health_scores as"
        " scored order by account_id, snapshot_date, scorecard"
    )
    scores: dict[str, list[tuple[date, str]]] = {}
    for row in rows.to_pylist():
        scores.setdefault(row["account_id"], []).append((row["snapshot_date"], row["row"]))
    return Stored(step, run["as_of_date"], run["known_as_of"], scores)


def checksums(warehouse: Warehouse) -> dict[str, str]:
    """One hash per mart, views included, without the columns that say when something was done."""
    columns = warehouse.read(MART_COLUMNS, {"times": sorted(TIMES)})
    return {
        mart: warehouse.read(
            "select md5(coalesce(string_agg(hash, '' order by hash), '')) as hash from "
            f"(select md5(row({names})::text) as hash from marts.{mart}) as hashed"
        )["hash"].iloc[0]
        for mart, names in columns.itertuples(index=False)
    }


def deliver_until(story: Story, whole: Path, day: date) -> None:
    """The files as they were on a day, all that is younger held back."""
    for name, column in BORN_AT.items():
        shutil.copy(whole / story.table(name).name, story.table(name))
        story.rewrite(name, f"select * from rows where {column}::date <= date '{day}'")
    shutil.rmtree(story.files / "product.events")
    shutil.copytree(whole / "product.events", story.files / "product.events")
    for path in (story.files / "product.events").glob("*.parquet"):
        if not rewrite(path, f"select * from rows where occurred_at::date <= date '{day}'"):
            path.unlink()


def change_in_place(story: Story, where: str) -> None:
    """What a CRM and a billing system overwrite: nothing in the rows says that they changed.

    `where` is true of the rows of accounts that it may happen to.
    """
    chosen = f"select *, case when {where} then hash(account_id) % 5 end as chosen from rows"
    story.rewrite(
        "billing.subscriptions",
        "select * exclude (chosen) replace ("
        " case when chosen = 0 then renewal_date + 45 else renewal_date end as renewal_date,"
        " case when chosen = 1 then quantity * 3 else quantity end as quantity,"
        " case when chosen = 2 then mrr_cents * 2 else mrr_cents end as mrr_cents)"
        f" from ({chosen})",
    )
    story.rewrite(
        "crm.accounts",
        "select * exclude (chosen) replace ("
        " case when chosen = 0 then 5000 else employee_count end as employee_count,"
        " case when chosen < 2 then (select min(csm_id) from rows) else csm_id end as csm_id)"
        f" from ({chosen})",
    )
    story.rewrite(
        "crm.contacts",
        f"select * replace (({where}) != coalesce(is_executive_sponsor, false)"
        " as is_executive_sponsor) from rows",
    )
    story.rewrite(
        "support.tickets",
        f"select * replace (case when {where} and hash(ticket_id) % 5 = 0 then 'urgent'"
        " else priority end as priority) from rows",
    )


def delete_rows(story: Story, where: str) -> None:
    """What a full delivery brings no more, of accounts of which `where` is true."""
    keys = {
        "support.tickets": "ticket_id",
        "survey.responses": "response_id",
        "billing.invoices": "invoice_id",
        "crm.activities": "activity_id",
    }
    for name, key in keys.items():
        story.rewrite(name, f"select * from rows where not ({where}) or hash({key}) % 4 > 0")
    invoices = f"select invoice_id from '{story.table('billing.invoices')}'"
    story.rewrite("billing.payments", f"select * from rows where invoice_id in ({invoices})")


@pytest.fixture(scope="module")
def story(open_folder: Path, parse_of_all: Path) -> Iterator[Story]:
    home = Home(open_folder / "history")
    give_parse(parse_of_all, home.path)
    whole, files = open_folder / "whole files", open_folder / "delivered files"
    home.tenure("simulate", *SIZE, "--out", str(whole))
    shutil.copytree(whole, files, ignore=shutil.ignore_patterns("truth"))
    project = open_folder / "project"
    for room in (*ROOMS, "warehouse"):
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(PROJECT_ROOT / room, project / room, ignore=ignored)
    (project / "target").mkdir()
    shutil.copy(parse_of_all / PARSED, project / "target")
    made = Story(home, files, project, Builder(project / "dbt_project", project / "target"))
    write_history(made, whole)
    # what is asked below is asked of the project as it is
    give_parse(parse_of_all, home.path)
    yield made
    server.remove(load_settings(COMPANY, home.environment()))


def write_history(story: Story, whole: Path) -> None:
    """Each step of the story with its run."""
    [[last]] = values(f"select max(occurred_at)::date from '{whole}/product.events/*.parquet'")
    # no Sunday, so that the as-of snapshot is none of the week-ends
    first = last - timedelta(days=19)
    months = sorted(path.name for path in (whole / "product.events").glob("*.parquet"))
    late = story.files / "product.events" / months[-4]
    deliver_until(story, whole, first)
    rewrite(late, f"select * from rows where not ({LATE})")
    story.step("first", first, is_first=True)
    deliver_until(story, whole, last)
    change_in_place(story, f"not ({LATE})")
    story.step("new days, late events and changes in place", last)
    # of the last day the seed makes all scores anew, the rows that are gone those before it
    story.builder.edit("seeds/health_tiers.csv", ",50,", ",55,")
    delete_rows(story, "hash(account_id) % 2 = 0")
    story.step("a changed seed and deleted rows", last)
    earlier = first - timedelta(days=10)
    story.step("an earlier as-of date", earlier)
    # weeks from the delivery's month to the earlier date follow from its withdrawal alone
    assert months[-3] < f"{earlier:%Y-%m}"
    (story.files / "product.events" / months[-3]).unlink()
    story.step("the last day again, without a delivery", last, has_checks=True)


def test_increments_equal_a_full_refresh_after_each_step(story: Story) -> None:
    """Marts that depend on the order in which facts came in cannot be checked by anyone."""
    assert len(story.anew) == 4
    differing = {
        step: [mart for mart in marts if marts[mart] != story.increments[step][mart]]
        for step, marts in story.anew.items()
    }
    assert differing == {step: [] for step in story.anew}
    assert all(marts.keys() == story.increments[step].keys() for step, marts in story.anew.items())


def test_each_step_changed_something(story: Story) -> None:
    """A step that changes no score would prove nothing."""
    sums = [marts["fct_health_scores"] for marts in story.increments.values()]
    assert len(set(sums)) == len(sums) == 5


def pairs(story: Story, count: int) -> list[tuple[Stored, str, date]]:
    """Random accounts of each run in turn, on the run's own day and on a random week-end."""
    chance = random.Random(7)
    chosen = []
    for number in range(count):
        turn, place = divmod(number, len(story.stored))
        run = story.stored[place]
        account = chance.choice(sorted(run.scores))
        days = sorted({day for day, _ in run.scores[account]})
        chosen.append((run, account, days[-1] if turn % 2 == 0 else chance.choice(days)))
    return chosen


def test_a_past_score_is_made_again_to_the_bit(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to "what did we know then?" is what was known, not a reconstruction like it."""
    for name, text in story.home.environment().items():
        monkeypatch.setenv(name, text)
    settings = load_settings(COMPANY, story.home.environment())
    differing = []
    with story.open() as warehouse:
        for run, account, as_of in pairs(story, PAIRS):
            question = ask(warehouse, account, [as_of], run.known_as_of)
            with scratch(settings, warehouse, question) as built:
                rows = built.read(
                    "select snapshot_date, scored::text as row from scratch.fct_health_scores as"
                    " scored order by snapshot_date, scorecard"
                )
            again = [(row["snapshot_date"], row["row"]) for row in rows]
            if again != [row for row in run.scores[account] if row[0] <= as_of]:
                differing.append((run.step, account, as_of))
    assert not differing, f"{len(differing)} of {PAIRS}: {differing[:5]}"


def test_the_command_prints_the_stored_score(story: Story) -> None:
    """The person at the terminal sees the same number."""
    run = story.stored[1]
    account = sorted(run.scores)[0]
    printed = story.home.tenure(
        "score", "--company", COMPANY, "--account", account, "--known", run.known_as_of.isoformat()
    )
    assert f"({account}), as known on {run.known_as_of:%Y-%m-%d %H:%M} UTC" in printed
    assert "Coverage" in printed and "points" in printed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--account", "no\x1b[31mone"), "There was no account"),
        (("--account", "{account}", "--as-of", "1999-01-01"), "had no contract on 1999-01-01"),
        (("--account", "{account}", "--as-of", "2999-01-01"), "in the future of what was known"),
        (("--account", "{account}", "--known", "1999-01-01"), "nothing was known yet"),
        (("--account", "{account}", "--scorecard", "none"), "There was no scorecard 'none'"),
    ],
)
def test_a_question_without_an_answer_is_refused_in_a_sentence(
    story: Story, arguments: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback, or a score of the wrong day, answers no question."""
    monkeypatch.setenv("TENURE_HOME", str(story.home.path))
    account = sorted(story.stored[-1].scores)[0]
    asked = [argument.replace("{account}", account) for argument in arguments]
    # in this process: dbt and Dagster take five times as long to be imported
    answer = CliRunner().invoke(app, ["score", "--company", COMPANY, *asked])
    assert answer.exit_code == 2
    assert sentence in " ".join(answer.output.split())
    assert "\x1b[31mone" not in answer.output


def test_a_difference_adds_up_and_shows_raw_rows(story: Story) -> None:
    """A change that cannot be traced to rows cannot be contested by the success manager."""
    run = story.stored[1]
    account = max(run.scores, key=lambda name: len(run.scores[name]))
    days = sorted({day for day, _ in run.scores[account]})
    printed = story.home.tenure(
        "diff",
        *("--company", COMPANY, "--account", account, "--known", run.known_as_of.isoformat()),
        days[-6].isoformat(),
        days[-1].isoformat(),
    )
    assert "product.account_days" in printed
    assert "dated between the days" in printed

"""Each defect of the exports does what its name says, all of it is counted, and nothing else."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml

from simulator import Switches, write_company
from simulator.assumptions import INDUSTRIES
from simulator.defects.counts import FATES
from simulator.defects.switches import DEFECTS
from simulator.exports.names import company_names

PROJECT_ROOT = Path(__file__).resolve().parents[2]
EVENTS = "product.events"


@dataclass(frozen=True)
class Files:
    """A company's folder, and how to ask it."""

    folder: Path

    @property
    def tables(self) -> list[str]:
        tables = [path.stem for path in self.folder.iterdir() if path.suffix != ""]
        return sorted({*tables, EVENTS} - {"product"})

    def source(self, table: str) -> str:
        """DuckDB's way to read a table, in the order of its file."""
        path = self.folder / table
        if path.is_dir():
            return f"read_parquet('{path}/*.parquet', filename = true, file_row_number = true)"
        text = self.folder / f"{table}.csv"
        return f"'{text if text.exists() else f'{path}.parquet'}'"

    def ask(self, query: str) -> list[tuple]:
        """Rows of a query in which `{schema.table}` stands for a table."""
        for table in self.tables:
            query = query.replace(f"{{{table}}}", self.source(table))
        return duckdb.execute(query).fetchall()

    def number(self, query: str) -> int:
        return self.ask(query)[0][0]

    def rows(self, table: str) -> list[tuple]:
        """Every row of a table, sorted, without what the reader adds."""
        columns = "exclude (filename, file_row_number)" if table == EVENTS else ""
        return sorted(self.ask(f"select * {columns} from {{{table}}}"), key=str)

    def counts(self, switches: str) -> dict[tuple[str, str, str], int]:
        """What the truth says was done, by table, unit and fate."""
        found = duckdb.execute(
            f"select \"table\", unit, fate, count from '{self.folder}/truth/mess.csv' "
            f"where mess = '{switches}'"
        ).fetchall()
        return {tuple(row[:3]): row[3] for row in found}

    def hashes(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.folder)): hashlib.md5(path.read_bytes()).hexdigest()
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture(scope="module")
def having(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Files]:
    """The files of one company with the mess of that name, written once."""

    @cache
    def write(switches: str) -> Files:
        folder = tmp_path_factory.mktemp("company") / "files"
        write_company(folder, accounts=120, months=6, seed=4, switches=Switches.parse(switches))
        return Files(folder)

    return write


@pytest.fixture
def clean(having: Callable[[str], Files]) -> Files:
    return having("none")


# The tables that a defect changes; those not listed must be the same to the byte.
CHANGED = {
    "duplicates": None,
    "out-of-order": None,
    "late-events": {EVENTS},
    "changed-keys": {"support.tickets", "training.enrollments", "community.posts"},
    "missing-tables": {"community.posts", "success.goals"},
    "stopped-source": {EVENTS},
    "leaky-column": {"crm.accounts"},
}


def test_every_defect_is_tested_alone() -> None:
    assert set(CHANGED) | {"test-accounts"} == set(DEFECTS)


@pytest.mark.parametrize("switches", sorted(set(CHANGED) - {"duplicates", "out-of-order"}))
def test_what_a_defect_is_not_about_stays_as_it_was(having, clean: Files, switches: str) -> None:
    """Else switching one kind on would answer a question about another."""
    before, after = clean.hashes(), having(switches).hashes()
    differ = {name for name in before | after if before.get(name) != after.get(name)}
    tables = {name.split("/")[0].removesuffix(".csv").removesuffix(".parquet") for name in differ}
    assert tables - {"truth"} <= CHANGED[switches]
    assert {name for name in differ if name.startswith("truth/")} == {
        "truth/mess.csv",
        "truth/simulation.json",
    }


def test_a_company_without_mess_counts_nothing(clean: Files) -> None:
    assert duckdb.execute(f"select * from '{clean.folder}/truth/mess.csv'").fetchall() == []


def test_duplicates_are_whole_rows_and_every_table_has_some(having, clean: Files) -> None:
    messy = having("duplicates")
    counts = messy.counts("duplicates")
    assert set(counts) == {(table, "rows", "dropped") for table in clean.tables}
    for table in clean.tables:
        rows, once = messy.rows(table), clean.rows(table)
        assert len(rows) - len(once) == counts[table, "rows", "dropped"] > 0
        assert sorted(set(rows), key=str) == once


def test_shuffled_rows_are_the_same_rows(having, clean: Files) -> None:
    messy = having("out-of-order")
    counts = messy.counts("out-of-order")
    for table in set(clean.tables) - {"crm.accounts", EVENTS}:
        assert counts[table, "tables", "repaired"] == 1
        assert messy.rows(table) == clean.rows(table)
        in_file = f"select * from {{{table}}}"
        assert messy.ask(in_file) != clean.ask(in_file), table
    assert messy.rows(EVENTS) == clean.rows(EVENTS)


def test_old_versions_of_customers_follow_the_new_ones(having, clean: Files) -> None:
    """Whoever keeps the last row of a file would keep what was true a year ago."""
    messy = having("out-of-order")
    accounts = messy.ask("select account_id, updated_at, employee_count from {crm.accounts}")
    newest, old = accounts[:120], accounts[120:]
    assert len(old) == messy.counts("out-of-order")["crm.accounts", "rows", "quarantined"] > 0
    known = {row[0]: row for row in newest}
    for account, changed, employees in old:
        assert changed < known[account][1]
        assert employees != known[account][2]
    columns = "account_id, updated_at, employee_count"
    assert sorted(newest) == sorted(clean.ask(f"select {columns} from {{crm.accounts}}"))


def test_late_events_stand_in_the_month_in_which_they_arrive(having, clean: Files) -> None:
    messy = having("late-events")
    counts = messy.counts("late-events")
    late = "from {product.events} where received_at is not null"
    arrived = messy.number(f"select count(*) {late}")
    missing = clean.number("select count(*) from {product.events}") - messy.number(
        "select count(*) from {product.events}"
    )
    assert counts == {
        (EVENTS, "rows", "repaired"): arrived,
        (EVENTS, "rows", "unknown"): missing,
    }
    assert 0 < missing < arrived
    [(least, most)] = messy.ask(
        f"select min(received_at - occurred_at), max(received_at - occurred_at) {late}"
    )
    assert 1 <= least.total_seconds() / 86_400 < most.total_seconds() / 86_400 <= 30
    strays = (
        "select count(*) from {product.events} where "
        "strftime(coalesce(received_at, occurred_at), '%Y-%m') <> parse_filename(filename, true)"
    )
    assert messy.number(strays) == 0
    delivered = set(messy.ask("select event_id, occurred_at from {product.events}"))
    assert delivered < set(clean.ask("select event_id, occurred_at from {product.events}"))


def test_changed_keys_are_unknown_to_the_crm_and_begin_on_one_day(having, clean: Files) -> None:
    messy = having("changed-keys")
    counts = messy.counts("changed-keys")
    assert {table for table, _, _ in counts} == CHANGED["changed-keys"]
    for (table, _, _), count in counts.items():
        strangers = (
            f"select count(*) from {{{table}}} where account_id not in "
            "(select account_id from {crm.accounts})"
        )
        assert messy.number(strangers) == count
        back = "replace(account_id, 'CRM-', '')"
        restored = messy.ask(f"select * replace ({back} as account_id) from {{{table}}}")
        assert sorted(restored, key=str) == clean.rows(table)
    assert sum(counts.values()) > 0
    both = (
        "select count(*) from {support.tickets} as old inner join {support.tickets} as new "
        "on new.account_id = 'CRM-' || old.account_id where old.created_at > new.created_at"
    )
    assert messy.number(both) == 0


def test_missing_tables_have_no_file(having, clean: Files) -> None:
    messy = having("missing-tables")
    assert set(clean.tables) - set(messy.tables) == CHANGED["missing-tables"]
    assert set(messy.counts("missing-tables").values()) == {1}


def test_a_stopped_source_is_silent_for_two_weeks_and_whole_before_and_after(
    having, clean: Files
) -> None:
    messy = having("stopped-source")
    counts = messy.counts("stopped-source")
    per_day = "select occurred_at::date, count(*) from {product.events} group by all order by 1"
    before, after = dict(clean.ask(per_day)), dict(messy.ask(per_day))
    silent = sorted(set(before) - set(after))
    assert len(silent) == counts[EVENTS, "days", "unknown"] == 14
    assert (silent[-1] - silent[0]).days == 13
    assert sum(before[day] for day in silent) == counts[EVENTS, "rows", "unknown"]
    assert all(before[day] == events for day, events in after.items())


def test_test_accounts_have_rows_everywhere_and_share_none(having, clean: Files) -> None:
    messy = having("test-accounts")
    counts = {table: count for (table, _, _), count in messy.counts("test-accounts").items()}
    assert counts["crm.accounts"] == 3
    for table in clean.tables:
        before, after = clean.rows(table), messy.rows(table)
        assert set(before) <= set(after)
        assert len(after) - len(before) == counts.get(table, 0), table
    of_nobody = {"crm.csms", "product.features", "finance.exchange_rates"}
    assert set(clean.tables) - set(counts) == of_nobody
    assert counts["billing.payments"] > 0
    orphans = (
        "select count(*) from {billing.payments} as payments left join {billing.invoices} as "
        "invoices using (invoice_id) left join {crm.accounts} as accounts using (account_id) "
        "where account_name is null"
    )
    assert messy.number(orphans) == 0
    assert counts[EVENTS] < 0.01 * len(clean.rows(EVENTS))


def test_the_leaky_column_tells_who_has_left(having, clean: Files) -> None:
    messy = having("leaky-column")
    begun = messy.ask(
        "select avg((offboarding_items_done > 0)::int) from {crm.accounts} "
        "group by closed_at is not null order by closed_at is not null"
    )
    [(of_those_here,), (of_those_gone,)] = begun
    assert of_those_here < 0.1
    assert of_those_gone > 0.8
    without = messy.ask("select * exclude (offboarding_items_done) from {crm.accounts}")
    assert without == clean.ask("select * from {crm.accounts}")


def test_all_defects_together_account_for_every_row(having, clean: Files) -> None:
    """Counts that overlap could not be compared with what a warehouse finds."""
    messy = having("defects")
    tallies = [messy.counts(switches) for switches in DEFECTS]
    for table in messy.tables:
        added = sum(
            tally.get((table, "rows", fate), 0)
            for tally in tallies
            for fate in ("dropped", "quarantined")
        )
        changed = messy.counts("changed-keys").get((table, "rows", "quarantined"), 0)
        lost = sum(tally.get((table, "rows", "unknown"), 0) for tally in tallies)
        delivered = len(messy.rows(table))
        assert delivered == len(clean.rows(table)) + added - changed - lost, table
    assert set(duckdb.execute(f"select fate from '{messy.folder}/truth/mess.csv'").fetchall()) == {
        (fate,) for fate in FATES if fate != "fact"
    }


def test_no_customer_is_named_like_a_test_account() -> None:
    """Such a customer would be kept out of every number."""
    file = PROJECT_ROOT / "dbt_project/models/staging/crm/_crm__sources.yml"
    tables = yaml.safe_load(file.read_text())["sources"][0]["tables"]
    columns = next(table["columns"] for table in tables if table["name"] == "accounts")
    tests = next(column["data_tests"] for column in columns if column["name"] == "account_name")
    [rule] = [test["not_matching"] for test in tests if "not_matching" in test]
    rng = np.random.default_rng(0)
    names = company_names(rng, INDUSTRIES, rng.integers(len(INDUSTRIES), size=20_000))
    found = duckdb.execute(
        "select count(*) from unnest(?) as names (name) where regexp_matches(name, ?)",
        [names.tolist(), rule["arguments"]["pattern"]],
    )
    assert found.fetchall() == [(0,)]

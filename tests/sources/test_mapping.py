"""Mappings: the worked example of the documentation, and the ways to get one wrong."""

import re
from pathlib import Path

import pytest

from sources.mapping import (
    MAPPINGS,
    MappingError,
    drafts,
    find_mappings,
    load_mappings,
    parse_mapping,
)
from tests.sources.conftest import ACCOUNTS, Loader, write_files

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "bring-your-own-data.md"


def test_the_example_of_the_documentation_works(loader: Loader) -> None:
    """A guide that does not run sends people away."""
    text = GUIDE.read_text(encoding="utf-8")
    contracts, customers = re.findall(r"```csv\n(.*?)```", text, re.S)
    of_contracts, of_customers = re.findall(r"```sql\n(.*?)```", text, re.S)
    maps = write_files(
        loader.folder.parent / "maps",
        {
            "acme/billing.subscriptions.sql": of_contracts,
            "acme/crm.accounts.sql": of_customers,
        },
    )
    assert len(of_contracts.splitlines()) <= 11
    files = {"contracts.csv": contracts, "customers.csv": customers}
    loads = loader.deliver(files, "acme", mapping_folder=maps)
    assert [problem for load in loads.values() for problem in load.problems] == []
    assert loader.rows(
        "select subscription_id, account_id, mrr_cents, currency, started_at::date::text, "
        "ended_at::date::text, attributes ->> 'rep' from billing.subscriptions order by 1"
    ) == [
        ("C-1", "A-1", 120050, "USD", "2024-01-31", None, "Ann"),
        ("C-2", "A-1", 8000, "EUR", "2024-02-15", "2025-02-15", "Bob"),
    ]


def deliver_mapped(loader: Loader, sql: str, customers: str = ACCOUNTS) -> list[str]:
    """Problems of a delivery whose tickets are mapped with `sql` from customers.csv."""
    maps = write_files(
        loader.folder.parent / "maps",
        {
            "acme/crm.accounts.sql": 'select * from "customers.csv"',
            "acme/support.tickets.sql": sql,
        },
    )
    loads = loader.deliver({"customers.csv": customers}, "acme", mapping_folder=maps)
    return list(loads["support.tickets"].problems)


def test_a_column_that_the_file_lacks_is_named(loader: Loader) -> None:
    [problem] = deliver_mapped(loader, 'select nonsense as ticket_id, * from "customers.csv"')
    assert problem.startswith("mappings/acme/support.tickets.sql: ")
    assert '"nonsense" not found' in problem


def test_a_bracket_too_many_opens_no_other_file(loader: Loader) -> None:
    sql = 'select * from "customers.csv") as x, "/etc/x.tsv", (select 1'
    [problem] = deliver_mapped(loader, sql)
    assert "syntax error" in problem


def test_a_mapping_must_pass_on_the_row_numbers(loader: Loader) -> None:
    [problem] = deliver_mapped(loader, 'select account_id as ticket_id from "customers.csv"')
    assert problem == "mappings/acme/support.tickets.sql: must pass on _file and _row"


def test_a_file_that_a_mapping_needs_beside_another_is_named(loader: Loader) -> None:
    sql = 'select * from "customers.csv" left join "owners.csv" using (account_id)'
    [problem] = deliver_mapped(loader, sql)
    assert problem.startswith("owners.csv: not in the folder")


def test_rows_that_a_mapping_leaves_out_are_mentioned(loader: Loader) -> None:
    """A `where` or an inner join loses rows before any rule can name them."""
    problems = deliver_mapped(
        loader,
        "select account_id as ticket_id, signed_at as created_at, * exclude (signed_at) "
        "from \"customers.csv\" where account_id = 'A-1'",
    )
    assert problems == ["customers.csv: mappings/acme/support.tickets.sql leaves out 1 of 2 rows"]


def test_an_unread_date_is_quarantined_with_its_text(loader: Loader) -> None:
    sql = (
        "-- dates: signed_at day-first\n"
        "select account_id as ticket_id, signed_at as created_at, * exclude (signed_at) "
        'from "customers.csv"'
    )
    customers = ACCOUNTS.replace("2024-01-01", "13/13/2024").replace("2024-02-01", "31/01/2024")
    problems = deliver_mapped(loader, sql, customers + "A-3,Three,2024-03-01\n")
    assert "type(signed_at)" in problems[0]
    of_tickets = [row for row in loader.rejections() if row[0] == "support.tickets"]
    assert of_tickets[0][4] == (
        "signed_at 13/13/2024 is no date (read day-first); account_id A-1 is not in crm.accounts"
    )
    assert loader.rows(
        "select row_data ->> 'signed_at' from quarantine.rejected_rows "
        "where source = 'support' and rule like 'type%' order by row_number"
    ) == [("13/13/2024",), ("2024-03-01",)]


def test_a_mapping_without_a_file_is_refused() -> None:
    with pytest.raises(MappingError, match="reads no file"):
        parse_mapping("x.sql", "select 1")


def test_file_names_in_comments_are_not_files() -> None:
    mapping = parse_mapping("x.sql", '-- not "old.csv"\n-- delimiter: ;\nselect * from "a.csv"')
    assert (mapping.files, mapping.delimiter) == (("a.csv",), ";")
    both = 'select * from "a.csv" union all by name select * from "b.csv"'
    mapping = parse_mapping("x.sql", f'-- delimiter: ;\n-- delimiter of "b.csv": tab\n{both}')
    assert [mapping.delimiter_of(name) for name in mapping.files] == [";", "\t"]
    with pytest.raises(MappingError, match=r"the delimiter of c.csv, which it does not read"):
        parse_mapping("x.sql", f'-- delimiter of "c.csv": tab\n{both}')


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-- delimiter: \\t", r"a delimiter is one character, or tab, not '\\\\t'"),
        ("-- delimiter: semicolon", "one character, or tab, not 'semicolon'"),
        ("-- delimiter: ;;", "one character, or tab, not ';;'"),
        ('-- delimiter: "', "one character, or tab, not '\"'"),
        ("-- delimiter:", "one character, or tab, not ''"),
        ("-- delimiter of a.csv: ;", "cannot read '-- delimiter of a.csv: ;'"),
        ("-- delimiter ;", "cannot read '-- delimiter ;'"),
        ("-- Delimiter: ;", "cannot read '-- Delimiter: ;'"),
        ("-- dates start, end day-first", "cannot read '-- dates start, end day-first'"),
        ("-- Dates: start", "cannot read '-- Dates: start'"),
        ("-- delimiter tab", "cannot read '-- delimiter tab'"),
        ("-- Date: start", "cannot read '-- Date: start'"),
    ],
)
def test_a_directive_that_cannot_be_used_is_refused(line: str, message: str) -> None:
    """It ended a run with a traceback, took the next line of SQL, or was passed over."""
    with pytest.raises(MappingError, match=f"x.sql: .*{message}"):
        parse_mapping("x.sql", f'{line}\nselect * from "a.csv"')


@pytest.mark.parametrize(
    "remark",
    ["-- date of the export: 2024", "-- dates are in UTC", "-- delimiters differ by year",
     "-- date formats: see the guide", "-- delimiter as in Excel, not a tab: see above"],
)  # fmt: skip
def test_a_remark_may_begin_with_the_word_of_a_directive(remark: str) -> None:
    """One such line stopped a whole system after an upgrade."""
    mapping = parse_mapping("x.sql", f'{remark}\nselect * from "a.csv"')
    assert (mapping.dates, mapping.delimiter) == ({}, ",")


def test_a_directive_may_be_indented() -> None:
    mapping = parse_mapping("x.sql", '  -- delimiter: ;\n\t-- dates: day\nselect * from "a.csv"')
    assert (mapping.delimiter, mapping.dates) == (";", {"day": None})


def test_a_companys_own_mappings_go_before_those_that_come_with_tenure(tmp_path: Path) -> None:
    write_files(tmp_path, {"ravenstack/crm.accounts.sql": 'select * from "a.csv"'})
    assert find_mappings("ravenstack", [tmp_path, MAPPINGS]) == tmp_path
    assert find_mappings("fightchurn", [tmp_path, MAPPINGS]) == MAPPINGS
    assert find_mappings("fightchurn", [tmp_path / "gone", MAPPINGS]) == MAPPINGS
    with pytest.raises(MappingError, match="known are canonical, fightchurn, ravenstack"):
        find_mappings("acme", [tmp_path / "gone", MAPPINGS])


def test_every_shipped_mapping_fills_a_table_of_the_contract(contract) -> None:
    """A misspelt file name would be a mapping that nobody runs."""
    known = {table.full_name for table in contract.tables} | {"product.events"}
    systems = [path.name for path in MAPPINGS.iterdir() if path.is_dir()]
    assert set(systems) >= {"fightchurn", "ravenstack"}
    for system in systems:
        assert set(load_mappings(system)) <= known


@pytest.mark.parametrize(
    ("sql", "is_row_by_row"),
    [
        ('select * from "uses.csv" left join "kinds.csv" using (kind_id)', True),
        ('select a from "uses-1.csv" union all select a from "uses-2.csv"', True),
        ('select distinct a from "uses.csv"', False),
        ('select a, count(*) from "uses.csv" group by a', False),
        ('select * from "uses.csv" qualify row_number() over () = 1', False),
        ('select * from "uses.csv" where b > (select max(b) from "uses.csv")', False),
    ],
)
def test_only_mappings_row_by_row_read_files_one_by_one(sql: str, is_row_by_row: bool) -> None:
    """Else an event would depend on files that were landed on another day."""
    assert parse_mapping("mappings/x/product.events.sql", sql).is_row_by_row is is_row_by_row


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("select * from \"a.csv\", read_text('/etc/hostname')", "read_text"),
        ("select * from 'b.csv' union all select * from \"a.csv\"", "in double quotes"),
        ("select * from \"a.csv\", '/etc/passwd.csv'", "'/etc/passwd.csv' reads what is not"),
        ("select * from/**/'/x.csv'", "'/x.csv' reads what is not"),
        ('select * from "a.csv", "read_csv"(\'/x\')', "read_csv reads what is not"),
        ('select * from "a.csv" join "/tmp/x.tsv" using (id)', "'/tmp/x.tsv' reads what is not"),
        ("select * from \"a.csv\" where exists (from glob('*'))", "glob reads what is not"),
        ("select * from \"a.csv\" where x > (select max(x) from 'a.csv')", "in double quotes"),
        ("select * from (pivot \"a.csv\" on x), read_text('/x')", "read_text"),
        ("select * from (pivot '/x/b.csv' on x) join \"a.csv\" using (id)", "'/x/b.csv' reads"),
        ("pivot (select * from \"a.csv\", '/b.csv') on x using sum(y)", "'/b.csv' reads"),
        ("pivot \"a.csv\" on x in (select x from '/b.csv') using sum(y)", "'/b.csv' reads"),
        ('select * from "/etc/a.csv"', "outside of the folder"),
        ('select * from "x/../../a.csv"', "outside of the folder"),
    ],
)
def test_a_mapping_reads_its_own_folder_alone(sql: str, complaint: str) -> None:
    """A path of its own was a traceback, a function's file in no count of rows."""
    with pytest.raises(MappingError, match=complaint):
        parse_mapping("x.sql", sql)


@pytest.mark.parametrize(
    "sql",
    [
        'pivot "a.csv" on month using sum(x) group by id',
        'pivot "a.csv" join b on "a.csv".x = b.x on month, year || day using sum(x)',
        'select * from (pivot (pivot "a.csv" on x using sum(y)) on z using sum(w))',
        "with p as (pivot \"a.csv\" on x -- from 'b.csv'\n) select * from p",
        'pivot "a.csv" on x in (select x from kept) using sum(y) order by all',
    ],
)
def test_a_pivot_without_values_may_read_the_folder(sql: str) -> None:
    assert parse_mapping("x.sql", sql).files == ("a.csv",)


@pytest.mark.parametrize(
    "columns",
    [
        "*, status is distinct from 'deleted' as is_there",
        "*, substring(n from '[0-9]+') as digits, trim(both from ' x') as x",
        "*, 'moved from ' || city as remark, '-- no comment' as other",
        "a.*, t.x from unnest([1, 2]) as t(x), json_each('[1]') as e, kept",
    ],
)
def test_words_that_look_like_reading_are_none(columns: str) -> None:
    """Honest mappings were refused for a `from` before a quotation mark."""
    source = "" if " from unnest" in columns else ' from "a.csv"'
    kept = 'with kept as (select * from "a.csv") ' if not source else ""
    mapping = parse_mapping("x.sql", f"{kept}select {columns}{source}")
    assert mapping.files == ("a.csv",)


def test_a_mapping_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    sql = 'select "Währung" as currency from "a.csv"'
    (tmp_path / "acme/crm.accounts.sql").write_bytes(sql.encode("cp1252"))
    assert load_mappings("acme", tmp_path)["crm.accounts"].sql == sql


def test_a_draft_is_named_until_it_is_renamed(tmp_path: Path) -> None:
    """Nothing reads this file, said a check, of the file whose mapping lacked one line."""
    (tmp_path / "acme").mkdir()
    draft = tmp_path / "acme/billing.subscriptions.sql.draft"
    draft.write_text("-- a draft")
    [sentence] = drafts("acme", tmp_path)
    assert sentence.startswith("billing.subscriptions.sql.draft: is a draft and is not read")
    draft.rename(draft.with_suffix(""))
    assert drafts("acme", tmp_path) == []

"""Every row is loaded, quarantined with its reason, or an exact duplicate."""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.checks import ConservationError, Counts, check_rows
from sources.contract import Column, Contract, Parent, Rule, Table
from sources.dates import NEW_UNREAD_VALUES
from sources.mapping import columns_of

# The fixture is an empty DuckDB that each example may use again; the machine may be busy.
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

DEALS = Table(
    source="crm",
    name="deals",
    description="One row per deal.",
    columns=(
        Column("deal_id", "text", "", is_strict=True),
        Column("account_id", "text", ""),
        Column("amount_cents", "bigint", "", is_strict=True),
        Column("score", "numeric", ""),
        Column("currency", "text", ""),
        Column("stage", "text", ""),
        Column("is_won", "boolean", ""),
        Column("opened_at", "timestamptz", ""),
        Column("closed_at", "timestamptz", "", is_strict=True),
        Column("seen_at", "timestamptz", ""),
        Column("employees", "integer", "", has_ranges=True),
        Column("updated_at", "timestamptz", ""),
    ),
    rules=(
        Rule("not_null", ("deal_id",)),
        Rule("unique", ("deal_id",)),
        Rule("relationships", ("account_id",), parent=Parent("crm", "accounts", "account_id")),
        Rule("at_least", ("amount_cents",), minimum=0),
        Rule("iso_currency", ("currency",)),
        Rule("not_matching", ("deal_id",), pattern=r"(?i)^draft\b", meaning="somebody's draft"),
        Rule("accepted_values", ("stage",), values=("open", "it's lost")),
        Rule("within", ("score",), bounds=(0, 10)),
        Rule("plausible_time", ("seen_at",)),
        Rule("not_before", ("closed_at", "opened_at")),
    ),
)


def check(con: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, str | None]]) -> Counts:
    """Check rows of text, as they would come from one CSV file; accounts A and B are known."""
    names = list(dict.fromkeys(["deal_id", *(name for row in rows for name in row)]))
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    numbers = pa.array(range(1, len(rows) + 1), pa.int64())
    files = pa.array(["deals.csv"] * len(rows), pa.string())
    landed = pa.table({**columns, "_file": files, "_row": numbers, "_n": numbers})
    con.register("landed", landed)
    con.execute(NEW_UNREAD_VALUES)
    con.execute("create or replace table mapped as select * from landed")
    con.execute(
        'create or replace table "keys of crm.accounts.account_id" as '
        "select unnest(['A', 'B']) as key"
    )
    con.execute("create or replace table claimed_keys (rule varchar, key varchar, holder varchar)")
    return check_rows(con, DEALS, columns_of(con, "mapped"), DEALS.rules)


def accepted(con: duckdb.DuckDBPyConnection, column: str) -> list:
    return [
        value for (value,) in con.execute(f"select {column} from accepted order by 1").fetchall()
    ]


def rejected(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute("select _row, rule, message from rejected order by _row").fetchall()


@pytest.mark.parametrize(
    ("row", "rule", "message"),
    [
        ({"deal_id": " "}, "not_null(deal_id)", "deal_id is missing"),
        ({"amount_cents": "-1"}, "at_least(amount_cents)", "amount_cents is -1, the least allow"),
        ({"amount_cents": "12.5"}, "type(amount_cents)", "amount_cents 12.5 is no whole number"),
        ({"amount_cents": "many"}, "type(amount_cents)", "amount_cents many is no whole number"),
        (
            {"deal_id": "Draft 7"},
            "not_matching(deal_id)",
            "deal_id Draft 7 looks like somebody's draft",
        ),
        ({"closed_at": "31/12/2024"}, "type(closed_at)", "closed_at 31/12/2024 is no ISO time"),
        ({"account_id": "Z"}, "relationships(account_id)", "account_id Z is not in crm.accounts"),
        (
            {"opened_at": "2024-02-01", "closed_at": "2024-01-01"},
            "not_before(closed_at, opened_at)",
            "closed_at 2024-01-01 00:00:00+00 lies before opened_at 2024-02-01",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "(" in value else "",
)
def test_a_broken_rule_names_the_row_and_the_reason(con, row, rule, message) -> None:
    check(con, [{"deal_id": "D-1"}, {"deal_id": "D-2", **row}])
    [(number, broken, words)] = rejected(con)
    assert (number, broken) == (2, rule)
    assert words.startswith(message)


@pytest.mark.parametrize(
    ("cell", "rule", "message"),
    [
        ({"currency": "dollars"}, "iso_currency(currency)", "currency DOLLARS is no ISO 4217"),
        ({"stage": "won"}, "accepted_values(stage)", "stage won is none of open, it's lost"),
        ({"is_won": "perhaps"}, "type(is_won)", "is_won perhaps is no boolean"),
        ({"opened_at": "31/12/2024"}, "type(opened_at)", "opened_at 31/12/2024 is no ISO time"),
        ({"score": "95"}, "within(score)", "score is 95.0, outside 0.0 to 10.0"),
        (
            {"seen_at": "2931-01-01"},
            "plausible_time(seen_at)",
            "seen_at 2931-01-01 00:00:00+00 li",
        ),
        ({"employees": "a few"}, "type(employees)", "employees a few is no whole number"),
    ],
    ids=lambda value: value if isinstance(value, str) and "(" in value else "",
)
def test_a_cell_that_a_row_can_do_without_is_unknown_and_counted(con, cell, rule, message) -> None:
    """One unreadable head count must not cost a customer and its revenue."""
    counts = check(con, [{"deal_id": "D-1"}, {"deal_id": "D-2", **cell}])
    assert counts == Counts(2, 2, 0, 0, cells_corrected=1)
    [name] = cell
    assert accepted(con, name) == [None, None]
    [(number, broken, words, content)] = con.execute(
        "select _row, rule, message, content from corrections"
    ).fetchall()
    assert (number, broken) == (2, rule)
    assert words.startswith(message)
    assert content.casefold().startswith(cell[name].casefold()[:9])


@pytest.mark.parametrize("word", ["NULL", "N/A", "none", "-", r"\N", "#N/A", "\u00a0", "\u200b\t"])
def test_words_for_null_are_null_in_any_column_that_may_be_empty(con, word: str) -> None:
    assert check(con, [{"deal_id": "D-1", "stage": word, "score": word, "opened_at": word}]) == (
        Counts(1, 1, 0, 0)
    )
    assert accepted(con, "stage") == accepted(con, "score") == accepted(con, "opened_at") == [None]


def test_a_required_text_is_never_taken_for_null(con) -> None:
    """There is a company called None."""
    check(con, [{"deal_id": "None"}])
    assert accepted(con, "deal_id") == ["None"]


@pytest.mark.parametrize(
    ("text", "employees"),
    [("51-200", 51), ("1,200", 1200), ("10,001+", 10001), ("1,001 to 5,000", 1001), ("7", 7)],
)
def test_ranges_and_thousands_are_read(con, text: str, employees: int) -> None:
    check(con, [{"deal_id": "D-1", "employees": text}])
    assert accepted(con, "employees") == [employees]


def test_codes_are_read_in_any_spelling(con) -> None:
    check(con, [{"deal_id": "D-1", "stage": "It's-LOST", "currency": " usd"}])
    assert accepted(con, "stage") == ["it's lost"]
    assert accepted(con, "currency") == ["USD"]


@pytest.mark.parametrize("blank", ["\u00a0", "\u200b", "\t", "\ufeff", "\u2060"])
def test_hidden_characters_at_a_key_are_no_part_of_it(con, blank: str) -> None:
    check(con, [{"deal_id": f"{blank}D-1{blank}", "account_id": f"A{blank}"}])
    assert accepted(con, "deal_id") == ["D-1"]


def test_all_reasons_of_a_row_stand_in_one_entry(con) -> None:
    counts = check(con, [{"deal_id": "D-1", "amount_cents": "-1", "account_id": "Z"}])
    assert counts.rows_quarantined == 1
    [(_, rule, message)] = rejected(con)
    assert rule == "relationships(account_id)"
    assert (
        message == "account_id Z is not in crm.accounts; amount_cents is -1, the least allowed is 0"
    )


def test_unknown_columns_become_attributes(con) -> None:
    """A column that the contract does not know yet must not be lost."""
    check(con, [{"deal_id": "D-1", "mood": "good", "empty": None}])
    assert accepted(con, "attributes") == ['{"mood":"good"}']


def test_exact_duplicates_are_dropped_and_counted(con) -> None:
    deal = {"deal_id": "D-1", "amount_cents": "5"}
    assert check(con, [deal, {**deal, "amount_cents": "5.0"}, deal]) == Counts(3, 1, 0, 2)


def test_rows_that_cannot_be_read_are_never_called_duplicates(con) -> None:
    """'abc' and 'xyz' are both null as numbers, and still two different rows."""
    deals = [{"deal_id": "D-1", "amount_cents": text} for text in ("abc", "xyz")]
    assert check(con, deals) == Counts(2, 0, 2, 0)


def test_of_rows_with_one_key_the_last_changed_is_kept(con) -> None:
    counts = check(
        con,
        [
            {"deal_id": "D-1", "amount_cents": "1", "updated_at": "2024-01-01"},
            {"deal_id": "D-1", "amount_cents": "2", "updated_at": "2024-03-01"},
            {"deal_id": "D-1", "amount_cents": "3"},
        ],
    )
    assert counts == Counts(3, 1, 2, 0)
    assert accepted(con, "amount_cents") == [2]
    assert [rule for _, rule, _ in rejected(con)] == ["unique(deal_id)"] * 2
    assert (
        rejected(con)[0][2]
        == "deal_id D-1 stands in deals.csv row 2 with other content (amount_cents, updated_at)"
    )


def test_without_a_time_of_change_the_first_row_is_kept(con) -> None:
    check(con, [{"deal_id": "D-1", "amount_cents": "1"}, {"deal_id": "D-1", "amount_cents": "2"}])
    assert accepted(con, "amount_cents") == [1]


def test_a_broken_row_does_not_push_out_a_good_one_with_its_key(con) -> None:
    check(con, [{"deal_id": "D-1", "amount_cents": "-1"}, {"deal_id": "D-1", "amount_cents": "2"}])
    assert accepted(con, "amount_cents") == [2]


def test_the_quarantined_row_is_kept_as_it_came(con) -> None:
    check(con, [{"deal_id": "D-1", "amount_cents": "abc", "mood": "good"}])
    [(row,)] = con.execute("select row_data from rejected").fetchall()
    assert row == '{"deal_id":"D-1","amount_cents":"abc","mood":"good"}'


def test_a_new_empty_column_does_not_change_what_a_row_is(con) -> None:
    """Else each column added to the contract would make all rows new to Tenure."""
    check(con, [{"deal_id": "D-1"}])
    before = accepted(con, "_row_hash")
    check(con, [{"deal_id": "D-1", "stage": None, "mood": None}])
    assert accepted(con, "_row_hash") == before


def test_counts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ConservationError, match="3 rows in, but 1 loaded"):
        Counts(3, 1, 1, 0)


values = st.fixed_dictionaries(
    {"deal_id": st.sampled_from(["D-1", "D-2", "", None])},
    optional={
        "account_id": st.sampled_from(["A", "B", "Z", None]),
        "amount_cents": st.sampled_from(["1", "-1", "x", "1.5", "", None, "9" * 40, "nan"]),
        "currency": st.sampled_from(["USD", "usd", "\x00", "dollars", None]),
        "score": st.sampled_from(["3", "11", "-", "?", None]),
        "opened_at": st.sampled_from(["2024-01-01", "0000-00-00", "infinity", None]),
        "closed_at": st.sampled_from(["2023-01-01", "2024-05-05T10:00Z", "?", None]),
        "updated_at": st.sampled_from(["2024-01-01", "2024-02-01", None]),
        "mood": st.sampled_from(["good", "\U0001f600", '"', None]),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(st.lists(values, max_size=8))
def test_no_row_is_lost_and_no_key_is_loaded_twice(con, rows) -> None:
    counts = check(con, rows)  # raises ConservationError when a row went nowhere
    assert counts.rows_in == len(rows)
    keys = accepted(con, "deal_id")
    assert len(set(keys)) == len(keys)
    assert None not in keys


def test_every_rule_of_the_contract_can_be_checked(con, contract: Contract) -> None:
    """SQL that is made from the contract must at least be SQL, for each of the tables."""
    for table in contract.tables:
        con.execute(NEW_UNREAD_VALUES)
        con.execute(
            "create or replace table claimed_keys (rule varchar, key varchar, holder varchar)"
        )
        for parent in table.parents:
            name = f"keys of {parent.full_name}.{parent.field}"
            con.execute(f'create or replace table "{name}" (key varchar)')
        columns = ", ".join(f"null::varchar as {name}" for name in table.column_names)
        con.execute(
            f"create or replace table mapped as select {columns}, 'f' as _file, 1 as _row, 1 as _n"
        )
        counts = check_rows(con, table, columns_of(con, "mapped"), table.rules)
        assert counts == Counts(1, 0, 1, 0)

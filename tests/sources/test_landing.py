"""Files as they come: each record is read or named, and none vanishes."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.contract import Column, Table
from sources.csv_files import parse_csv
from sources.encodings import UTF_8, WINDOWS, encoding_of
from sources.headers import match_header
from sources.landing import FileProblem, find_files
from sources.reading import read_files
from tests.sources.conftest import write_files


def read(con: duckdb.DuckDBPyConnection, folder: Path, name: str, **options) -> list[tuple]:
    read_files(con, find_files(folder, name), "landed", **options)
    return con.execute("select * from landed order by _file, _row").fetchall()


def unreadable(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute("select _row, content, reason from unreadable order by _row").fetchall()


def test_a_byte_order_mark_and_windows_line_ends_are_no_content(con, tmp_path) -> None:
    """A mark left in the header makes the first column unknown, and its table fail."""
    write_files(tmp_path, {"a.csv": b"\xef\xbb\xbfid,name\r\n1,One\r\n2,Two\r\n"})
    assert read(con, tmp_path, "a.csv") == [("1", "One", "a.csv", 1), ("2", "Two", "a.csv", 2)]


def test_a_header_that_stands_in_the_middle_is_no_row(con, tmp_path) -> None:
    """Files pasted together: a success manager called csm_name, a feature called feature."""
    write_files(tmp_path, {"a.csv": "Id,Name\n1,One\nId,Name\n2,Name\n"})
    assert [row[0] for row in read(con, tmp_path, "a.csv")] == ["1", "2"]
    assert unreadable(con) == [(2, "Id,Name", "the header of a.csv stands here again")]


def test_a_quoted_line_break_belongs_to_its_field(con, tmp_path) -> None:
    write_files(tmp_path, {"a.csv": 'id,name\n1,"One\nand, ""more"""\n2,Two\n'})
    assert [row[1] for row in read(con, tmp_path, "a.csv")] == ['One\nand, "more"', "Two"]


def test_a_blank_cell_is_null_whether_it_is_quoted_or_not(con, tmp_path) -> None:
    """A text of no letters would be a key, or a customer without a name."""
    write_files(tmp_path, {"a.csv": 'id,name,note\n1,,""\n2," ",NULL\n'})
    assert [row[:3] for row in read(con, tmp_path, "a.csv")] == [
        ("1", None, None),
        ("2", " ", "NULL"),
    ]


def test_records_that_cannot_be_read_are_kept_with_their_number(con, tmp_path) -> None:
    """A reader that skips bad lines loses rows without a word."""
    write_files(tmp_path, {"a.csv": b'id,name\n1,One\n2\n3,x,y\n4,caf\xe9\xff\n5,"open\n6,Six\n'})
    assert [row[0] for row in read(con, tmp_path, "a.csv")] == ["1", "6"]
    assert [row[3] for row in read(con, tmp_path, "a.csv")] == [1, 6]
    found = {row: (content, reason) for row, content, reason in unreadable(con)}
    assert found[2] == ("2", "the row has 1 field, the header 2")
    assert found[3] == ("3,x,y", "the row has 3 fields, the header 2")
    assert found[4][1] == "the text is not UTF-8"
    assert found[5][0] == '5,"open' and "never closed" in found[5][1]


@pytest.mark.parametrize(
    ("codec", "name"), [("cp1252", "Windows-1252"), ("utf-16", "UTF-16"), ("utf-16-be", None)]
)
def test_files_of_windows_programs_are_read_and_named(con, tmp_path, codec, name) -> None:
    """Excel saves CSV as Windows-1252: Verlängerung and Währung were columns that no one knew."""
    text = "id,Währung\n1,Müller & Söhne – 5 €\n2,à payer\n"
    write_files(
        tmp_path, {"a.csv": text.encode(codec) if name else b"\xfe\xff" + text.encode(codec)}
    )
    notes = read_files(con, find_files(tmp_path, "a.csv"), "landed")
    rows = con.execute('select "Währung" from landed order by _row').fetchall()
    assert rows == [("Müller & Söhne – 5 €",), ("à payer",)]
    assert notes == [f"a.csv: is not UTF-8 and is read as {name or 'UTF-16'}"]


def test_a_damaged_file_is_not_taken_for_another_encoding() -> None:
    """Bytes that make no words, or stand beside letters in UTF-8, are damage: the row is named."""
    assert encoding_of("Müller".encode() + b"\nS\xf6hne") == UTF_8
    assert encoding_of(b"id,name\n1,\x9d\x81\n") == UTF_8
    assert encoding_of("Компания".encode("cp1251")) == UTF_8
    assert encoding_of("Söhne".encode()[:2]) == UTF_8
    assert encoding_of("Müller".encode() + b"\n\xe9\xe9\xe9\xe9\n") == UTF_8
    assert encoding_of("„Größe“ Käse".encode() + b"\xff\n") == UTF_8
    assert encoding_of("中文".encode("gb18030")) == UTF_8
    assert encoding_of("id,name\n1,Qualité".encode()[:-1], is_whole=True) == UTF_8


@pytest.mark.parametrize(
    "cell",
    [
        "„Spaß“",
        "«Société»",
        "Qualité…",
        "Café”",
        "l\u2019été\u2019",
        "Société\u00a0:",
        "Ü",
        "ñ",
        "ö;ü;ß",
    ],
)
def test_signs_beside_letters_are_of_windows(cell: str) -> None:
    """One such cell made a file damaged UTF-8, and every row with an accent was quarantined."""
    assert encoding_of(f"id,name\n1,{cell}\n2,Müller\n".encode("cp1252")) == WINDOWS
    assert encoding_of(f"id,name\n1,{cell}\n".encode("cp1252")) == WINDOWS
    assert encoding_of(f"id,name\n1,{cell}".encode("cp1252"), is_whole=True) == WINDOWS


def test_the_list_in_a_systems_answer_is_read_and_objects_are_columns(con, tmp_path) -> None:
    """Zendesk answers {"tickets": [...], "count": 2}: the file was one row without a customer."""
    answer = (
        '{"count": 2, "next_page": null, "tickets": ['
        '{"id": 1, "organization": {"name": "One", "id": "A"}}, {"id": 2}]}'
    )
    write_files(tmp_path, {"a.json": answer, "b.json": '{"id": 1, "lines": [{"id": 2}]}'})
    read_files(con, find_files(tmp_path, "a.json"), "landed")
    rows = con.execute('select id, "organization.name" from landed order by _row').fetchall()
    assert rows == [("1", "One"), ("2", None)]
    assert read(con, tmp_path, "b.json") == [("1", '[{"id":2}]', "b.json", 1)]


@given(
    st.lists(
        st.one_of(
            st.just("1,One"), st.just("2"), st.just("3,x,y"), st.just('4,"open'), st.just('5,"a"b')
        ),
        max_size=12,
    )
)
def test_every_line_is_good_or_bad(lines: list[str]) -> None:
    """The careful reader resumes after any damage: no line before or behind it is lost."""
    good, bad = parse_csv("id,name\n" + "\n".join(lines), width=2)
    text = "\n".join(",".join(values) for _, values in good) + "\n".join(row[1] for row in bad)
    assert text.count("1,One") == lines.count("1,One")
    numbers = [row[0] for row in good] + [row[0] for row in bad]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param(
            "id;name\n1;One\n", "separated by a semicolon, not by a comma", id="delimiter"
        ),
        pytest.param("1,2024-01-01\n2,2024-01-02\n", "the header is missing", id="no header"),
        pytest.param("id,name,id\n1,One,1\n", "names id twice", id="doubled column"),
        pytest.param("id\tname\n1\tOne\n", "-- delimiter: tab", id="tab"),
        pytest.param("\n\n", "first line is empty", id="blank"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(con, tmp_path, content, complaint) -> None:
    write_files(tmp_path, {"a.csv": content})
    with pytest.raises(FileProblem, match=f"a.csv: .*{complaint}"):
        read(con, tmp_path, "a.csv")


def test_a_stated_delimiter_is_used(con, tmp_path) -> None:
    write_files(tmp_path, {"a.csv": "id;name\n1;One, Two\n"})
    assert read(con, tmp_path, "a.csv", delimiter=";") == [("1", "One, Two", "a.csv", 1)]


def test_a_broken_parquet_is_named(con, tmp_path) -> None:
    pq.write_table(pa.table({"id": list(range(1000))}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    write_files(tmp_path, {"a.parquet": whole[: len(whole) // 2]})
    with pytest.raises(FileProblem, match=r"a\.parquet: not a readable Parquet file"):
        read(con, tmp_path, "a.parquet")


def test_parquet_rows_keep_types_and_numbers(con, tmp_path) -> None:
    pq.write_table(pa.table({"id": [7, 8]}), tmp_path / "a.parquet")
    assert read(con, tmp_path, "a.parquet") == [(7, "a.parquet", 1), (8, "a.parquet", 2)]


def test_json_lines_become_text_columns_and_bad_lines_are_kept(con, tmp_path) -> None:
    write_files(
        tmp_path, {"a.jsonl": '{"id": 1, "on": true}\nnot json\n\n{"id": 2, "x": {"y": 1}}\n[1]\n'}
    )
    assert read(con, tmp_path, "a.jsonl") == [
        ("1", "true", None, None, "a.jsonl", 1),
        ("2", None, '{"y":1}', "1", "a.jsonl", 3),
    ]
    assert [(row, content) for row, content, _ in unreadable(con)] == [(2, "not json"), (4, "[1]")]


def test_files_of_one_table_are_matched_by_column_name(con, tmp_path) -> None:
    write_files(tmp_path, {"t/a.csv": "id,name\n1,One\n", "t/b.csv": "name,id,extra\nTwo,2,x\n"})
    read_files(con, find_files(tmp_path, "t/*.csv"), "landed")
    rows = con.execute("select id, name, extra, _file from landed order by id").fetchall()
    assert rows == [("1", "One", None, "t/a.csv"), ("2", "Two", "x", "t/b.csv")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"id,na\x00me\n1,On\x00e\n2,Two\n"),
        (
            "a.jsonl",
            b'{"id": "1", "na\\u0000me": "On\\u0000e"}\n{"id": "2", "na\\u0000me": "Two"}\n',
        ),
    ],
)
def test_nul_characters_are_passed_over_and_named(con, tmp_path, name, content) -> None:
    """No text of PostgreSQL holds one: such a cell ended the run of a whole company."""
    write_files(tmp_path, {name: content})
    table = Table("x", "things", "", (Column("id", "text", ""), Column("name", "text", "")), ())
    notes = read_files(con, find_files(tmp_path, name), "landed", expected=table)
    found = con.execute("select id, name from landed order by id").fetchall()
    assert found == [("1", "One"), ("2", "Two")]
    assert notes == [f"{name}: NUL characters in 1 rows are passed over"]


@pytest.mark.parametrize(
    ("table", "extra", "guess"),
    [
        ("crm.contacts", "name", "full_name"),
        ("crm.accounts", "customer_since", "signed_at"),
        ("crm.accounts", "id", None),
        ("crm.accounts", "state", None),
        ("product.usage_metrics", "name", None),
        ("success.onboarding_steps", "start_date", "started_at"),
    ],
)
def test_a_column_looks_like_one_of_its_own_table_alone(contract, table, extra, guess) -> None:
    """The id of an account was said to look like its manager's, by another table's words."""
    of_table = contract.table(table)
    given = [name for name in of_table.required if name != guess]
    notes = " ".join(match_header([*given, extra], of_table).notes)
    assert (f"column {extra} " in notes) is (guess is not None)
    assert guess is None or f"looks like {guess}," in notes


def test_a_parquet_that_is_damaged_beyond_its_first_row_is_named(con, tmp_path) -> None:
    """Read a row at a time it looks whole; the load of all other tables would end with it."""
    rows = pa.table({"id": [str(number) for number in range(200_000)]})
    pq.write_table(rows, tmp_path / "a.parquet", compression="none", row_group_size=1000)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = b"\xff" * 4000
    (tmp_path / "a.parquet").write_bytes(bytes(content))
    with pytest.raises(FileProblem, match=r"a\.parquet: "):
        read_files(con, find_files(tmp_path, "a.parquet"), "landed")

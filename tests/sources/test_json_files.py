"""JSON: answers of systems, objects in objects, and how the text is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.json_files import read_records
from sources.landing import FileProblem, find_files
from sources.mapping import Reader, parse_mapping, run_mapping
from sources.reading import read_files
from tests.sources.conftest import write_files


def records(folder: Path, text: str) -> list[str]:
    """The records of one file."""
    [file] = find_files(write_files(folder, {"a.json": text}), "a.json")
    return read_records(file)[0]


@pytest.mark.parametrize("key", ["Id", "ID", "accountId", "AccountID", "Name"])
def test_a_record_with_a_list_is_one_record(tmp_path, key: str) -> None:
    """An account of Salesforce was read as its two contacts, and was lost."""
    text = f'{{"{key}": "001", "Contacts": [{{"Email": "a"}}, {{"Email": "b"}}]}}'
    assert len(records(tmp_path, text)) == 1
    assert '"001"' in records(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('{"data": [], "has_more": false}', 0),
        ('{"object": "list", "data": [], "url": "/v1/x"}', 0),
        ('{"tickets": [], "count": 0, "next_page": null}', 0),
        ('{"customer": "C-1", "tags": []}', 1),
        ('{"id": 1, "data": []}', 1),
        ('{"seats": [], "tags": []}', 1),
    ],
)
def test_a_page_without_records_is_no_record(tmp_path, text: str, number: int) -> None:
    assert len(records(tmp_path, text)) == number


def test_an_empty_page_beside_others_is_named_and_stops_nothing(con, tmp_path) -> None:
    """It was a row of its own, and would have been the end of the delivery."""
    files = {"p1.json": '{"data": [{"id": 1}]}', "p2.json": '{"data": [], "has_more": false}'}
    write_files(tmp_path, files)
    notes = read_files(con, find_files(tmp_path, "p*.json"), "landed")
    assert con.execute("select id from landed").fetchall() == [("1",)]
    assert notes == ["p2.json: holds no JSON object, one a line"]
    with pytest.raises(FileProblem, match=r"p2.json: holds no JSON object"):
        read_files(con, find_files(tmp_path, "p2.json"), "landed")


@pytest.mark.parametrize(
    ("codec", "name"), [("cp1252", "Windows-1252"), ("utf-16", "UTF-16"), ("utf-8", None)]
)
def test_json_that_is_not_utf_8_is_named(con, tmp_path, codec: str, name: str | None) -> None:
    write_files(tmp_path, {"a.json": '[{"id": 1, "name": "Müller"}]'.encode(codec)})
    notes = read_files(con, find_files(tmp_path, "a.json"), "landed")
    assert con.execute("select name from landed").fetchall() == [("Müller",)]
    assert notes == ([f"a.json: is not UTF-8 and is read as {name}"] if name else [])


def test_members_are_columns_only_where_a_mapping_names_them(con, tmp_path) -> None:
    """Each was a column: twice the time, and `*` gave the object and its members, so that the next
    delivery changed every row."""
    lines = '{"id": 1, "org": {"name": "One", "size": 5}, "by": {"name": "x"}}\nnot json\n'
    write_files(tmp_path, {"a.jsonl": lines})
    reader = Reader(con, tmp_path)
    found = {}
    for name, columns in {
        "one": '"Org.Name" as n, * exclude ("org.name")',
        "all": "*",
        "two": '"by.name" as n, "org.size", _file, _row',
    }.items():
        mapping = parse_mapping("x.sql", f'select {columns} from "a.jsonl"')
        delivery = reader.open_mapped(mapping)
        assert delivery is not None
        run_mapping(reader, delivery, "table")
        found[name] = con.execute("select * exclude (_file, _row, _n) from mapped").fetchall()
    assert found == {
        "one": [("One", '{"name":"x"}', "1", '{"name":"One","size":5}')],
        "all": [('{"name":"x"}', "1", '{"name":"One","size":5}')],
        "two": [("x", "5")],
    }
    assert con.execute("select count(*) from unreadable").fetchall() == [(1,)]

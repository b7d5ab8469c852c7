"""Dates are read one way round, on evidence, or not at all."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.dates import (
    FORMATS,
    NEW_UNREAD_VALUES,
    Evidence,
    Undecided,
    choose_format,
    parse_dates_directive,
    read_dates,
)
from sources.landing import FileProblem, find_files
from sources.reading import read_files
from tests.sources.conftest import write_files


def read_column(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    *contents: list[str],
    stated: str | None = None,
) -> list[datetime | None]:
    """The dates of files f0.csv, f1.csv … whose column `day` holds these texts."""
    files = {
        f"f{number}.csv": "id,day\n" + "".join(f"{place},{day}\n" for place, day in enumerate(days))
        for number, days in enumerate(contents)
    }
    write_files(folder, files)
    read_files(con, find_files(folder, "f*.csv"), "raw")
    con.execute(NEW_UNREAD_VALUES)
    read_dates(con, "raw", "dated", {"day": stated}, "state it: -- dates: COLUMN day-first")
    return [day for (day,) in con.execute("select day from dated order by _file, _row").fetchall()]


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        pytest.param(["2024-04-03", "2024-12-31"], moment(2024, 4, 3), id="ISO"),
        pytest.param(["2024-04-03T10:30:00+02:00"], moment(2024, 4, 3, 8, 30), id="ISO with zone"),
        pytest.param(["2024-04-03 10:30:00"], moment(2024, 4, 3, 10, 30), id="ISO with time"),
        pytest.param(["03/04/2024", "31/12/2024"], moment(2024, 4, 3), id="day-first"),
        pytest.param(
            ["3-4-2024 09:30", "31-12-2024 10:00"], moment(2024, 4, 3, 9, 30), id="dashes"
        ),
        pytest.param(["03/Apr/24 9:30 AM", "31/Dec/24"], moment(2024, 4, 3, 9, 30), id="Jira's"),
        pytest.param(["03.04.2024", "31.12.2024"], moment(2024, 4, 3), id="dots"),
        pytest.param(["03/04/2024", "12/31/2024"], moment(2024, 3, 4), id="month-first"),
        pytest.param(["03.04.24", "31.12.24"], moment(2024, 4, 3), id="two digits of a year"),
        pytest.param(["20240403", "20241231"], moment(2024, 4, 3), id="compact"),
        pytest.param(["45385", "45657.5"], moment(2024, 4, 3), id="a spreadsheet's number"),
        pytest.param(["1712102400.0"], moment(2024, 4, 3), id="seconds as a program's number"),
        pytest.param(["Wednesday 3rd April 2024"], moment(2024, 4, 3), id="weekday and ordinal"),
        pytest.param(["05/05/2024", "06/06/2024"], moment(2024, 5, 5), id="the same both ways"),
    ],
)
def test_a_column_is_read_in_the_format_that_fits_all_of_it(con, tmp_path, texts, first) -> None:
    days = read_column(con, tmp_path, texts)
    assert days[0] == first
    assert None not in days


def test_each_file_has_its_own_format(con, tmp_path) -> None:
    """Exports of one system mix formats between files, as RavenStack's second variant does."""
    days = read_column(con, tmp_path, ["2024-04-03"], ["03/04/2024", "31/12/2024"])
    assert days == [moment(2024, 4, 3), moment(2024, 4, 3), moment(2024, 12, 31)]


def test_a_column_that_reads_both_ways_is_refused_with_the_way_out(con, tmp_path) -> None:
    """Month-first swaps days and months of RavenStack's dates without a single error."""
    with pytest.raises(FileProblem) as refused:
        read_column(con, tmp_path, ["03/04/2024", "05/06/2024"])
    assert "f0.csv: column day can be read day-first and month-first" in str(refused.value)
    assert "03/04/2024" in str(refused.value)
    assert "-- dates: day day-first" in str(refused.value)


def test_a_stated_format_settles_it(con, tmp_path) -> None:
    days = read_column(con, tmp_path, ["03/04/2024", "05/06/2024"], stated="month-first")
    assert days == [moment(2024, 3, 4), moment(2024, 5, 6)]


def test_a_sparse_column_follows_its_neighbour_in_the_same_file(con, tmp_path) -> None:
    write_files(tmp_path, {"a.csv": "signed,closed\n31/12/2023,03/04/2024\n30/11/2023,\n"})
    read_files(con, find_files(tmp_path, "a.csv"), "raw")
    con.execute(NEW_UNREAD_VALUES)
    read_dates(con, "raw", "dated", {"signed": None, "closed": None}, "")
    assert con.execute("select closed from dated").fetchall() == [(moment(2024, 4, 3),), (None,)]


def test_a_column_that_mixes_formats_is_refused(con, tmp_path) -> None:
    """A spreadsheet that turned some dates round leaves such a mixture, and those are wrong."""
    with pytest.raises(FileProblem, match="mixes date formats"):
        read_column(con, tmp_path, ["2024-04-03"] * 6 + ["31/12/2024"] * 4)


def test_a_few_strangers_are_noted_not_guessed(con, tmp_path) -> None:
    texts = ["2024-04-03"] * 20 + ["31/12/2024", "soon", ""]
    days = read_column(con, tmp_path, texts)
    assert days[:20] == [moment(2024, 4, 3)] * 20
    assert days[20:] == [None, None, None]
    noted = con.execute("select _row, content, format from unread_values order by 1").fetchall()
    assert noted == [(21, "31/12/2024", "iso"), (22, "soon", "iso")]


def test_month_first_is_never_used_silently(con, tmp_path) -> None:
    write_files(tmp_path, {"a.csv": "day,x\n12/31/2024,\n"})
    read_files(con, find_files(tmp_path, "a.csv"), "raw")
    con.execute(NEW_UNREAD_VALUES)
    assert read_dates(con, "raw", "dated", {"day": None}, "") == [
        "a.csv: day is read month-first: only so all its dates exist"
    ]


def notes_on(con: duckdb.DuckDBPyConnection, folder: Path, *days: str) -> list[str]:
    write_files(folder, {"a.csv": "day,x\n" + "".join(f"{day},\n" for day in days)})
    read_files(con, find_files(folder, "a.csv"), "raw")
    con.execute(NEW_UNREAD_VALUES)
    return read_dates(con, "raw", "dated", {"day": None}, "state it: -- dates: COLUMN day-first")


def test_years_of_two_digits_are_never_read_without_a_note(con, tmp_path) -> None:
    """15/05/23 is a day of 2023, or where the year stands first, of 2015."""
    assert notes_on(con, tmp_path, "15/05/23", "09/11/22", "31/01/2024") == [
        "a.csv: day: years of two digits are read as the last number, 15/05/23 as 2023-05-15"
    ]
    assert notes_on(con, tmp_path, "12/31/23", "11/09/22") == [
        "a.csv: day is read month-first: only so all its dates exist",
        "a.csv: day: years of two digits are read as the last number, 12/31/23 as 2023-12-31",
    ]
    assert notes_on(con, tmp_path, "31/01/2024") == []


def test_years_of_two_digits_beside_a_named_month_are_named_or_refused(con, tmp_path) -> None:
    """24-Jan-31 was read as a day of 2031 without a word."""
    assert notes_on(con, tmp_path, "31-Jan-24", "24 Feb 2023") == [
        "a.csv: day: years of two digits are read as the last number, 31-Jan-24 as 2024-01-31"
    ]
    with pytest.raises(FileProblem, match=r"24-Jan-31 as 2031-01-24, years ahead"):
        notes_on(con, tmp_path, "24-Jan-31", "23-Nov-05")


def test_a_year_that_seems_to_stand_first_is_refused(con, tmp_path) -> None:
    """24/01/31 became a day of 2031."""
    days = ["24/01/31", "23/05/15", "22/11/09"]
    with pytest.raises(FileProblem) as refused:
        notes_on(con, tmp_path, *days)
    assert "24/01/31 as 2031-01-24, years ahead; if the year stands first, write it with four" in (
        str(refused.value)
    )
    assert "-- dates: day day-first" in str(refused.value)
    assert read_column(con, tmp_path, days, stated="day-first")[0] == moment(2031, 1, 24)


def test_renewals_years_ahead_are_read_where_the_year_cannot_stand_first(con, tmp_path) -> None:
    assert notes_on(con, tmp_path, "31/12/40", "30/11/39") == [
        "a.csv: day: years of two digits are read as the last number, 31/12/40 as 2040-12-31"
    ]


@settings(deadline=None)
@given(st.lists(st.dates(), min_size=1))
def test_evidence_never_chooses_a_reading_that_another_contradicts(days) -> None:
    """Whatever the dates: day-first text is read day-first, or refused, never the other way."""
    month_readable = sum(day.day <= 12 for day in days)
    differing = sum(day.day <= 12 and day.day != day.month for day in days)
    counts = dict.fromkeys(FORMATS, 0) | {
        "day-first": len(days),
        "month-first": month_readable,
    }
    choice = choose_format(Evidence(len(days), counts, differing))
    assert choice == "day-first" or (isinstance(choice, Undecided) and choice.is_tie)


def test_the_directive_names_columns_and_formats() -> None:
    assert parse_dates_directive("start, end day-first") == {"start": None, "end": "day-first"}
    with pytest.raises(ValueError, match="cannot read"):
        parse_dates_directive("start: day/month")

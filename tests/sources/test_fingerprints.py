"""A file is read again only when its size or its time says that it may have changed."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

from sources.fingerprints import combined, fingerprint
from sources.scoped_save import MOST_SPANS, Scope, spans_of


def test_a_file_of_the_same_size_and_time_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("one")
    os.utime(path, (1, 1))
    known = fingerprint(path)
    path.write_text("two")
    os.utime(path, (1, 1))
    assert fingerprint(path, known) == known
    os.utime(path, (2, 2))
    again = fingerprint(path, known)
    assert again.sha256 != known.sha256
    assert again.modified_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)


def test_names_and_texts_cannot_change_places() -> None:
    assert combined({"a": "bc"}) != combined({"ab": "c"})
    assert combined({"a": "1", "b": "2"}) == combined({"b": "2", "a": "1"})


def test_days_become_unbroken_spans() -> None:
    days = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2024, 5, 1)]
    assert spans_of(days) == (
        (date(2024, 2, 28), date(2024, 3, 1)),
        (date(2024, 5, 1), date(2024, 5, 1)),
    )
    scattered = [date(2000 + year, 1, 1) for year in range(MOST_SPANS + 1)]
    assert spans_of(scattered) == ((scattered[0], scattered[-1]),)


def test_an_open_scope_takes_every_row() -> None:
    assert Scope().where("old") == "true"
    assert Scope(spans=((None, None),)).where("old") == "(true)"
    assert (
        Scope(spans=((None, date(2024, 1, 1)),)).where("old")
        == "(old.usage_date <= date '2024-01-01')"
    )

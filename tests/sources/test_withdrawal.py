"""A wrong delivery is withdrawn: the tables are those of a company that never had it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sources import withdrawing
from sources.withdrawals import Delivered, delivered_files
from sources.withdrawing import WithdrawalRefused, find_delivered, withdraw
from tests.sources.conftest import ACCOUNTS, SUBSCRIPTIONS, Loader
from tests.sources.test_cases import CASES

COMPANY = {"crm.accounts.csv": ACCOUNTS, "billing.subscriptions.csv": SUBSCRIPTIONS}
CASE = CASES / "f39_wrong_delivery_cannot_be_withdrawn"
ANSWER = "response_id,account_id,survey_type,score,scale_min,scale_max,submitted_at\n"
JANUARY = ANSWER + "R-1,A-1,nps,9,0,10,2025-01-05\nR-2,A-2,nps,3,0,10,2025-01-06\n"
FEBRUARY = ANSWER + "R-3,A-1,nps,8,0,10,2025-02-05\n"
EVENTS = "account_id,user_id,feature,occurred_at\n"
FIRST = EVENTS + "A-1,u1,search,2026-01-05T10:00:00Z\nA-2,u2,export,2026-01-06T10:00:00Z\n"
SECOND = EVENTS + "A-1,u1,search,2026-01-05T12:00:00Z\nA-1,u3,search,2026-01-09T10:00:00Z\n"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (
    datetime(2026, 3, day, 6, tzinfo=UTC) for day in (2, 3, 4, 5)
)
TABLES = (
    "crm.accounts",
    "billing.subscriptions",
    "survey.responses",
    "product.account_days",
    "product.account_feature_days",
    "product.users_seen",
)


def named(loader: Loader, name: str, again: bool = False) -> Delivered | None:
    return find_delivered(delivered_files(loader.warehouse), name, None, again)


def take_back(loader: Loader, name: str, now: datetime = THURSDAY, again: bool = False) -> str:
    file = named(loader, name, again)
    assert file is not None, f"{name} is withdrawn already"
    return withdraw(loader.warehouse, loader.contract, file, loader.folder, now)


def held(loader: Loader) -> dict[str, list[str]]:
    """What holds of each table, and the load audit, without the times of loading."""
    contents = {
        table: [
            row
            for (row,) in loader.rows(
                f"select (to_jsonb(held) - '_recorded_at')::text from {table} as held "
                "where _superseded_at is null order by 1"
            )
        ]
        for table in TABLES
    }
    audit = loader.rows(
        "select system || source || table_name || rows_in || rows_loaded || rows_quarantined "
        "from tenure.loads where rows_in > 0 order by 1"
    )
    return {**contents, "audit": [row for (row,) in audit]}


def known(loader: Loader, table: str, moment: datetime) -> int:
    at = f"timestamptz '{moment.isoformat()}'"
    [(count,)] = loader.rows(
        f"select count(*) from {table} where _recorded_at <= {at} "
        f"and (_superseded_at is null or _superseded_at > {at})"
    )
    return count


@pytest.mark.parametrize("score", ["95", "10"])
@pytest.mark.parametrize("then", ["2-removed", "3-header-only", "4-empty"])
def test_a_wrong_file_is_taken_out_whatever_lies_in_its_place(
    loader: Loader, then: str, score: str
) -> None:
    """Its row stayed, and its check stopped every further run. A score off the scale is quarantined
    by now, which stops runs as well."""
    shutil.copytree(CASE / "1-wrong", loader.folder)
    wrong = (loader.folder / "survey.responses.csv").read_text()
    loader.deliver({"survey.responses.csv": wrong.replace("95", score)}, recorded_at=MONDAY)
    (loader.folder / "survey.responses.csv").unlink()
    shutil.copytree(CASE / then, loader.folder, dirs_exist_ok=True)
    loads = loader.deliver({}, recorded_at=TUESDAY)
    problems = loads["survey.responses"].problems
    assert score == "95" or then == "4-empty" or "tenure withdraw FILE" in problems[-1]
    said = take_back(loader, "survey.responses.csv")
    is_loaded = score == "10"
    assert ("survey.responses: 1 rows cease to hold" in said) == is_loaded
    assert known(loader, "survey.responses", WEDNESDAY) == is_loaded
    assert known(loader, "survey.responses", THURSDAY) == 0
    assert loader.rejections() == []


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ({}, {"survey.responses.csv": JANUARY}),
        ({"survey.responses.csv": JANUARY}, {"survey.responses.csv": FEBRUARY}),
        (
            {"survey.responses/1.csv": JANUARY},
            {"survey.responses/2.csv": FEBRUARY},
        ),
        ({}, {"crm.accounts.csv": ACCOUNTS.replace("A-2", "A-3")}),
        ({}, {"product.events/1.csv": FIRST}),
        ({"product.events/1.csv": FIRST}, {"product.events/2.csv": SECOND}),
    ],
    ids=["the first", "one that replaced", "one of several", "parents", "all events", "events"],
)
def test_what_holds_is_what_a_company_without_the_file_has(
    new_loader: Callable[[Path | None], Loader],
    tmp_path: Path,
    before: Mapping[str, str],
    wrong: Mapping[str, str],
) -> None:
    never = new_loader(tmp_path / "never")
    never.deliver({**COMPANY, **before})
    loader = new_loader(tmp_path / "delivery")
    loader.deliver({**COMPANY, **before}, recorded_at=MONDAY)
    loader.deliver(wrong, recorded_at=TUESDAY)
    with_it = held(loader)
    [name] = wrong
    take_back(loader, name)
    assert held(loader) == held(never) != with_it
    # the file still lies there
    loads = loader.deliver({}, recorded_at=THURSDAY + timedelta(days=1))
    assert held(loader) == held(never)
    [said] = [problem for problem in loads["crm.accounts"].problems if "withdrawn" in problem]
    assert said == f"{name}: was withdrawn on 2026-03-05 and is not read; a corrected file is"


def test_a_corrected_file_of_the_same_name_is_read(loader: Loader) -> None:
    loader.deliver({**COMPANY, "survey.responses.csv": JANUARY}, recorded_at=MONDAY)
    take_back(loader, "survey.responses.csv")
    loader.deliver({"survey.responses.csv": FEBRUARY}, recorded_at=THURSDAY + timedelta(days=1))
    assert loader.rows("select response_id from survey.responses where _superseded_at is null") == [
        ("R-3",)
    ]


def test_a_withdrawal_that_is_killed_is_ended_by_the_next_load_or_by_itself(
    new_loader: Callable[[Path | None], Loader], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for way in ("load", "again"):
        loader = new_loader(tmp_path / way)
        loader.deliver({**COMPANY, "survey.responses.csv": JANUARY}, recorded_at=MONDAY)
        with monkeypatch.context() as patch:
            patch.setattr(withdrawing, "load_tables", lambda *_: (_ for _ in ()).throw(SystemExit))
            with pytest.raises(SystemExit):
                take_back(loader, "survey.responses.csv")
        if way == "load":
            loader.deliver({}, recorded_at=THURSDAY)
        else:
            take_back(loader, "survey.responses.csv")
        assert known(loader, "survey.responses", THURSDAY) == 0


def test_a_file_is_withdrawn_once_unless_what_it_replaced_is_meant_too(loader: Loader) -> None:
    """A command repeated by mistake must not take the good delivery as well."""
    loader.deliver({**COMPANY, "survey.responses.csv": JANUARY}, recorded_at=MONDAY)
    loader.deliver({"survey.responses.csv": FEBRUARY}, recorded_at=TUESDAY)
    take_back(loader, "survey.responses.csv", WEDNESDAY)
    assert named(loader, "survey.responses.csv") is None
    assert known(loader, "survey.responses", WEDNESDAY) == 2
    take_back(loader, "survey.responses.csv", THURSDAY, again=True)
    assert known(loader, "survey.responses", THURSDAY) == 0
    assert named(loader, "survey.responses.csv", again=True) is None


def test_an_unknown_file_is_refused_with_a_guess(loader: Loader) -> None:
    loader.deliver(COMPANY)
    with pytest.raises(WithdrawalRefused, match=r"did you mean crm\.accounts\.csv"):
        named(loader, "crm.account.csv")


def test_a_withdrawn_table_is_no_shrunken_table(loader: Loader) -> None:
    loader.deliver({**COMPANY, "survey.responses.csv": JANUARY})
    loader.warehouse.execute(
        "insert into tenure.checks values "
        "('survey', 'responses', true, 1, 0, '[]', 2, now(), 'signature', '')"
    )
    take_back(loader, "survey.responses.csv")
    assert loader.rows("select accepted_row_count from tenure.checks") == [(None,)]

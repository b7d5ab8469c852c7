"""What passes for a leak, and what must not: one column at a time, nothing loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sources.leaks import LeakPolicy, read_leak_policy, stratified_auc, strongest_evidence

LIMIT = 0.9
ENOUGH = 30
MONTHS = 24

Value = str | None


def outcomes(accounts: int = 300, share: float = 0.2) -> pd.Series:
    """Whether each account has ended."""
    random = np.random.default_rng(7)
    names = [f"A-{number:04d}" for number in range(accounts)]
    return pd.Series(random.random(accounts) < share, index=names)


def one_row_each(ended: pd.Series, value: Callable[[bool, int], Value]) -> pd.DataFrame:
    """A table such as crm.accounts; `value` sees whether the account ended, and its number."""
    return pd.DataFrame(
        {
            "account_id": ended.index,
            "happened_at": pd.Timestamp("2024-01-01", tz="UTC"),
            "value": [value(bool(gone), number) for number, gone in enumerate(ended)],
        }
    ).astype({"value": object})


def monthly_rows(ended: pd.Series, value: Callable[[bool, int, int], Value]) -> pd.DataFrame:
    """A table such as billing.invoices: who has ended was billed until some month, others to the
    newest. `value` sees whether the account ended, the month, and the row's running number."""
    random = np.random.default_rng(8)
    last = np.where(ended, random.integers(3, MONTHS - 1, ended.size), MONTHS - 1)
    rows = [
        (account, month, bool(gone))
        for month in range(MONTHS)
        for account, gone, until in zip(ended.index, ended, last, strict=True)
        if month <= until
    ]
    frame = pd.DataFrame(
        {
            "account_id": [account for account, _, _ in rows],
            "happened_at": pd.Timestamp("2022-01-01", tz="UTC")
            + pd.to_timedelta([30 * month for _, month, _ in rows], unit="D"),
            "value": [value(gone, month, number) for number, (_, month, gone) in enumerate(rows)],
        }
    ).astype({"value": object})
    return frame.sort_values(["account_id", "happened_at"], ignore_index=True)


def told(rows: pd.DataFrame, ended: pd.Series) -> tuple[str, float]:
    evidence = strongest_evidence(rows, ended, ENOUGH)
    assert evidence is not None
    return evidence.how, evidence.auc


LEAKS: dict[str, tuple[str, Callable[[bool, int], Value]]] = {
    "a count": ("value", lambda gone, number: str(3 + number % 5 if gone else 0)),
    "a count that falls": ("value", lambda gone, number: str(0 if gone else 3 + number % 5)),
    "a code with no order": (
        "value",
        lambda gone, number: "5" if gone else str(4 + 2 * (number % 2)),
    ),
    "a word": ("value", lambda gone, number: "Offboarded" if gone else f"Stage {number % 4}"),
    "a flag": ("value", lambda gone, _: str(gone).lower()),
    "a date": (
        "value",
        lambda gone, number: f"{2022 if gone else 2024}-{1 + number % 12:02d}-0{1 + number % 9}",
    ),
    "filled only for the lost": (
        "presence",
        lambda gone, number: f"note {number}" if gone else None,
    ),
    "filled only for the others": ("presence", lambda gone, number: None if gone else f"{number}"),
    "a word for nothing": ("value", lambda gone, number: f"note {number}" if gone else "n/a"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_gives_the_outcome_away_is_caught(name: str) -> None:
    """Each is a form in which a CRM writes down that a customer has left."""
    how, value = LEAKS[name]
    ended = outcomes()
    found = told(one_row_each(ended, value), ended)
    assert found[0] == how
    assert found[1] > 0.99


def test_a_leak_with_exceptions_is_still_one() -> None:
    """People forget to fill in a form, and fill it in for a customer who then stays."""
    random = np.random.default_rng(9)
    ended = outcomes()
    rows = one_row_each(
        ended,
        lambda gone, _: str(random.integers(1, 6)) if gone ^ (random.random() < 0.06) else "0",
    )
    assert LIMIT < told(rows, ended)[1] < 0.99


HONEST: dict[str, Callable[[bool, int], Value]] = {
    "a constant": lambda _gone, _number: "yes",
    "a constant now and then": lambda _gone, number: "yes" if number % 3 else None,
    "a key": lambda _gone, number: f"SF-{number * 7919 % 1000:06d}",
    "a running number": lambda _gone, number: str(1000 + number),
    "a note each": lambda gone, number: f"{'left' if gone else 'is there'}, says mail {number}",
    "a region": lambda _gone, number: "NESW"[number % 4],
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_column_is_left_alone(name: str) -> None:
    """A key has a value of its own for each account: encoded by the account's own outcome it would
    be perfect."""
    ended = outcomes()
    assert told(one_row_each(ended, HONEST[name]), ended)[1] < 0.6


def test_a_good_signal_is_no_leak() -> None:
    """Honest signals reach 0.7 or 0.8: whoever throws these out has no model."""
    random = np.random.default_rng(10)
    ended = outcomes()
    rows = one_row_each(ended, lambda gone, _: f"{random.normal(1.1 if gone else 0):.4f}")
    assert 0.7 < told(rows, ended)[1] < LIMIT


HONEST_ROWS: dict[str, Callable[[bool, int, int], Value]] = {
    "a running number": lambda _gone, _month, number: str(number),
    "a time": lambda _gone, month, _number: f"2022-01-01T00:00:{month:02d}Z",
    "a column that began later": lambda _gone, month, _number: "x" if month > 12 else None,
    "a word of its time": lambda _gone, month, _number: f"price list {month // 6}",
    "a habit that spreads": lambda _gone, month, number: "x" if number % 60 < month else None,
    "a number that is mostly zero": lambda _gone, month, number: str(int(number % 60 < month)),
}


@pytest.mark.parametrize("name", HONEST_ROWS)
def test_rows_of_the_lost_are_older_and_that_is_no_leak(name: str) -> None:
    """Who left has no newest invoice, so all that grows with time would rank him."""
    ended = outcomes()
    assert told(monthly_rows(ended, HONEST_ROWS[name]), ended)[1] < 0.8


LEAKY_ROWS: dict[str, Callable[[bool, int, int], Value]] = {
    "a number": lambda gone, _month, number: str(number % 3 + (2 if gone else 0)),
    "a word": lambda gone, month, _number: "closed" if gone and month > 1 else "open",
    "filled only for the lost": lambda gone, _month, _number: "x" if gone else None,
}


@pytest.mark.parametrize("name", LEAKY_ROWS)
def test_a_leak_in_a_table_of_many_rows_is_caught(name: str) -> None:
    ended = outcomes()
    assert told(monthly_rows(ended, LEAKY_ROWS[name]), ended)[1] > LIMIT


def test_a_field_that_is_filled_in_on_the_last_row_alone_is_caught() -> None:
    """A reason to leave stands on the last subscription; those before it are like anybody's."""
    ended = outcomes()
    rows = monthly_rows(ended, lambda _gone, _month, _number: None)
    is_last = ~rows["account_id"].duplicated(keep="last")
    rows.loc[is_last & ended.reindex(rows["account_id"]).to_numpy(), "value"] = "too dear"
    assert told(rows, ended) == ("presence", 1.0)


@pytest.mark.parametrize("share", [0.05, 0.95], ids=["few have ended", "few are left"])
def test_a_handful_of_accounts_is_no_evidence(share: float) -> None:
    """Among five accounts a coin ranks perfectly now and then."""
    ended = outcomes(100, share)
    rows = one_row_each(ended, lambda gone, _: str(int(gone)))
    assert strongest_evidence(rows, ended, ENOUGH) is None


def test_accounts_that_were_never_customers_do_not_count() -> None:
    """A prospect has not stayed: nothing was sold to him."""
    ended = outcomes()
    rows = one_row_each(ended, lambda gone, _: str(int(gone)))
    prospects = rows.assign(account_id=rows["account_id"] + "-prospect", value="0")
    evidence = strongest_evidence(pd.concat([rows, prospects]), ended, ENOUGH)
    assert evidence is not None
    assert (evidence.accounts, evidence.ended_accounts) == (ended.size, ended.sum())
    assert strongest_evidence(prospects, ended, ENOUGH) is None


def test_ties_count_half_and_only_rows_of_one_time_are_compared() -> None:
    """A column that says the same of everybody must not rank by the order of its rows."""

    def of(score: list[float], period: list[int]) -> float:
        frame = pd.DataFrame({"period": period, "ended": [1, 0, 1, 0], "score": score})
        return stratified_auc(frame)

    assert of([0, 0, 0, 0], [1, 1, 1, 1]) == 0.5
    assert of([1, 0, 1, 1], [1, 1, 1, 1]) == 0.75
    assert of([1, 0, 11, 10], [1, 1, 2, 2]) == 1
    assert np.isnan(of([1, 0, 1, 0], [1, 2, 3, 4]))


@pytest.mark.parametrize(
    "content",
    [
        "single_feature_auc_limit,minimum_ended_accounts\n",
        "single_feature_auc_limit,minimum_ended_accounts\n0.5,30\n",
        "single_feature_auc_limit,minimum_ended_accounts\n0.9,0\n",
    ],
    ids=["no row", "a limit that all reach", "no account"],
)
def test_a_policy_without_sense_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "leak_policy.csv"
    file.write_text(content)
    with pytest.raises(ValueError, match="leak_policy"):
        read_leak_policy(file)


def test_ingestion_reads_the_seed_that_dbt_loads() -> None:
    """dbt loads seeds later: the file is where the one number stands."""
    assert read_leak_policy() == LeakPolicy(LIMIT, ENOUGH)

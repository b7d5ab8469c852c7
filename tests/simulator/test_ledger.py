"""The ledger of MRR movements: every cent has one, and it is the right one."""

from datetime import date

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.calendar import FAR, Calendar, to_day
from simulator.life.contracts import CLOSED, EXPANDED, OPENED, PAUSED, RESUMED, Changes
from simulator.truth.ledger import MOVEMENTS, mrr_movements

CALENDAR = Calendar(to_day(date(2026, 1, 10)), to_day(date(2026, 6, 20)))
# Account, product, day, kind and MRR of a change of terms.
Change = tuple[int, int, int, int, int]


def day(month: int, day_of_month: int) -> int:
    return to_day(date(2026, month, day_of_month))


def log_of(*changes: Change) -> Changes:
    """A change log as the contract book keeps it."""
    account, product, days, kind, mrr = np.array(sorted(changes)).T
    is_followed = (account[1:] == account[:-1]) & (product[1:] == product[:-1])
    return Changes(
        account=account,
        product=product,
        day=days,
        kind=kind,
        quantity=np.ones(len(account)),
        mrr_cents=mrr,
        renewal_day=np.full(len(account), FAR),
        until=np.append(np.where(is_followed, days[1:], FAR), FAR),
    )


def movements(*changes: Change, accounts: int = 2) -> pd.DataFrame:
    return mrr_movements(log_of(*changes), np.zeros(accounts, dtype=int), CALENDAR).to_pandas()


def story(frame: pd.DataFrame, account: str = "acct_000001") -> list[tuple[int, dict[str, int]]]:
    """The months of an account, and what moved in each."""
    return [
        (
            row.month.month,
            {name: moved for name in MOVEMENTS if (moved := getattr(row, f"{name}_cents"))},
        )
        for row in frame[frame["account_id"] == account].itertuples()
    ]


def test_a_pause_is_a_contraction_and_its_end_an_expansion() -> None:
    """A customer on pause has not left: its churn would be counted, and then taken back."""
    found = movements(
        (0, 0, day(1, 10), OPENED, 500),
        (0, 0, day(2, 15), PAUSED, 0),
        (0, 0, day(4, 20), RESUMED, 600),
    )
    assert story(found) == [
        (1, {"new": 500}),
        (2, {"contraction": -500}),
        (4, {"expansion": 600}),
        (5, {}),
        (6, {}),
    ]


def test_a_gap_is_churn_and_then_a_reactivation() -> None:
    found = movements(
        (0, 0, day(1, 10), OPENED, 500),
        (0, 0, day(2, 15), CLOSED, 0),
        (0, 0, day(4, 20), OPENED, 300),
        (0, 0, day(6, 10), CLOSED, 0),
    )
    assert story(found) == [
        (1, {"new": 500}),
        (2, {"churn": -500}),
        (4, {"reactivation": 300}),
        (5, {}),
        (6, {"churn": -300}),
    ]


def test_who_leaves_during_a_pause_has_nothing_left_to_lose_and_comes_back_all_the_same() -> None:
    found = movements(
        (0, 0, day(1, 10), OPENED, 500),
        (0, 0, day(2, 15), PAUSED, 0),
        (0, 0, day(3, 15), CLOSED, 0),
        (0, 0, day(5, 20), OPENED, 700),
    )
    assert story(found) == [
        (1, {"new": 500}),
        (2, {"contraction": -500}),
        (5, {"reactivation": 700}),
        (6, {}),
    ]


def test_the_products_of_an_account_net_and_what_ends_within_the_month_moves_nothing() -> None:
    found = movements(
        (0, 0, day(1, 10), OPENED, 500),
        (0, 1, day(1, 10), OPENED, 100),
        (0, 0, day(2, 3), EXPANDED, 540),
        (0, 1, day(2, 20), CLOSED, 0),
        (1, 0, day(3, 5), OPENED, 900),
        (1, 0, day(3, 25), CLOSED, 0),
    )
    assert story(found)[:2] == [(1, {"new": 600}), (2, {"contraction": -60})]
    assert story(found, "acct_000002") == []


def test_a_customer_taken_over_on_the_first_of_a_month_is_new_in_the_month_before() -> None:
    """Every cent has a movement: the book that a company starts with as well."""
    calendar = Calendar(day(2, 1), day(3, 1))
    found = mrr_movements(log_of((0, 0, day(2, 1), OPENED, 500)), np.zeros(1, dtype=int), calendar)
    assert story(found.to_pandas()) == [(1, {"new": 500}), (2, {})]


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Of two accounts with two products each: any kinds in any order that a book could keep."""
    changes: list[Change] = []
    for account, product in ((0, 0), (0, 1), (1, 0), (1, 1)):
        days = draw(st.lists(st.integers(CALENDAR.start, CALENDAR.end), max_size=8, unique=True))
        kinds = draw(
            st.lists(
                st.sampled_from([EXPANDED, CLOSED, PAUSED]), min_size=len(days), max_size=len(days)
            )
        )
        for on, kind in zip(sorted(days), kinds, strict=True):
            mrr = draw(st.integers(1, 10**9)) if kind == EXPANDED else 0
            changes.append((account, product, on, kind, mrr))
    return changes or [(0, 0, CALENDAR.start, OPENED, 1)]


def terms_on(changes: list[Change], account: int, on: int) -> list[Change]:
    """What holds for each product on a day, read change by change."""
    newest: dict[int, Change] = {}
    for change in sorted(changes):
        if change[0] == account and change[2] <= on:
            newest[change[1]] = change
    return [change for change in newest.values() if change[3] != CLOSED]


@settings(max_examples=200, deadline=None)
@given(histories())
def test_any_log_is_explained_to_the_cent_by_one_movement_a_month(changes: list[Change]) -> None:
    """A cent without a movement, or with two, is revenue that nobody can explain."""
    frame = movements(*changes)
    first = pd.Timestamp(min(change[2] for change in changes) - 1, unit="D").replace(day=1)
    days = [to_day(at.date()) for at in pd.date_range(first, date(2026, 6, 20), freq="MS")]
    found = {(row.account_id, to_day(row.month)): row for row in frame.itertuples()}
    for account, name in enumerate(("acct_000001", "acct_000002")):
        for opens, closes in zip(days, [*days[1:], CALENDAR.end], strict=True):
            before, after = (terms_on(changes, account, on) for on in (opens, closes))
            opening, closing = (sum(change[4] for change in terms) for terms in (before, after))
            row = found.pop((name, opens), None)
            if row is None:
                assert opening == closing == 0
                continue
            moved = {name: getattr(row, f"{name}_cents") for name in MOVEMENTS}
            assert (row.opening_mrr_cents, row.closing_mrr_cents) == (opening, closing)
            assert sum(moved.values()) == closing - opening
            assert sum(amount != 0 for amount in moved.values()) == (opening != closing)
            assert max(moved["churn"], moved["contraction"]) <= 0
            assert (moved["churn"] < 0) == (opening > 0 and not after)
    assert not found

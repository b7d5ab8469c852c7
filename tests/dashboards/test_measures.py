"""The arithmetic behind the pages, on frames small enough to check by hand."""

import math
from datetime import date

import pandas as pd
import pytest

from dashboards import measures, wording
from dashboards.trust import Retention


def account(account_id: str, **values: object) -> dict[str, object]:
    """One row of `customer_health`, healthy unless said otherwise."""
    usual = {
        "account_id": account_id,
        "account_name": f"Account {account_id}",
        "segment": "smb",
        "csm_name": "Ada Osei",
        "tier": "Good",
        "colour": "green",
        "health_score": 80.0,
        "mrr": 100.0,
        "mrr_at_risk": 10.0,
        "renewal_date": pd.Timestamp("2026-05-01"),
    }
    return usual | values


def test_the_book_that_was_there_already_is_no_movement() -> None:
    months = pd.DataFrame({"month": pd.date_range("2025-01-01", periods=5, freq="MS")})
    shown, opening = measures.ledger(months.assign(net=[10.0, 300.0, 40.0, -20.0, 500.0]))
    assert list(opening["net"]) == [10, 300]
    assert list(shown["net"]) == [40, -20, 500]
    assert wording.opening_book(opening, "USD") == (
        " Left out: January 2025 to February 2025, when the book opened with $310."
    )


def test_a_company_that_doubles_each_month_keeps_its_months() -> None:
    months = pd.DataFrame({"month": pd.date_range("2025-01-01", periods=3, freq="MS")})
    shown, opening = measures.ledger(months.assign(net=[1.0, 2.0, 10.0]))
    assert (len(shown), len(opening)) == (3, 0)
    assert wording.opening_book(opening, "USD") == ""


def test_mrr_of_a_grey_account_may_be_red() -> None:
    """RavenStack: all tiers Unknown, which does not make its red MRR zero."""
    grey = pd.DataFrame([account("a", tier="Unknown", colour="grey", health_score=None)])
    assert measures.red_mrr(grey) is None
    assert measures.red_mrr(pd.DataFrame([account("b")])) == 0
    assert math.isnan(measures.risk_by(grey, "segment")["red_mrr"].iloc[0])


def test_retention_that_is_not_shown_gives_its_reason_in_the_place_of_a_period() -> None:
    assert wording.retention_period(None) == "no closed period yet"
    shown = Retention("12 months to 1 Jan 2026", 40, churned_accounts=3, nrr=1.1)
    assert wording.retention_period(shown) == "12 months to 1 Jan 2026"
    assert wording.accounts_lost(shown) == "3 of 40 accounts"
    reason = "no account paid on 1 Jan 2025"
    hidden = Retention("12 months to 1 Jan 2026", 0, reason_not_shown=reason)
    assert wording.retention_period(hidden) == wording.accounts_lost(hidden) == reason


def test_a_sum_of_nothing_known_is_unknown_and_not_zero() -> None:
    assert measures.known_sum(pd.Series([None, None], dtype="float64")) is None
    assert measures.known_sum(pd.Series([None, 2.0])) == 2.0


def test_tiers_are_listed_best_first_and_their_shares_sum_to_one() -> None:
    tiers = measures.tiers_now(
        pd.DataFrame(
            [
                account("a", tier="Critical", colour="red", health_score=20.0, mrr=300.0),
                account("b", tier="Unknown", colour="grey", health_score=None),
                account("c", tier="Good", health_score=75.0),
                account("d", tier="Excellent", health_score=95.0),
            ]
        )
    )
    assert list(tiers["tier"]) == ["Excellent", "Good", "Critical", "Unknown"]
    assert tiers["account_share"].sum() == pytest.approx(1)
    assert list(tiers["mrr_share"]) == pytest.approx([1 / 6, 1 / 6, 1 / 2, 1 / 6])


def test_a_week_of_partly_unknown_mrr_has_no_shares() -> None:
    weekly = pd.DataFrame(
        [
            ("2026-01-04", "smb", "Good", "green", 3, 30.0, 0),
            ("2026-01-04", "enterprise", "Good", "green", 2, 5.0, 1),
            ("2026-01-11", "smb", "Good", "green", 3, 30.0, 0),
            ("2026-01-11", "smb", "Critical", "red", 1, 10.0, 0),
        ],
        columns=[
            *("snapshot_date", "segment", "tier", "colour", "accounts", "mrr"),
            "accounts_without_mrr",
        ],
    )
    history = measures.tiers_over_time(weekly)
    shares = measures.tier_shares(history, "mrr")
    assert list(shares.index) == ["2026-01-11"]
    assert shares.loc["2026-01-11", ("Critical", "red")] == 0.25
    assert list(measures.total_over_time(history, "mrr")) == [40.0]
    assert list(measures.tier_shares(history, "accounts").index) == ["2026-01-04", "2026-01-11"]


def test_risk_of_an_unscored_group_is_unknown_while_its_red_mrr_is_known() -> None:
    groups = measures.risk_by(
        pd.DataFrame(
            [
                account("a", segment="smb", mrr_at_risk=None),
                account("b", segment="enterprise", colour="red", mrr=50.0),
                account("c", segment=None),
            ]
        ),
        "segment",
    ).set_index("group")
    assert math.isnan(groups.loc["smb", "mrr_at_risk"])
    assert groups.loc["smb", "red_mrr"] == 0
    assert groups.loc["enterprise", "red_mrr"] == 50
    assert groups.loc["Unknown", "accounts"] == 1


def test_filters_are_joined_and_a_search_is_plain_text() -> None:
    accounts = pd.DataFrame(
        [
            account("a1", account_name="Aldermere (UK) Ltd"),
            account("a2", segment="enterprise"),
            account("a3", csm_name=None),
        ]
    )

    def found(tiers=(), segments=(), csms=(), search="") -> list[str]:
        shown = measures.filter_accounts(accounts, list(tiers), list(segments), list(csms), search)
        return list(shown["account_id"])

    assert found() == ["a1", "a2", "a3"]
    assert found(segments=["smb"], csms=["Ada Osei"]) == ["a1"]
    assert found(search=" (uk) ") == ["a1"]
    assert found(search="A3") == ["a3"]
    assert found(tiers=["Critical"]) == []


def test_unknowns_come_last_and_ties_go_by_mrr() -> None:
    accounts = pd.DataFrame(
        [
            account("a", priority=4, health_score=70.0),
            account("b", priority=3, mrr=10.0),
            account("c", priority=2, mrr=20.0),
            account("d", priority=1, health_score=None, renewal_date=pd.NaT),
        ]
    )
    assert list(measures.rank_accounts(accounts, "priority")["account_id"]) == ["d", "c", "b", "a"]
    assert list(measures.rank_accounts(accounts, "health")["account_id"]) == ["a", "c", "b", "d"]
    assert list(measures.rank_accounts(accounts, "health")["account_id"])[-1] == "d"
    assert list(measures.rank_accounts(accounts, "renewal")["account_id"])[-1] == "d"


def cohorts() -> pd.DataFrame:
    """Two quarters: the older one known for two months, the younger for one."""
    return pd.DataFrame(
        [
            ("2025-01-01", 0, 30, 1.0),
            ("2025-01-01", 1, 30, 0.9),
            ("2025-04-01", 0, 10, 1.0),
            ("2025-04-01", 1, 10, None),
            ("2025-07-01", 0, 5, None),
            ("2025-07-01", 1, 5, None),
        ],
        columns=["signup_quarter", "months_since", "accounts", "logo_retention"],
    )


def test_a_cell_of_the_future_stays_empty_and_an_unknown_quarter_takes_no_row() -> None:
    matrix = measures.cohort_matrix(cohorts(), "logo_retention")
    assert list(matrix.index) == ["2025-01-01", "2025-04-01"]
    assert math.isnan(matrix.loc["2025-04-01", 1])


def test_average_retention_counts_only_quarters_that_are_old_enough() -> None:
    assert measures.retained_after(cohorts(), 1, "logo_retention") == (0.9, 30)
    assert measures.retained_after(cohorts(), 0, "logo_retention") == (1.0, 40)
    assert measures.retained_after(cohorts(), 12, "logo_retention") == (None, 0)


def test_a_day_that_has_passed_is_not_ahead() -> None:
    """The as-of date may lie months back: a renewal after it need not be in the future."""
    due = pd.Timestamp("2026-05-01")
    assert wording.renewal(due, date(2026, 4, 21)) == "renews 1 May 2026 (in 10 days)"
    assert wording.renewal(due, date(2026, 5, 3)) == "renewal was due 1 May 2026 (2 days ago)"
    assert wording.renewal(due, date(2026, 4, 30)) == "renews 1 May 2026 (in 1 day)"
    assert wording.renewal(due, date(2026, 5, 2)) == "renewal was due 1 May 2026 (1 day ago)"
    assert wording.renewal(pd.NaT, date(2026, 5, 3)) == "renewal date unknown"
    as_of = pd.Timestamp("2026-03-31")
    window = wording.renewal_window("$1K", as_of, 90, date(2026, 11, 27))
    assert window == "$1K MRR, from 31 Mar 2026 to 29 Jun 2026, which has passed"

"""Drivers are exact, and speak the scorecards' language."""

import numpy as np
import pytest

from ml.serving.explain import Signal, account_drivers, amount, contradicts, words
from ml.targets.churn import TARGET as CHURN


def test_contributions_sum_to_the_models_log_odds(company, trained) -> None:
    total = trained.model.contributions(company.latest).sum(axis=1)
    assert np.abs(total - trained.model.margins(company.latest)).max() < 1e-9


def test_features_that_share_a_label_are_one_driver_with_their_sum(company, trained) -> None:
    free = company.signals.assign(risk_when="either")
    seed = free.assign(label=free["label"].replace("Tickets", "Active users"))
    rows = company.latest
    contributions = trained.model.contributions(rows)
    features = list(trained.model.features)
    expected = (
        contributions[:, features.index("usage")] + contributions[:, features.index("tickets")]
    )
    for row, drivers in enumerate(account_drivers(trained.model, rows, seed, 10, CHURN)):
        labels = [driver["label"] for driver in drivers]
        assert len(labels) == len(set(labels))
        together = next(d for d in drivers if d["label"] == "Active users")
        assert together["contribution"] == pytest.approx(expected[row], abs=1e-6)


def test_reasons_come_first_then_size_then_what_is_not_known(company, trained) -> None:
    seed = company.signals.replace({"risk_when": {"either": "neither"}})
    for row, drivers in enumerate(account_drivers(trained.model, company.latest, seed, 10, CHURN)):
        order = []
        for driver in drivers:
            assert driver["words"].startswith("in its favour: ") == (
                driver["direction"] == "lowers"
            )
            assert (driver["contribution"] > 0) == (driver["direction"] == "raises")
            unknown = np.isnan(company.latest[driver["signal"]].iloc[row])
            kind = 2 if unknown else 1 if driver["signal"].startswith("noise") else 0
            order.append((driver["direction"] == "lowers", kind, -abs(driver["contribution"])))
        assert order == sorted(order)


def test_only_as_many_drivers_are_given_as_people_want(company, trained) -> None:
    every = account_drivers(trained.model, company.latest, company.signals, 10, CHURN)
    first = account_drivers(trained.model, company.latest, company.signals, 2, CHURN)
    assert first == [drivers[:2] for drivers in every]


def test_good_news_is_never_given_as_what_raises_the_risk(company, trained) -> None:
    good = {"many active users", "few tickets", "seats well used"}
    bad = {"few active users", "many tickets", "seats mostly unused"}
    found = {"raises": set(), "lowers": set()}
    for drivers in account_drivers(trained.model, company.latest, company.signals, 10, CHURN):
        for driver in drivers:
            phrase = driver["words"].removeprefix("in its favour: ").split(" (")[0]
            found[driver["direction"]].add(phrase)
    assert found["raises"] >= bad and not found["raises"] & good
    assert found["lowers"] >= good and not found["lowers"] & bad


def test_more_of_a_good_thing_never_raises_the_risk(company, trained) -> None:
    """What no phrase can mend: unbound trees find islands where use is dangerous."""
    for signal, trend in {"usage": -1, "share": -1, "tickets": 1}.items():
        grid = np.unique(company.snapshots[signal].dropna().quantile(np.linspace(0, 1, 20)))
        risks = np.array(
            [trained.model.margins(company.latest.assign(**{signal: value})) for value in grid]
        )
        assert np.ptp(risks, axis=0).max() > 0
        assert (trend * np.diff(risks, axis=0)).min() >= -1e-9


def test_an_account_in_trouble_is_found_its_true_causes(company, trained) -> None:
    troubled = company.latest.iloc[:1].assign(usage=0.0, tickets=6.0, share=0.02)
    drivers = account_drivers(trained.model, troubled, company.signals, 3, CHURN)[0]
    found = {driver["words"] for driver in drivers}
    assert "few active users (0 users)" in found
    assert "many tickets (6 tickets)" in found or "seats mostly unused (2 %)" in found


def test_an_unknown_value_is_called_unknown(company, trained) -> None:
    silent = company.latest.iloc[:1].assign(usage=np.nan, share=np.nan)
    drivers = account_drivers(trained.model, silent, company.signals, 10, CHURN)[0]
    found = {driver["signal"]: driver["words"] for driver in drivers}
    assert found["usage"].removeprefix("in its favour: ") == "active users not known"


def test_nobody_to_explain_is_no_error(company, trained) -> None:
    assert account_drivers(trained.model, company.latest.iloc[:0], company.signals, 3, CHURN) == []


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.12, "share", "12 %"),
        (-0.384, "change", "-38 %"),
        (0.05, "change", "+5 %"),
        (1.84, "multiple", "1.8×"),
        (1, "tickets", "1 ticket"),
        (1, "people", "1 person"),
        (1234, "events", "1,234 events"),
        (2.5, "hours", "2.5 hours"),
        (12_000, "money", "12,000"),
        (2_400_000, "bytes", "2.4 MB"),
        (0.0341, "events per unit of MRR", "0.034 events per unit of MRR"),
        (0.00003, "events", "0.00003 events"),
        (1, "events per unit of MRR", "1 event per unit of MRR"),
        (0.004, "share", "0.4 %"),
        (0.04, "multiple", "0.04×"),
        (9.96, "hours", "10 hours"),
        (0, "bytes", "0 bytes"),
        (3, "", "3"),
    ],
)
def test_amounts_read_like_a_person_wrote_them(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("unit", "value", "median", "mean", "found"),
    [
        ("tickets", 0, 0, 0.4, "low (0 tickets)"),
        ("tickets", 1, 0, 0.4, "high (1 ticket)"),
        ("yes/no", 1, 1, 0.9, "high"),
        ("yes/no", 0, 1, 0.9, "low"),
        ("change", 0.05, 0.2, 0.2, "high (+5 %)"),
        ("change", -0.05, -0.2, -0.2, "low (-5 %)"),
        ("change", 0.001, -0.2, -0.2, "no API calls"),
        ("calls", float("nan"), 1, 1, "API calls not known"),
    ],
    ids=[
        "no ticket like most",
        "one ticket where most have none",
        "a sponsor like most",
        "no sponsor where most have one",
        "growth below the usual is still growth",
        "a fall smaller than the usual is still a fall",
        "a change that rounds to nothing is none",
        "an acronym stays one",
    ],
)
def test_low_and_high_are_what_a_reader_takes_them_for(unit, value, median, mean, found) -> None:
    signal = Signal("s", "API calls", "low", "high", unit, "either")
    assert words(signal, value, median, mean) == found


@pytest.mark.parametrize(
    ("months", "found"), [(1, "billed every month"), (3, "billed every 3 months")]
)
def test_an_amount_may_stand_inside_its_phrase(months: int, found: str) -> None:
    phrase = "billed every {amount}"
    signal = Signal("s", "Months between invoices", phrase, phrase, "months", "either")
    assert words(signal, months, 3, 4) == found


@pytest.mark.parametrize(
    ("risk_when", "value", "raises", "expected"),
    [
        ("high", 2.0, True, True),
        ("high", 2.0, False, False),
        ("high", 4.0, True, False),
        ("high", 4.0, False, True),
        ("low", 2.0, True, False),
        ("low", 4.0, True, True),
        ("either", 4.0, True, False),
        ("neither", 4.0, True, False),
        ("high", float("nan"), True, False),
    ],
    ids=[
        "quick answers are no reason to worry",
        "quick answers are in its favour",
        "slow answers are a reason to worry",
        "slow answers are not in its favour",
        "little use is a reason to worry",
        "much use is no reason to worry",
        "a renewal may be a risk soon or far away",
        "size has no good side",
        "what is not known has no side",
    ],
)
def test_a_phrase_that_says_the_opposite_is_not_found(risk_when, value, raises, expected) -> None:
    signal = Signal("s", "S", "low", "high", "hours", risk_when)
    assert contradicts(signal, value, 3.0, 3.0, raises) is expected


def test_a_feature_that_left_the_seed_is_found_by_its_name(company, trained) -> None:
    without = company.signals[company.signals["signal"] != "usage"]
    drivers = account_drivers(trained.model, company.latest.iloc[:1], without, 10, CHURN)[0]
    assert any(driver["label"] == "usage" for driver in drivers)

"""Drivers are exact, and speak the scorecards' language."""

import numpy as np
import pytest

from ml.churn.explain import Signal, account_drivers, amount, words


def test_contributions_sum_to_the_models_log_odds(company, trained) -> None:
    total = trained.model.contributions(company.latest).sum(axis=1)
    assert np.abs(total - trained.model.margins(company.latest)).max() < 1e-9


def test_features_that_share_a_label_are_one_driver_with_their_sum(company, trained) -> None:
    seed = company.signals.assign(label=company.signals["label"].replace("Tickets", "Active users"))
    rows = company.latest
    contributions = trained.model.contributions(rows)
    features = list(trained.model.features)
    expected = (
        contributions[:, features.index("usage")] + contributions[:, features.index("tickets")]
    )
    for row, drivers in enumerate(account_drivers(trained.model, rows, seed, 10)):
        labels = [driver["label"] for driver in drivers]
        assert len(labels) == len(set(labels))
        together = next(d for d in drivers if d["label"] == "Active users")
        assert together["contribution"] == pytest.approx(expected[row], abs=1e-6)


def test_what_raises_the_risk_comes_first_and_strongest_first(company, trained) -> None:
    for drivers in account_drivers(trained.model, company.latest, company.signals, 3):
        assert len(drivers) == 3
        raising = [d["contribution"] for d in drivers if d["direction"] == "raises"]
        lowering = [d["contribution"] for d in drivers if d["direction"] == "lowers"]
        assert [d["direction"] for d in drivers] == ["raises"] * len(raising) + ["lowers"] * len(
            lowering
        )
        assert raising == sorted(raising, reverse=True) and all(c > 0 for c in raising)
        assert lowering == sorted(lowering) and all(c < 0 for c in lowering)
        assert all(
            d["words"].startswith("in its favour: ") == (d["direction"] == "lowers")
            for d in drivers
        )


def test_an_account_in_trouble_is_told_its_true_causes(company, trained) -> None:
    troubled = company.latest.iloc[:1].assign(usage=0.0, tickets=6.0, share=0.02)
    drivers = account_drivers(trained.model, troubled, company.signals, 3)[0]
    told = {driver["words"] for driver in drivers}
    assert "few active users (0 users)" in told
    assert "many tickets (6 tickets)" in told or "seats mostly unused (2 %)" in told


def test_an_unknown_value_is_called_unknown(company, trained) -> None:
    silent = company.latest.iloc[:1].assign(usage=np.nan, share=np.nan)
    drivers = account_drivers(trained.model, silent, company.signals, 10)[0]
    told = {driver["signal"]: driver["words"] for driver in drivers}
    assert told["usage"].removeprefix("in its favour: ") == "Active users: unknown"


def test_nobody_to_explain_is_no_error(company, trained) -> None:
    assert account_drivers(trained.model, company.latest.iloc[:0], company.signals, 3) == []


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
        (2_400_000, "bytes", "2 MB"),
        (0, "bytes", "0 bytes"),
        (3, "", "3"),
    ],
)
def test_amounts_read_like_a_person_wrote_them(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("unit", "value", "median", "mean", "told"),
    [
        ("tickets", 0, 0, 0.4, "low (0 tickets)"),
        ("tickets", 1, 0, 0.4, "high (1 ticket)"),
        ("yes/no", 1, 1, 0.9, "high"),
        ("yes/no", 0, 1, 0.9, "low"),
        ("change", 0.05, 0.2, 0.2, "high (+5 %)"),
        ("change", -0.05, -0.2, -0.2, "low (-5 %)"),
    ],
    ids=[
        "no ticket like most",
        "one ticket where most have none",
        "a sponsor like most",
        "no sponsor where most have one",
        "growth below the usual is still growth",
        "a fall smaller than the usual is still a fall",
    ],
)
def test_low_and_high_are_what_a_reader_takes_them_for(unit, value, median, mean, told) -> None:
    assert words(Signal("s", "S", "low", "high", unit), value, median, mean) == told


def test_a_feature_that_left_the_seed_is_told_by_its_name(company, trained) -> None:
    without = company.signals[company.signals["signal"] != "usage"]
    drivers = account_drivers(trained.model, company.latest.iloc[:1], without, 10)[0]
    assert any(driver["label"] == "usage" for driver in drivers)

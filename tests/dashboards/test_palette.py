"""Colours that carry meaning, as people with and without all three cones see them."""

from itertools import combinations

import numpy as np
import pytest

from dashboards.palette import HEALTH, MOVEMENTS, look, tier_fills

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "all cones": np.eye(3),
    "no red cones": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green cones": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(colour: str, sight: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(sight @ linear(colour), 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast_on_white(colour: str) -> float:
    return 1.05 / (float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour)) + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("one", "other"), list(combinations(HEALTH, 2)))
def test_health_colours_stay_apart_for_every_eye(one: str, other: str, sight: str) -> None:
    distance = np.linalg.norm(
        lab(HEALTH[one].fill, SIGHT[sight]) - lab(HEALTH[other].fill, SIGHT[sight])
    )
    assert distance > 18


@pytest.mark.parametrize("colour", HEALTH)
def test_a_tier_is_readable_as_text_on_white(colour: str) -> None:
    assert contrast_on_white(HEALTH[colour].text) >= 4.5


def test_no_health_colour_means_anything_else() -> None:
    health = {fill for one in HEALTH.values() for fill in (one.fill, one.lighter)}
    assert not health & set(MOVEMENTS.values())


def test_symbols_tell_the_colours_apart_without_colour() -> None:
    assert len({one.symbol for one in HEALTH.values()}) == len(HEALTH)


def test_an_unknown_colour_is_grey_and_never_green() -> None:
    assert look(None) == look("purple") == HEALTH["grey"]


def test_two_tiers_of_one_colour_are_told_apart() -> None:
    fills = tier_fills([("Excellent", "green"), ("Good", "green"), ("Critical", "red")])
    assert len(set(fills.values())) == 3

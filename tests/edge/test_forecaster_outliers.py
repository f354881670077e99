"""Kind: glitches. A single value far outside of what the series did is no part of a forecast; steps and usual spikes are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.columns import Float64
from edge.forecaster.outliers import like_history, outlying, unlike_history, without_outliers

NAN = np.nan


def day_and_night(length: int = 168) -> Float64:
    """Hours of a sensor that swings by 5 about 20, `[1, length]`."""
    window: Float64 = 20 + 5 * np.sin(2 * np.pi * np.arange(length) / 24)[None]
    return window


def places(window: Float64) -> list[int]:
    """The outliers of a window."""
    return [int(place) for place in np.flatnonzero(outlying(window)[0])]


@pytest.mark.parametrize("glitch", [85.0, -127.0, 4_294_967.295, -999.0, 1e12])
@pytest.mark.parametrize("length", [24, 48, 168, 672])
def test_a_newest_value_that_is_a_glitch_is_an_outlier(glitch: float, length: int) -> None:
    """As sensors send them that have nothing to say, whatever the length of the window; a gap before it changes nothing."""
    window = day_and_night(length)
    assert places(window) == []
    window[0, -1] = glitch
    assert places(window) == [length - 1]
    window[0, -3:-1] = NAN
    assert places(window) == [length - 1]
    np.testing.assert_array_equal(without_outliers(window)[0, -1], NAN)


def test_a_step_is_believed_with_its_second_value() -> None:
    """The first is passed over; the second says that the series has moved, and the window is whole."""
    window = day_and_night()
    for count in range(1, 30):
        window[0, -count:] = 500 + np.arange(count)
        assert places(window) == ([167] if count == 1 else [])
        assert (without_outliers(window) is window) == (count > 1)


def test_what_rises_step_by_step_is_believed() -> None:
    """A storm that comes up over three hours is none of a sensor that has nothing to say."""
    window = day_and_night()
    window[0, -4:] = 30, 45, 60, 85
    assert places(window) == []
    window[0, -4:-1] = 20
    assert places(window) == [167]


def test_what_comes_often_is_usual() -> None:
    """A kettle that boils once a day is no glitch; one that boils twice a week is passed over."""
    window = np.random.default_rng(0).uniform(1, 2, (1, 168))
    window[0, 7::24] = 2000
    assert places(window) == []
    window[0, 7::24] = 1.5
    window[0, [20, 160]] = 2000
    assert places(window) == [20, 160]


def test_more_than_one_value_in_a_hundred_is_usual() -> None:
    """In a window of 672 six are passed over, the first value among them, and seven are not."""
    window = np.random.default_rng(0).uniform(1, 2, (1, 672))
    glitches = [0, 100, 200, 300, 400, 500]
    window[0, glitches] = 2000
    assert places(window) == glitches
    window[0, 600] = 2000
    assert places(window) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_five_ranges_are_far_and_one_is_near(sign: int) -> None:
    """Of 96 values from 0 to 95 those from 4 to 91 are usual: a range of 87."""
    window = sign * np.arange(96.0)[None]
    for newest, outliers in ((91 + 5 * 87, []), (92 + 5 * 87, [95])):
        window[0, -1] = sign * newest
        assert places(window) == outliers
    for before, outliers in ((91 + 87, [95]), (92 + 87, [])):
        window[0, -2:] = sign * before, sign * 1000
        assert places(window) == outliers


def test_every_window_of_a_batch_is_judged_by_itself() -> None:
    """And keeps all of its other values; two in a row are a step, in whichever window."""
    windows = np.concatenate([day_and_night(), day_and_night(), 1000 * day_and_night(), day_and_night()])
    windows[3, -2:] = 500
    expected = windows.copy()
    windows[1, 30], windows[2, 50] = 85, -4e5
    expected[1, 30] = expected[2, 50] = NAN
    np.testing.assert_array_equal(without_outliers(windows), expected)


def test_a_window_that_hardly_moves_says_nothing() -> None:
    """Nine values in ten the same: a first drop of rain or a lamp that is lit may be anything."""
    window = np.zeros((1, 168))
    window[0, -1] = 3
    assert places(window) == []
    window[0, ::20] = 1
    assert places(window) == []


def strange(window: Float64, low: float, high: float) -> list[int]:
    """The values that are unlike a history with that usual range."""
    usual = np.asarray([[low, high]])
    found = unlike_history(window, usual)
    np.testing.assert_array_equal(like_history(window, usual), np.where(found, NAN, window))
    return [int(place) for place in np.flatnonzero(found[0])]


@pytest.mark.parametrize("glitch", [85.0, -127.0, 4_294_967.295])
def test_a_window_that_stands_still_is_judged_by_its_history(glitch: float) -> None:
    """Rain of up to 8 mm comes after a dry week, a lamp is lit, and a heater goes on; none of them reads 85 once."""
    window = np.zeros((1, 168))
    window[0, -1] = glitch
    assert strange(window, 0.0, 8.0) == [167]
    assert strange(window, NAN, NAN) == strange(window, 0.0, 0.0) == []  # nobody learned anything, or it never moved
    for usual in (0.2, 8.0, 30.0):
        window[0, -1] = usual
        assert strange(window, 0.0, 8.0) == []
    window[0, -2:] = glitch
    assert strange(window, 0.0, 8.0) == []  # it has moved
    window[0, :] = glitch
    assert strange(window, 0.0, 8.0) == []


def test_a_window_that_moves_is_judged_by_itself() -> None:
    """Also where its series was at another level in history; so are few values by nothing."""
    window = day_and_night() + 1000
    window[0, -1] = 1085
    assert strange(window, 0.0, 8.0) == []
    assert places(window) == [167]
    window = np.full((1, 168), NAN)
    window[0, -15:] = 0.0
    window[0, -1] = 85.0
    assert strange(window, 0.0, 8.0) == []


def test_a_few_values_say_nothing() -> None:
    """Fifteen are too few, with gaps or without; no window at all has no outlier."""
    window = np.full((1, 96), NAN)
    window[0, :14], window[0, -1] = np.arange(14), 1e6
    assert places(window) == []
    for place in (14, 15):
        window[0, place] = place
        assert places(window) == [95]
    for shape in ((0, 24), (1, 1), (2, 2)):
        assert not outlying(np.ones(shape)).any()


def test_missing_values_are_no_outliers() -> None:
    """Infinity and what no window can hold are missing already, and do not count as many glitches."""
    window = day_and_night()
    window[0, 5:50] = NAN
    window[0, 60:70], window[0, 80:90], window[0, -1] = np.inf, -1e20, 85
    assert places(window) == [167]


@given(st.integers(0, 10), st.integers(-(2**30), 2**30), st.integers(-30, 24), st.floats(-1e3, 1e3))
def test_outliers_do_not_depend_on_level_and_unit(seed: int, level: int, power: int, newest: float) -> None:
    """The same places, shifted by a billion, in nanometres or in watt seconds."""
    window = np.round(np.random.default_rng(seed).normal(20, 5, (1, 96)) * 2**16) / 2**16
    window[0, -1] = round(newest * 2**16) / 2**16
    assert places((window + level) * 2.0**power) == places(window)

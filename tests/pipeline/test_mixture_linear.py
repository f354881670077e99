"""The linear forecast finds what is linear, in blocks as in one go, and knows neither level nor unit."""

from dataclasses import replace

import numpy as np

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from pipeline.history.windows import Samples
from pipeline.mixture.linear import centred, cut, filled, fit_linear, moved, thin

CONTRACT = Contract(3600 * SECOND, 30, 4)
UNIT = np.array([1.0, 50.0])


def waves(noise: float = 0.0) -> Float64:
    """A sum of two sines, and the same mirrored, at another level and fifty times as large, float64 `[2, 600]`."""
    time = np.arange(600)
    shape = np.sin(time / 24 * 2 * np.pi) + 0.5 * np.sin(time / 7)
    values: Float64 = np.stack([20 + shape, 1000 - 50 * shape])
    values += noise * np.random.default_rng(5).normal(size=values.shape) * UNIT[:, None]
    return values


def parts(values: Float64) -> tuple[Samples, Samples]:
    """Samples to fit on, and later ones."""
    return tuple(  # type: ignore[return-value]
        Samples(values, np.repeat(np.arange(2, dtype=np.int32), last - first), np.tile(np.arange(first, last), 2))
        for first, last in ((30, 400), (420, 590))
    )


def test_level_and_unit_come_from_the_series_or_else_the_window() -> None:
    """A known series has its training spread, an unknown one the window's own, and a constant window 1."""
    windows = np.array([[1.0, 3.0], [1.0, 3.0], [5.0, 5.0]], np.float64)
    found = centred(windows, np.array([1, 0, 2], np.int32), np.array([4.0, np.nan], np.float64))
    np.testing.assert_array_equal(found.unit[:, 0], [4, 1, 1])
    np.testing.assert_array_equal(found.last[:, 0], [3, 3, 5])
    np.testing.assert_array_equal(found.values, [[-0.5, 0], [-2, 0], [0, 0]])


def test_a_linear_process_is_found() -> None:
    """One matrix serves both series: what it misses on later windows is next to nothing."""
    training, validation = parts(waves())
    found = fit_linear(training, validation, CONTRACT, UNIT)
    assert found.weights.shape == (30, 4)
    assert np.abs(found.errors).max() < 1e-4
    windows, targets = cut(validation, np.arange(len(validation)), CONTRACT, UNIT)
    np.testing.assert_allclose(filled(windows.values) @ found.weights, targets - found.errors, atol=1e-9)


def test_a_large_matrix_becomes_two_factors_that_forecast_nearly_the_same() -> None:
    """Leads that move together need few columns; a matrix that would hardly be smaller stays as it is."""
    contract = replace(CONTRACT, horizon=10)
    training, validation = parts(waves(noise=0.1))
    found = fit_linear(training, validation, contract, UNIT)
    windows = filled(cut(validation, np.arange(len(validation)), contract, UNIT)[0].values)
    whole = windows @ found.weights
    factors = thin(found, rank=3)
    assert [factor.shape for factor in factors] == [(30, 3), (3, 10)]
    assert thin(found, rank=4)[0] is found.weights
    lost = [np.square(moved(windows, thin(found, rank=rank)) - whole).mean() for rank in (1, 2, 3)]
    assert lost[0] > lost[1] > lost[2]
    assert lost[2] < 1e-2 * np.square(whole).mean()
    np.testing.assert_allclose(moved(windows, thin(found, rank=4)), whole, atol=1e-9)


def test_blocks_give_what_one_go_gives() -> None:
    """The sums over blocks of windows are those over all of them."""
    values = waves(noise=0.1)
    whole, small = (fit_linear(*parts(values), CONTRACT, UNIT, block=block) for block in (4096, 7))
    np.testing.assert_allclose(small.weights, whole.weights, rtol=1e-6, atol=1e-9)


def test_the_penalty_is_the_one_that_validates_best() -> None:
    """Where targets are noise, the weights are as small as the largest penalty makes them; where none is, as the smallest."""
    noisy = waves()
    noisy[:, 30:400] += UNIT[:, None] * np.random.default_rng(0).normal(0, 10, (2, 370))
    noise, plain = (np.abs(fit_linear(*parts(values), CONTRACT, UNIT).weights).sum() for values in (noisy, waves()))
    assert noise < 0.8 * plain


def test_a_missing_target_is_the_target_before() -> None:
    """A gap in the targets leaves the rest of the forecast as good as it was."""
    values = waves()
    values[:, 100:380:9] = np.nan
    found = fit_linear(*parts(values), CONTRACT, UNIT)
    assert np.nanmean(np.abs(found.errors)) < 0.2

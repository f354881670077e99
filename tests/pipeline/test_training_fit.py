"""Training learns, repeats itself, and looks at nothing beyond its samples."""

from dataclasses import replace

import numpy as np
import pytest

from edge.errors import HistoryError
from pipeline.training.architecture import Architecture
from pipeline.training.build import forecast, restore
from pipeline.training.fit import fit, series_scale
from pipeline.training.settings import Settings
from tests.support import tiny

ARCHITECTURE = Architecture(units=8)
SETTINGS = Settings(epochs=12, windows=512, batch=64, learning_rate=0.02, averaging=0.9)


@pytest.mark.training
def test_training_learns_a_sine() -> None:
    """A few steps on three sines beat the last value by far, for known and for unknown series."""
    calls: list[tuple[int, int, float, float]] = []
    trained = fit(
        ARCHITECTURE, tiny.CONTRACT, tiny.samples(21, 150), tiny.samples(150, 194), SETTINGS, lambda *one: calls.append(one)
    )
    assert [call[:2] for call in calls] == [(epoch, 12) for epoch in range(1, trained.record.epochs + 1)]
    assert {call[3] for call in calls} <= set(trained.record.validation_loss)
    assert len(trained.record.validation_loss) == 2 * trained.record.epochs  # 387 windows come 512 times in an epoch
    network = restore(ARCHITECTURE, tiny.CONTRACT, 3, trained.members[0])
    held = tiny.samples(150, 194)
    windows, targets = held.windows(slice(None), tiny.CONTRACT), held.targets(slice(None), tiny.CONTRACT)
    scale = np.array([1, 10, 100])[held.series][:, None]
    naive = np.abs((windows[:, -1:] - targets) / scale).mean()
    for series in (held.series + 1, held.series * 0):
        assert np.abs((forecast(network, windows, series)[:, :, 1] - targets) / scale).mean() < 0.5 * naive


@pytest.mark.training
def test_a_training_that_was_best_at_first_is_tried_again_with_smaller_steps() -> None:
    """After a single validation nothing shows that the steps were small enough; the better of two trainings is kept."""
    parts = tiny.samples(21, 150), tiny.samples(150, 194)
    wild = replace(SETTINGS, epochs=1, windows=256, learning_rate=2.0, slower=1.0)
    once, twice = (fit(ARCHITECTURE, tiny.CONTRACT, *parts, one).record for one in (wild, replace(wild, slower=0.25)))
    assert twice.validation_loss < once.validation_loss
    assert (twice.steps, twice.epochs) == (2 * once.steps, 1)


@pytest.mark.training
def test_glitches_of_one_series_leave_the_training_of_all_as_it_is() -> None:
    """A value of a hundred at 4,294,967 is in windows, targets and last values; the losses stay those of clean readings."""
    settings, values = replace(SETTINGS, epochs=4), tiny.sines()
    clean = fit(ARCHITECTURE, tiny.CONTRACT, tiny.samples(21, 150), tiny.samples(150, 194), settings).record
    values[0, [100, 170]] = 4294967.295
    found = fit(ARCHITECTURE, tiny.CONTRACT, tiny.samples(21, 150, values), tiny.samples(150, 194, values), settings).record
    assert found.training_loss[-1] < 1.3 * clean.training_loss[-1]
    assert found.validation_loss[-1] < 1.3 * clean.validation_loss[-1]


@pytest.mark.training
def test_same_seed_gives_the_same_weights() -> None:
    """Two runs are equal bit by bit; values after the last training origin and a large level do not reach the weights."""
    settings = Settings(epochs=1, windows=256, batch=64)
    values = np.round(tiny.sines() * 2**16) / 2**16  # so that a shift loses nothing
    spiked = values + 2.0**30
    spiked[:, 160:] = 1e6
    validation = tiny.samples(150, 153)
    first = fit(ARCHITECTURE, tiny.CONTRACT, tiny.samples(21, 150, values), validation, settings)
    second = fit(ARCHITECTURE, tiny.CONTRACT, tiny.samples(21, 150, spiked), validation, settings)
    for one, other in zip(first.members[0], second.members[0], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.training
def test_a_budget_shortens_the_epochs() -> None:
    """Training that would take long ends within about its budget, and still goes through all its epochs."""
    settings = Settings(epochs=4, windows=200_000, repeats=10_000, batch=64, budget=1e-6, patience=9)
    trained = fit(ARCHITECTURE, tiny.CONTRACT, tiny.samples(21, 150), tiny.samples(150, 194), settings)
    assert trained.record.epochs == 4
    assert trained.record.steps < 4 * 3125 / 2


def test_scale_covers_only_what_the_samples_cover() -> None:
    """The scale is the standard deviation, and a spike after the last target does not move it."""
    values = tiny.sines()
    before = series_scale(tiny.samples(21, 150, values), tiny.CONTRACT)
    np.testing.assert_allclose(before, np.nanstd(values[:, :156], axis=1), rtol=1e-5)
    values[:, 157:] = 1e9
    np.testing.assert_array_equal(series_scale(tiny.samples(21, 150, values), tiny.CONTRACT), before)


def test_constant_and_empty_series_have_no_scale_of_their_own() -> None:
    """A constant series has spread 0, one without values NaN: both are scaled by their window."""
    values = tiny.sines()
    values[0], values[1] = 5, np.nan
    scale = series_scale(tiny.samples(21, 150, values), tiny.CONTRACT)
    assert scale[0] == 0
    assert np.isnan(scale[1])


def test_samples_outside_the_grid_are_refused() -> None:
    """Windows before and targets after the grid, or no samples at all, are the history's fault."""
    good = tiny.samples(21, 100)
    for wrong in (tiny.samples(20, 100), tiny.samples(100, 195)):
        with pytest.raises(HistoryError, match=r"origins within 21…193"):
            fit(ARCHITECTURE, tiny.CONTRACT, good, wrong, SETTINGS)
    with pytest.raises(HistoryError, match="expected training samples; got none"):
        fit(ARCHITECTURE, tiny.CONTRACT, tiny.samples(21, 21), good, SETTINGS)

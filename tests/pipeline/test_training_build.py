"""One builder makes every cell and design."""

import numpy as np
import pytest

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.forecaster.manifest import Cell
from pipeline.cells.drawings import DRAWINGS
from pipeline.training.architecture import Architecture
from pipeline.training.build import parameters
from pipeline.training.cells import CELLS
from tests.support import tiny


@pytest.mark.training
@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_counted_by_hand(cell: Cell) -> None:
    """Segment encoder, cell, positions, identities and head have the sizes that the design and the poster say."""
    layers, biases = DRAWINGS[cell].layers, DRAWINGS[cell].biases
    units, segment, levels = 6, 5, 3
    expected = (
        (segment + 1) * units
        + layers * (2 * units * units + biases * units)
        + 2 * units
        + 3 * units
        + (units + 1) * segment
        + (units + 1) * units
        + (units + 1) * segment * (levels - 1)
    )
    assert parameters(tiny.network(Architecture(cell=cell, units=units))) == expected


@pytest.mark.training
def test_unknown_series_has_the_mean_identity() -> None:
    """Index 0 is forecast as a series whose embedding is the mean of all, scaled by its own window."""
    network = tiny.network(Architecture(units=6))
    windows = tiny.windows(4)[0]
    kept = network.identity.numpy()
    before = network(windows, np.zeros(4, np.int32)).numpy()
    network.identity.assign(np.repeat(kept.mean(axis=0, keepdims=True), 3, axis=0))
    third = network(windows, np.full(4, 3, np.int32)).numpy()
    network.identity.assign(kept)
    np.testing.assert_allclose(third, before, rtol=1e-5)


@pytest.mark.training
def test_missing_values_stand_at_the_mean_of_their_place() -> None:
    """A gap is to the network what the other segments have at that place, apart from the scale of an unknown series."""
    network = tiny.network(Architecture(units=6, segment=7))
    windows = np.tile(np.arange(7, dtype=np.float32), (2, 3)) + np.repeat([[0, 2, 4]], 7).astype(np.float32)
    broken = windows.copy()
    broken[:, 9] = np.nan
    series = np.full(2, 2, np.int32)
    np.testing.assert_allclose(network(broken, series), network(windows, series), rtol=1e-5)


@pytest.mark.training
def test_any_odd_number_of_levels_ascends() -> None:
    """One level is the median alone; five levels ascend."""
    for levels in ((0.5,), (0.05, 0.25, 0.5, 0.75, 0.95)):
        contract = Contract(interval=3600 * SECOND, window=21, horizon=7, quantiles=levels)
        forecasts = tiny.network(Architecture(units=6), contract)(*tiny.windows(8)).numpy()
        assert forecasts.shape == (8, 7, len(levels))
        assert (np.diff(forecasts, axis=2) >= 0).all()

"""A backtest trains on what comes before, and says what makes its figures unfair."""

from dataclasses import replace

import numpy as np
import pytest

from edge.config.training_sections import Fleet
from edge.contract.times import format_duration
from edge.errors import ConfigurationError, HistoryError
from pipeline.backtest.run import LOCAL_WINDOWS, begin_at, fleet_of, remarks, thin, widened
from pipeline.release.instead import Simple, baseline_bundle
from tests.pipeline import test_backtest_peers as cycling
from tests.support import tiny

HOUR = tiny.CONTRACT.interval


def test_a_backtest_from_a_moment_trains_on_what_comes_before() -> None:
    """The parts touch, the scale is that of the new training part, and a moment that leaves nothing is refused."""
    prepared = tiny.history(400)
    begun = begin_at(prepared, 200 * HOUR)
    assert (begun.split.training.stop, begun.split.validation.stop) == (begun.split.validation.start, 200)
    assert begun.split.held_out == range(200, 400)
    np.testing.assert_allclose(begun.scale[0], prepared.table.values[0, : begun.split.training.stop].std(), rtol=1e-5)
    for hour in (10, 396):
        with pytest.raises(HistoryError, match="the history allows"):
            begin_at(prepared, hour * HOUR)
    prepared.table.values[:, 160:200] = np.nan
    with pytest.raises(HistoryError, match="leaves a part without any window"):
        begin_at(prepared, 200 * HOUR)


def test_unfair_comparisons_are_named() -> None:
    """A bundle that was trained on what it is judged on, or does not know a series; bundles that cannot be compared."""
    prepared = tiny.history(400)
    known = baseline_bundle(prepared, Simple("last_value", {}), [])
    assert remarks(prepared, [known]) == []
    other = replace(prepared, table=replace(prepared.table, names=("cellar", "roof", "attic")))
    assert "was not trained on 1 of the 3 series" in remarks(other, [known])[0]
    assert fleet_of([], Fleet(horizon=5)).horizon == 5
    contract = fleet_of([known], Fleet())
    assert (contract.interval, contract.window) == (format_duration(HOUR), 21)
    short = replace(tiny.CONTRACT, horizon=3)
    different = baseline_bundle(replace(prepared, contract=short), Simple("last_value", {}), [])
    with pytest.raises(ConfigurationError, match="another interval, horizon or aggregation"):
        fleet_of([known, different], Fleet())


def test_a_wider_stride_meets_all_hours_of_the_day() -> None:
    """It leaves some hundred windows, and has no common divisor with the day; a stride that is wide enough stays."""
    prepared = begin_at(cycling.history(cycling.cycles(3000)), 600 * HOUR)
    stride = widened(prepared, 1)
    assert stride == 13  # two series of 2,395 origins, 400 windows: at least 12
    assert len(range(0, 2395, stride)) * 2 <= LOCAL_WINDOWS
    assert widened(prepared, 50) == 50


def test_a_stride_that_hides_something_is_spoken_of() -> None:
    """One that meets some hours of the day only, and one that leaves a handful of origins; others are not."""
    prepared = begin_at(cycling.history(cycling.cycles(3000)), 600 * HOUR)
    assert thin(prepared, 1) == thin(prepared, 13) == []
    assert "meets 2 of the 24 times of the day" in thin(prepared, 36)[0]
    assert any("origins are too few" in note for note in thin(prepared, 599))

"""A contender forecasts as a device would: some series by a baseline, the others by the model under their own index."""

from dataclasses import replace

import numpy as np

from edge.contract.meaning import Bounds, Meaning
from pipeline.judging.contender import comparable, contender
from pipeline.judging.evaluation import Facts, backtest
from tests.pipeline.test_judging_evaluation import CONTRACT, PART, Counter, counting


def test_a_series_is_forecast_by_the_baseline_that_is_named_for_it() -> None:
    """And measured so: on counting series the model makes no error, the last value is off by the lead."""
    table = counting()
    chosen = contender(Counter(), table.names, table.names, {"b": "last_value", "elsewhere": "last_value"})
    rows = np.array([1, 0, 1], np.int32)
    windows = np.arange(48.0) + np.array([[0.0], [100], [200]])
    forecasts = chosen.predict(windows, rows)
    assert forecasts[:, 0, 1].tolist() == [47, 148, 247]
    assert np.isnan(forecasts[:, :, 0]).all(axis=1).tolist() == [True, False, True]
    assert chosen.gives_intervals(rows).tolist() == [False, True, False]
    measured, last = backtest([chosen, contender(chosen.baselines[0], table.names)], Facts(table, CONTRACT, PART))
    assert measured.by_series.tolist() == [0.0, last.by_series[1]]
    assert measured.banded.sum(axis=1).tolist() == [measured.count[0].sum(), 0]
    assert not measured.broken.any()


def test_each_series_has_the_index_of_the_bundle() -> None:
    """A series that the bundle does not list is unknown to its model."""
    assert contender(Counter(), ("b", "c", "a"), ("a", "b")).series.tolist() == [2, 0, 1]
    assert contender(Counter(), ("b", "c", "a"), ("a", "b")).chosen.tolist() == [-1, -1, -1]


def test_forecasts_keep_to_the_bounds_of_the_bundle() -> None:
    """Of the series that have any, as the agent's do; a window beyond a bound lifts it."""
    bounds = {"b": Meaning(bounds=Bounds(highest=49.0)), "elsewhere": Meaning(bounds=Bounds(highest=0.0))}
    judged = contender(Counter(), ("a", "b"), ("a", "b"), meanings=bounds)
    windows = np.arange(48.0) + np.array([[0.0], [0], [3]])
    medians = judged.predict(windows, np.array([0, 1, 1], np.int32))[:, :, 1]
    assert medians[:, :3].tolist() == [[48, 49, 50], [48, 49, 49], [51, 52, 53]]


def test_contracts_with_the_same_grid_and_horizon_are_comparable() -> None:
    """Window and quantiles may differ; interval, horizon and aggregation may not."""
    assert comparable(CONTRACT, replace(CONTRACT, window=96, quantiles=(0.5,)))
    for change in ({"interval": 2 * CONTRACT.interval}, {"horizon": 7}, {"aggregation": "sum"}):
        assert not comparable(CONTRACT, replace(CONTRACT, **change))

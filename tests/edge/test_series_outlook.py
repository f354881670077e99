"""Which rows of `forecast` a closing writes."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.columns import Bool, Forecasts, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import FORECAST, ORIGIN
from edge.forecaster.baselines import Baseline
from edge.series.closing import Closed
from edge.series.engine import Engine
from edge.series.outlook import SHORT, Leads, Outlook, usual_refresh

INTERVAL = 60
ROW = st.tuples(st.integers(0, 2), st.integers(0, 40), st.booleans(), st.booleans())
NAMES = [f"s{number}" for number in range(100)]


def closed(series: list[int], origin: list[int], advanced: list[int] | None = None) -> Closed:
    """Windows of one interval that closed; origins in intervals."""
    ends = np.asarray(origin, np.int64) * INTERVAL
    return Closed(np.asarray(series, np.int32), ends, np.zeros((len(series), 1)), np.asarray(advanced or [1] * len(series)))


def forecasts(series: list[int], origin: list[int]) -> Forecasts:
    """Forecasts without values."""
    return Forecasts(np.asarray(series, np.int32), np.asarray(origin, np.int64) * INTERVAL, np.zeros((len(series), 0, 1)), "m")


@pytest.mark.parametrize(("horizon", "refresh"), [(1, 1), (SHORT, 1), (9, 3), (24, 5), (25, 5), (26, 6), (96, 10), (720, 27)])
def test_the_usual_refresh_needs_the_fewest_rows(horizon: int, refresh: int) -> None:
    """Rows of so many closings are those of one whole horizon and of the nearest leads at the others."""
    assert usual_refresh(horizon) == refresh
    if horizon > SHORT:
        rows = {every: (horizon + (every - 1) * every) / every for every in range(1, horizon + 1)}
        assert rows[refresh] <= min(rows.values()) + 0.5


def test_series_take_turns_and_each_comes_after_so_many_intervals() -> None:
    """Of 100 series about a fifth is whole at each closing, and each of them at every fifth."""
    outlook = Outlook(24, INTERVAL)
    turns: Counter[int] = Counter()
    for origin in range(1000, 1011):
        whole = outlook.whole(closed(list(range(100)), [origin] * 100), NAMES, np.ones(100, bool))
        if origin == 1000:
            assert whole.all()  # the first forecasts
            continue
        assert 8 <= whole.sum() <= 35
        turns.update(np.flatnonzero(whole).tolist())
    assert turns == dict.fromkeys(range(100), 2)


def test_the_horizon_is_whole_after_a_gap_and_of_the_first_forecast() -> None:
    """Also where other series have had theirs, and where the closing before had nothing to forecast from."""
    outlook, waits = Outlook(24, INTERVAL), np.ones(1, bool)
    outlook.go_on(2)
    names = NAMES[:3]
    quiet = next(number for number in range(5) if not _turn(number, 0))
    assert outlook.whole(closed([0, 1, 2], [quiet] * 3), names, np.array([True, False, True])).tolist() == [False, True, True]
    assert outlook.whole(closed([0], [quiet + 5], [2]), names, waits).tolist() == [True]
    assert outlook.whole(closed([0], [quiet + 10]), names, waits).tolist() == [False]
    assert outlook.whole(closed([0], [quiet + 15]), names, ~waits).tolist() == [True]


def _turn(origin: int, series: int) -> bool:
    """Whether it is the turn of a series."""
    outlook = Outlook(24, INTERVAL)
    outlook.go_on(len(NAMES))
    return bool(outlook.whole(closed([series], [origin]), NAMES, np.ones(1, bool))[0])


def test_everything_is_whole_where_it_is_to_be() -> None:
    """By the setting, and where the horizon is short."""
    for outlook in (Outlook(24, INTERVAL, 1), Outlook(SHORT, INTERVAL)):
        for origin in range(5):
            assert outlook.whole(closed([0, 1], [origin] * 2), NAMES, np.ones(2, bool)).all()


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 40), st.booleans(), st.booleans()), max_size=30, unique_by=lambda r: r[:2]
    ),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_a_moment_has_the_row_of_the_newest_forecast_that_writes_it(
    batch: list[tuple[int, int, bool, bool]], horizon: int, refresh: int
) -> None:
    """Once, as if the forecasts were written one after the other; by two forecasters, in any order."""
    outlook = Outlook(horizon, INTERVAL, refresh)
    expected: dict[tuple[int, int], int] = {}
    for owner, number, whole, _ in sorted(batch):
        for ahead in range(horizon if whole else min(refresh, horizon)):
            expected[owner, number + ahead] = number
    made, every = [], []
    for model in (False, True):
        rows = [row for row in batch if row[3] is model]
        made.append(forecasts([row[0] for row in rows], [row[1] for row in rows]))
        every.append(np.asarray([row[2] for row in rows], bool))
    found: dict[tuple[int, int], int] = {}
    for part, (row, lead) in zip(made, outlook.rows(made, every), strict=True):
        for place, after in zip(row.tolist(), lead.tolist(), strict=True):
            origin = int(part.origin[place]) // INTERVAL
            moment = int(part.series[place]), origin + after
            assert moment not in found
            found[moment] = origin
    assert found == expected


def test_no_forecasts_are_no_rows() -> None:
    """Neither without forecasters, nor where they made nothing."""
    outlook, nothing = Outlook(24, INTERVAL), np.zeros(0, bool)
    assert outlook.rows([], []) == []
    (row, lead) = outlook.rows([forecasts([], [])], [nothing])[0]
    assert len(row) == len(lead) == 0


def test_rows_come_in_the_order_of_time() -> None:
    """Of each series, which stores like best."""
    every: Bool = np.ones(2, bool)
    (row, lead) = Outlook(3, INTERVAL).rows([forecasts([1, 0], [7, 5])], [every])[0]
    assert (row.tolist(), lead.tolist()) == ([1, 1, 1, 0, 0, 0], [0, 1, 2, 0, 1, 2])


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from([1, 1, 1, 1, 1, 0, 2, -1])), min_size=20, max_size=60),
    st.lists(st.integers(1, 59), max_size=8),
    st.sampled_from([(), (1,), (2, 5)]),
)
def test_what_is_stored_of_a_moment_does_not_depend_on_cuts(
    stream: list[tuple[int, int]], cuts: list[int], leads: tuple[int, ...]
) -> None:
    """Neither its values nor which forecast spoke last of it, though the whole horizon is written now and then only."""
    contract = Contract(INTERVAL, window=4, horizon=12)
    owners, steps = np.asarray(stream).T
    number = np.where(owners == 0, np.cumsum(np.where(owners == 0, steps, 0)), np.cumsum(np.where(owners == 1, steps, 0))) + 50
    readings = Readings(owners.astype(np.int32), number * INTERVAL, number.astype(np.float64))
    bounds = [0, *sorted({cut for cut in cuts if cut < len(readings)}), len(readings)]
    stored = []
    for parts in (pairwise(bounds), [(0, len(readings))], pairwise(range(len(readings) + 1))):
        fleet = Engine(Baseline("last_value", contract), (), SeriesTable(["a", "b", "c"]), leads=Leads(leads, 3))
        newest: dict[tuple[int, int], tuple[float, int]] = {}
        for first, last in parts:
            for part in fleet.step(readings.take(slice(first, last))).points:
                if part.measurement is FORECAST:
                    values, origins = np.asarray(part.fields["q50"]), np.asarray(part.fields[ORIGIN.name])
                    for row, moment in enumerate(zip(part.series.tolist(), part.time.tolist(), strict=True)):
                        newest[moment] = float(values[row]), int(origins[row])
        stored.append(newest)
    assert stored[0] == stored[1] == stored[2]

"""The JSON document of a forecast."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.times import SECOND
from edge.publish.content import documents, rounded, seconds
from edge.publish.newest import Batch, Shape

START = 1_789_999_200 * SECOND  # 2026-09-21T14:00:00Z
NAN = float("nan")


def batch(values: list[list[list[float]]], quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)) -> Batch:
    """Forecasts of 15 minutes each, `[n, horizon, quantiles]`."""
    count = len(values)
    shape = Shape(900 * SECOND, len(values[0]), quantiles)
    origin = np.full(count, START, np.int64)
    return Batch(shape, np.arange(count, dtype=np.int32), origin, np.asarray(values, np.float32), ["m"] * count)


def test_a_document_has_what_people_ask_for() -> None:
    """What comes next, the highest and the lowest median with the start of their intervals, and all quantiles."""
    values = [[[1.0, 2.0, 3.0], [4.5, 5.25, 6.0], [-1.0, 0.0, 0.1]]]
    [document] = documents(batch(values), ["a/b"], ["°C"])
    assert json.loads(document) == {
        "series": "a/b",
        "unit": "°C",
        "model": "m",
        "origin": "2026-09-21T14:00:00Z",
        "interval": 900,
        "next": 2,
        "minimum": 0,
        "minimum_at": "2026-09-21T14:30:00Z",
        "maximum": 5.25,
        "maximum_at": "2026-09-21T14:15:00Z",
        "q10": [1, 4.5, -1],
        "q50": [2, 5.25, 0],
        "q90": [3, 6, 0.1],
    }


def test_a_missing_quantile_is_the_median() -> None:
    """As in the store; an interval of which nothing is known is null, and a forecast without any is empty."""
    values = [[[NAN, 2.0, NAN], [NAN, NAN, NAN]], [[NAN] * 3, [NAN] * 3]]
    first, second = documents(batch(values), ["a", "b"], ["", ""])
    told = json.loads(first)
    assert (told["q10"], told["q50"], told["q90"]) == ([2, None], [2, None], [2, None])
    assert second == b""


def test_what_is_not_known_is_neither_highest_nor_lowest() -> None:
    """Below zero and above it."""
    values = [[[NAN], [-3.0], [-2.0]], [[NAN], [3.0], [2.0]]]
    below, above = (json.loads(document) for document in documents(batch(values, (0.5,)), ["a", "b"], ["", ""]))
    assert (below["minimum"], below["maximum"]) == (-3, -2)
    assert (above["minimum"], above["maximum"]) == (2, 3)
    assert below["next"] is None


@given(st.floats(-1e9, 1e9, width=32).filter(lambda value: abs(value) > 1e-6))
def test_seven_digits_are_kept(value: float) -> None:
    """Of the largest number of a forecast: less than half a unit of the seventh is lost."""
    told = rounded(np.array([[[value]]]))[0, 0, 0]
    assert told == pytest.approx(value, rel=5.1e-7)


def test_zeros_stay_zeros() -> None:
    """Also where nothing else is there."""
    assert rounded(np.zeros((1, 2, 1))).tolist() == [[[0.0], [0.0]]]


@pytest.mark.parametrize(("duration", "told"), [(900 * SECOND, 900), (SECOND // 2, 0.5)])
def test_an_interval_is_in_seconds(duration: int, told: float) -> None:
    """A whole number where it is one."""
    assert seconds(duration) == told

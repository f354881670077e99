"""What a model is told of the leads is the same for every window of an origin, whatever else is forecast at that time."""

from dataclasses import replace

import numpy as np
import pytest

from edge.contract.clock import Clock
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.errors import ConfigurationError

HOUR = 3600 * SECOND
CLOCK = Clock("+01:00", (), (HOUR,), (1,))
CONTRACT = Contract(HOUR, 4, 3, inputs=(CLOCK,))


def test_every_lead_is_told_of_the_middle_of_its_interval() -> None:
    """Lead 1 begins at the origin; windows come in any order and as often as they like."""
    origin = np.array([30, 5, 30, 7], np.int64) * HOUR
    told = Context(origin).future(CONTRACT)
    assert (told.shape, CONTRACT.future) == ((4, 3, 5), CLOCK.features)
    assert told.dtype == np.float32
    np.testing.assert_array_equal(told[1], CLOCK.at(np.array([5.5, 6.5, 7.5]) * HOUR // 1).astype(np.float32))
    np.testing.assert_array_equal(told[0], told[2])
    assert told[0, :, -1].tolist() == [1, 1, 1]
    assert told[1, :, -1].tolist() == [0, 0, 0]


def test_neighbours_share_what_is_told_of_an_interval() -> None:
    """Many origins of a training close together, a few of a device far apart: each is told the same, to the last bit."""
    near = np.random.default_rng(0).integers(0, 200, 300) * HOUR
    alone = np.concatenate([Context(near[row : row + 1]).future(CONTRACT) for row in range(len(near))])
    np.testing.assert_array_equal(Context(near).future(CONTRACT), alone)
    far = np.append(near, 10_000 * HOUR)
    np.testing.assert_array_equal(Context(far).future(CONTRACT)[:-1], alone)
    assert Context(near[:0]).future(CONTRACT).shape == (0, 3, 5)


def test_rows_are_taken_as_windows_are() -> None:
    """A part of a context tells of those windows what the whole tells of them."""
    context = Context(np.arange(6, dtype=np.int64) * HOUR)
    np.testing.assert_array_equal(context.take(slice(2, 4)).future(CONTRACT), context.future(CONTRACT)[2:4])
    np.testing.assert_array_equal(context.take(np.array([5, 0])).origin, np.array([5, 0]) * HOUR)
    assert len(context.take(np.zeros(6, bool))) == 0


def test_a_contract_without_inputs_is_told_nothing() -> None:
    """There are no columns, and a contract of before is equal to one without any."""
    plain = replace(CONTRACT, inputs=())
    assert (plain.clock, plain.future, plain) == (None, (), Contract(HOUR, 4, 3))
    assert CONTRACT.plain == plain
    assert Context(np.zeros(2, np.int64)).future(plain).shape == (2, 3, 0)


def test_a_contract_has_one_clock() -> None:
    """Two would contradict each other."""
    with pytest.raises(ConfigurationError, match="at most one clock"):
        replace(CONTRACT, inputs=(CLOCK, CLOCK))

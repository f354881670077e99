"""How rare a number is comes from the largest ones of its series."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.anomalies.tail import FREE, LARGEST, LEAST_EXCESS, Tail
from edge.contract.columns import Float64

A = np.zeros(1, np.int32)


def tail_of(numbers: list[float], most: int = 1_000_000) -> Tail:
    """The tail of one series."""
    tail = Tail(most)
    tail.grow(1)
    for number in numbers:
        tail.add(A, np.asarray([number]))
    return tail


def at(*numbers: float) -> Float64:
    """Numbers as a column."""
    return np.asarray(numbers)


def test_tail_by_hand() -> None:
    """Of 0, 1 … 99 the sixteen largest are 84 to 99: u = 84, the mean excess of 1 … 15 is 8, and 15 of 100 lie above."""
    tail = tail_of([float(number) for number in range(100)])
    assert tail.beyond(A, at(100.0))[0] == pytest.approx(0.15 * math.exp(-16 / 8))
    assert tail.beyond(A, at(84.0))[0] == 1.0
    assert tail.level(A, 0.15 * math.exp(-2))[0] == pytest.approx(100.0)
    assert tail.level(A, 0.5)[0] == 84.0  # the threshold at least


def test_numbers_that_are_all_the_same_leave_a_little_room() -> None:
    """The mean excess is 0.05 at least, so what differs in its last digits is not rare."""
    tail = tail_of([0.0] * 150)
    assert tail.beyond(A, at(LEAST_EXCESS))[0] == pytest.approx(0.1 * math.exp(-1))
    assert tail.beyond(A, at(0.0))[0] == 1.0


def test_forgetting_halves_the_count_and_keeps_threshold_and_tail() -> None:
    """Of 84 … 99 every second stays; then only what is above the threshold fills the room."""
    tail = tail_of([float(number) for number in range(100)], most=100)
    assert sorted(tail.largest[0].tolist()) == [FREE] * 8 + [float(number) for number in range(84, 99, 2)]
    assert tail.count.tolist() == [50]
    assert tail.beyond(A, at(98.0))[0] == pytest.approx(7 / 50 * math.exp(-14 / 8))
    tail.add(A, at(84.0))
    assert (tail.largest[0] == FREE).sum() == 8
    tail.add(A, at(85.0))
    assert (tail.largest[0] == FREE).sum() == 7


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 20, width=32), min_size=LARGEST, max_size=80),
    st.lists(st.floats(0, 40, width=32), min_size=2, max_size=20),
)
def test_larger_numbers_are_rarer(past: list[float], numbers: list[float]) -> None:
    """Never the other way round, and a probability is never above 1."""
    tail, ordered = tail_of(past), sorted(numbers)
    probability = tail.beyond(np.zeros(len(ordered), np.int32), at(*ordered))
    assert (np.diff(probability) <= 0).all()
    assert ((probability >= 0) & (probability <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 20, width=32), min_size=1, max_size=120))
def test_what_is_kept_are_the_largest(past: list[float]) -> None:
    """In whatever order they come."""
    tail = tail_of(past)
    kept = sorted(value for value in tail.largest[0].tolist() if value != FREE)
    assert kept == sorted(past)[-LARGEST:]
    assert tail.count[0] == len(past)


def test_series_are_apart_and_may_leave() -> None:
    """A row each."""
    tail = Tail(1000)
    tail.grow(3)
    tail.add(np.array([0, 2], np.int32), at(5.0, 7.0))
    tail.keep(np.array([2], np.int32))
    assert (tail.largest.max(), tail.count.tolist()) == (7.0, [1])


def test_series_of_different_lengths_are_fitted_and_halved_apart() -> None:
    """By hand: 1 and 4 have u = 1 and one excess of 3; the other one is halved alone when its hundredth number comes."""
    tail, both = Tail(100), np.array([0, 1], np.int32)
    tail.grow(2)
    for number in range(99):
        tail.add(both[1:], at(float(number)))
    tail.add(both[:1], at(1.0))
    tail.add(both, at(4.0, 99.0))
    assert tail.count.tolist() == [2, 50]
    assert sorted(tail.largest[0].tolist()) == [FREE] * 14 + [1.0, 4.0]
    assert tail.beyond(both, at(7.0, 98.0)).tolist() == pytest.approx([1 / 2 * math.exp(-6 / 3), 7 / 50 * math.exp(-14 / 8)])

"""Alerts are raised at once, cleared with patience, and come back after a restart."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.standing import QUIET, Limits, Said, Standing

LIMITS = Limits(0.8, 0.6, 20)


def say(
    standing: Standing,
    origin: int,
    chance: float,
    crossing: Sequence[int] = (5, 4, 6),
    *,
    beyond: bool = False,
    was_beyond: bool = False,
) -> tuple[bool, bool]:
    """What became of one series whose forecast from an origin says something."""
    standing.grow(1)
    row = Said(
        np.zeros(1, np.int32),
        np.asarray([origin]),
        np.asarray([chance]),
        np.asarray([crossing]),
        np.asarray([beyond]),
        np.zeros(1),
        np.zeros(1),
        np.zeros(1, np.int64),
    )
    turned, changed = standing.step(row, LIMITS, np.asarray([was_beyond]))
    return bool(turned[0]), bool(changed[0])


def course(chances: Sequence[float], standing: Standing | None = None, *, first: int = 1) -> list[bool]:
    """Whether the alert is raised after each of some probabilities, ten apart."""
    standing = standing or Standing()
    raised = []
    for number, chance in enumerate(chances, first):
        say(standing, 10 * number, chance)
        raised.append(bool(standing.raised[0]))
    return raised


@pytest.mark.parametrize(
    ("chances", "raised"),
    [
        ([0.79, 0.8, 0.79], [False, True, True]),
        ([0.8, 0.5, 0.5, 0.5, 0.5], [True, True, True, False, False]),  # low from 20 on, cleared at 40
        ([0.8, 0.5, 0.9, 0.5, 0.5, 0.5], [True, True, True, True, True, False]),  # a reading in between begins anew
        ([0.8, 0.5, 0.7, 0.5, 0.5, 0.7], [True] * 6),  # between the limits it is neither raised nor cleared
        ([0.7, 0.7, 0.7], [False] * 3),
        ([0.8, 0.5, 0.6, 0.5, 0.5, 0.5], [True] * 5 + [False]),  # on the limit it is not low
        ([0.8, 0.5, 0.5, 0.5, 0.9, 0.5, 0.5, 0.5], [True] * 3 + [False] + [True] * 3 + [False]),  # and again, as the first time
        ([0.8, np.nan, np.nan, np.nan, 0.5], [True] * 5),  # nothing is known: nothing changes
        ([np.nan, 0.9], [False, True]),
    ],
)
def test_alert_is_raised_at_once_and_cleared_after_its_patience(chances: list[float], raised: list[bool]) -> None:
    """Raised at 0.8, cleared when below 0.6 for 20."""
    assert course(chances) == raised


def test_value_that_is_beyond_keeps_an_alert() -> None:
    """Whatever the forecast says."""
    standing = Standing()
    say(standing, 10, 0.9)
    assert [say(standing, origin, 0.1, beyond=True) for origin in (20, 30, 40, 50)][-1] == (False, False)
    assert standing.raised[0]


def test_origin_that_was_seen_changes_nothing() -> None:
    """A forecast that is made again is the same forecast."""
    standing = Standing()
    assert say(standing, 10, 0.9) == (True, False)
    assert say(standing, 10, 0.1) == say(standing, 10, 0.95) == (False, False)
    assert standing.probability.tolist() == [0.9]


def test_numbers_are_told_when_they_are_others_for_people() -> None:
    """A percentage point, or another time; a quiet one tells none."""
    standing = Standing()
    assert say(standing, 5, 0.2) == (False, False)
    say(standing, 10, 0.9)
    assert say(standing, 20, 0.905) == (False, False)
    assert say(standing, 30, 0.911) == (False, True)
    assert say(standing, 40, 0.911, (5, 4, 0)) == (False, True)
    assert say(standing, 50, np.nan, (5, 4, 0)) == (False, False)


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(0, 30))
def test_restart_at_any_time_changes_nothing(chances: list[float], cut: int) -> None:
    """What is written is what has to be known."""
    standing, disk = Standing(), QUIET
    raised = []
    for number, chance in enumerate(chances, 1):
        if number == cut:
            standing = Standing()
            standing.load(0, disk)
        say(standing, 10 * number, chance)
        raised.append(bool(standing.raised[0]))
        if standing.changed:
            disk = standing.record(0)
        standing.changed.clear()
    assert raised == course(chances)


@pytest.mark.parametrize("chance", [0.1, np.nan])
def test_two_facts_in_a_row_raise_it_whatever_the_forecast_says(chance: float) -> None:
    """One alone does not, nor one after which the value is as usual; it is cleared as any other."""
    standing = Standing()
    assert say(standing, 10, chance, beyond=True) == (False, False)
    assert say(standing, 20, chance, was_beyond=True) == (False, False)
    assert say(standing, 30, chance, beyond=True) == (False, False)
    assert say(standing, 40, chance, beyond=True, was_beyond=True) == (True, False)
    assert say(standing, 40, chance, beyond=True, was_beyond=True) == (False, False)  # the same origin once more
    for origin, turned in ((50, False), (60, False), (70, True)):
        assert say(standing, origin, 0.1)[0] is turned


def test_quiet_series_need_nothing_on_disk() -> None:
    """Of ten thousand series few are raised."""
    standing = Standing()
    say(standing, 10, 0.2)
    assert standing.changed == set()
    say(standing, 20, 0.9)
    assert (standing.changed, standing.record(0)) == ({0}, (20, 0, 0.9, 5, 4, 6))
    course([0.1, 0.1, 0.1], standing, first=3)
    assert standing.record(0) == QUIET


def test_series_stand_for_themselves() -> None:
    """Rows in any order; of one that is cleared nothing is left."""
    standing = Standing()
    standing.grow(2)
    standing.grow(3)
    every = Said(
        np.asarray([2, 0, 1], np.int32),
        np.asarray([10, 11, 12]),
        np.asarray([0.9, 0.1, 0.8]),
        np.asarray([[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        np.zeros(3, bool),
        np.asarray([1.0, 2.0, 3.0]),
        np.asarray([1.5, 2.5, 3.5]),
        np.asarray([7, 8, 9]),
    )
    standing.step(every.take(np.asarray([2, 0])), LIMITS, np.zeros(2, bool))
    some = every.take(np.asarray([2, 0]))
    assert (some.fact.tolist(), some.value.tolist(), some.measured.tolist()) == ([3.0, 1.0], [3.5, 1.5], [9, 7])
    assert standing.raised.tolist() == [False, True, True]
    assert {str(standing.since.dtype), str(standing.crossing.dtype)} == {"int64"}
    assert (standing.record(1), standing.record(2)) == ((12, 0, 0.8, 7, 8, 9), (10, 0, 0.9, 1, 2, 3))
    standing.changed.clear()
    standing.clear(np.asarray([2], np.int32))
    assert (standing.raised.tolist(), standing.changed) == ([False, True, False], {2})
    assert standing.crossing[2].tolist() == [0, 0, 0]


def test_a_clock_that_was_set_back_keeps_no_alert() -> None:
    """Calm had begun in 2040 by the clock; at the time that is right it begins anew, and is over after its patience."""
    standing = Standing()
    assert course([0.9, 0.5], standing, first=1_000) == [True, True]
    assert course([0.5, 0.5, 0.5], standing) == [True, True, False]

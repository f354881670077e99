"""Waits between tries."""

import random

import pytest

from edge.backoff import Backoff, start_wait


@pytest.mark.parametrize(("failures", "longest"), [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (6, 30.0), (10_000, 30.0)])
def test_the_longest_wait_doubles_up_to_a_limit(failures: int, longest: float) -> None:
    """However many failures there were; the shortest is always none."""
    assert Backoff(1.0, 30.0, lambda: 1.0).wait(failures) == longest
    assert Backoff(1.0, 30.0, lambda: 0.0).wait(failures) == 0.0
    assert Backoff(1.0, 30.0, lambda: 0.25).wait(failures) == longest / 4


def test_a_fleet_does_not_come_back_in_step() -> None:
    """A thousand devices that lost the broker at the same moment: no tenth of the time sees twice its share of them."""
    draw = random.Random(1).random  # noqa: S311 - no secret
    for failures, longest in ((1, 1.0), (4, 8.0)):
        waits = [Backoff(1.0, 30.0, draw).wait(failures) for _ in range(1000)]
        counts = [sum(longest * at / 10 <= wait < longest * (at + 1) / 10 for wait in waits) for at in range(10)]
        assert sum(counts) == 1000
        assert max(counts) < 200


@pytest.mark.parametrize(("moment", "wait"), [(20.0, 2.0), (299.0, 2.0), (300.0, 0.0), (1e6, 0.0)])
def test_only_an_agent_that_starts_with_its_machine_waits(moment: float, wait: float) -> None:
    """After a power cut the devices of a fleet ask at different moments; a restart by hand is quick."""
    assert start_wait(moment, Backoff(4.0, 4.0, lambda: 0.5)) == wait

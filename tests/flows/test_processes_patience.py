"""Waiting ends by a lack of progress, never by the time that the whole takes."""

from flows.processes.patience import Patience


def test_progress_however_slow_is_waited_for() -> None:
    """A step every ten seconds for hours is fine where one a minute is asked for; then a minute of nothing is too much."""
    now = 0.0
    patience = Patience(60, lambda: now)
    for step in range(1000):
        now += 10
        assert not patience.lost(step)
    now += 60
    assert not patience.lost(999)
    now += 0.1
    assert patience.lost(999)
    assert not patience.lost(1000)


def test_to_and_fro_is_no_progress() -> None:
    """A backlog that grows and shrinks without ever being smaller than before does not move."""
    now = 0.0
    patience = Patience(60, lambda: now)
    for step in range(7):
        assert not patience.lost(-100 - step % 2)
        now += 10
    assert patience.lost(-100)

"""Threads with a name and an owner."""

import threading

import pytest

from edge.threads import Thread
from tests.support.servers import HANGS_AFTER


class _Speechless(Exception):
    def __str__(self) -> str:
        raise MemoryError


def test_a_thread_dies_of_an_error_that_has_no_words() -> None:
    """Its name is enough."""
    lines: list[str] = []

    def work() -> None:
        raise _Speechless

    thread = Thread("sender", work, lines.append)
    thread.start()
    assert thread.join(HANGS_AFTER)
    assert lines == ["the thread gatecast-sender died (_Speechless)"]


@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError(), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_a_thread_that_dies_is_told_of_in_one_line(error: BaseException) -> None:
    """Whatever ended it, with its name and the reason."""
    lines: list[str] = []

    def work() -> None:
        raise error

    thread = Thread("sender", work, lines.append)
    thread.start()
    assert thread.join(HANGS_AFTER)
    assert len(lines) == 1
    assert lines[0].startswith(f"the thread gatecast-sender died ({type(error).__name__}")
    assert str(error) in lines[0]


def test_a_thread_that_ends_its_work_is_not_told_of() -> None:
    """It ran under its name."""
    names: list[str] = []
    thread = Thread("sender", lambda: names.append(threading.current_thread().name), names.append)
    thread.start()
    assert thread.join(HANGS_AFTER)
    assert names == ["gatecast-sender"]


def test_the_wait_for_the_end_is_bounded() -> None:
    """A thread that hangs holds up nobody; one that was never started has ended."""
    go_on = threading.Event()
    thread = Thread("sender", lambda: go_on.wait(HANGS_AFTER))
    assert thread.join(HANGS_AFTER)
    thread.start()
    assert not thread.join(0.01)
    go_on.set()
    assert thread.join(HANGS_AFTER)

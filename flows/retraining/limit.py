"""The longest time of a run: work that hangs is ended with all its processes, and the run fails with one line."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from edge.config.sections import Config
from edge.contract.times import SECOND, format_duration, parse_duration
from edge.errors import GatecastError
from flows.processes.stopping import children

TIMES_BUDGET = 3  # of the training alone: conversion, calibration and judging take as long again on a slow machine
WITH_INPUTS = 4  # networks that are told of inputs are trained after those that are not, each for the whole budget at most
BESIDE = 1800.0  # seconds for the history and the report
GRACE = 30.0  # seconds that the flow has to end by itself once its processes are gone
PAUSE = 0.2  # seconds between two looks at what is left
ADVICE = "set [schedule] timeout higher, or [train] budget lower"


def longest(config: Config) -> float:
    """The longest time of a run in seconds: `[schedule] timeout`, or what follows from `[train] budget`."""
    if config.schedule.timeout is not None:
        return parse_duration(config.schedule.timeout) / SECOND
    return (WITH_INPUTS if config.input else TIMES_BUDGET) * config.train.budget * 60 + BESIDE


def own_children() -> list[int]:
    """Ids of the processes that this process has started or adopted."""
    return children(os.getpid())


class Limit:
    """A limit of time that has passed or not.

    Args:
        seconds: longest time of the work.
        advice: sentence that says what to do about it.
    """

    def __init__(self, seconds: float, advice: str = ADVICE) -> None:
        self.text = f"the run took longer than {format_duration(round(seconds) * SECOND)} and was ended; {advice}"
        self.passed = threading.Event()

    def check(self) -> None:
        """Go on where there is time left.

        Raises:
            GatecastError: there is none.
        """
        if self.passed.is_set():
            raise GatecastError(self.text)


@contextmanager
def within(
    seconds: float,
    last_resort: Callable[[str], None],
    processes: Callable[[], list[int]] = own_children,
    grace: float = GRACE,
    advice: str = ADVICE,
) -> Iterator[Limit]:
    """Do work that may take so long; then every process that it has started is killed, again and again until it has ended.

    Args:
        seconds: longest time of the work.
        last_resort: function that ends this process, for work that does not end although its processes are gone; it gets the
            line to say.
        processes: function that returns the ids of the processes to kill.
        grace: seconds that the work has to end without its processes.
        advice: sentence that says what to do about it.

    Raises:
        GatecastError: the time is over; whatever the work has failed with then is a consequence.
    """
    limit, done = Limit(seconds, advice), threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        limit.passed.set()
        until = time.monotonic() + grace
        while not done.wait(PAUSE):
            for process in processes():
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            if time.monotonic() > until:
                last_resort(limit.text)
                return

    thread = threading.Thread(target=watch, name="limit", daemon=True)
    thread.start()
    try:
        yield limit
    except Exception as error:
        if limit.passed.is_set():
            raise GatecastError(limit.text) from error
        raise
    finally:
        done.set()
        thread.join()

"""The stages of a reading's way through the agent, and the CPU time that each takes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, unique


@unique
class Stage(Enum):
    """A stage; its value says what it is."""

    RECEIVE = "packets from the broker, and acknowledgements"
    INTAKE = "payloads to readings"
    ENGINE = "windows, closings, scores"
    FORECAST = "the model"
    ENCODE = "rows for the store"
    COMMIT = "spool, with journal"
    SEND = "spool to store"
    REST = "everything else"


class Stopwatch:
    """CPU time of the thread that makes it, divided among stages; a stage within another one counts for itself.

    Args:
        clock: function that gives the CPU time of the calling thread, seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock, self._owner = clock, threading.get_ident()
        self._seconds = dict.fromkeys(Stage, 0.0)
        self._stages = [Stage.REST]
        self._since = clock()

    @contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        """A block of a stage; in another thread it is not counted."""
        if threading.get_ident() != self._owner:
            yield
            return
        self._note()
        self._stages.append(stage)
        try:
            yield
        finally:
            self._note()
            self._stages.pop()

    def seconds(self) -> dict[Stage, float]:
        """What each stage took so far."""
        self._note()
        return dict(self._seconds)

    def _note(self) -> None:
        now = self._clock()
        self._seconds[self._stages[-1]] += now - self._since
        self._since = now


WORKERS = {"gatecast-mqtt": Stage.RECEIVE, "gatecast-sender": Stage.SEND}  # threads with one stage each


def seconds_of_process(watch: Stopwatch) -> dict[Stage, float]:
    """CPU time of the whole process by stage, that of its other threads included."""
    seconds = watch.seconds()
    for thread in threading.enumerate():
        if thread.name in WORKERS and thread.ident is not None:
            seconds[WORKERS[thread.name]] += time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    rest = time.process_time() - sum(seconds.values())
    return {**seconds, Stage.REST: seconds[Stage.REST] + rest}

"""Asked to end by a signal: the handler may have interrupted anything, so it must not need a lock, and must wake every wait.

`SimpleQueue.put` may be called there; an `Event` that the interrupted thread waits for may not. And in CPython 3.11 and
3.12 a `SimpleQueue.get` whose time is over when the handler returns waits for ever, unless there is something in the queue.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Protocol

GRACE = 20.0  # seconds; systemd waits 30 (TimeoutStopSec)


class Stop:
    """Whether the thread that takes signals is to end its work."""

    def __init__(self) -> None:
        self._bell: SimpleQueue[None] = SimpleQueue()
        self.asked = False

    def ask(self) -> None:
        """End; may be called by a signal handler, more than once."""
        self.asked = True
        self._bell.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait for at most so many seconds; returns whether to end."""
        if not self.asked:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
        return self.asked


class Lasting(Protocol):
    """What works until it is asked to stop."""

    def run(self) -> bool:
        """Work; returns whether to make another one in its place."""

    def stop(self) -> None:
        """End the work; may be called by a signal handler."""


class Lifetime:
    """The time between the start of the agent and its end: by a signal, or by the death of one of its threads.

    Args:
        log: function called with one line about the end.
        grace: seconds that the agent has for its end.
    """

    def __init__(self, log: Callable[[str], None], grace: float = GRACE) -> None:
        self._log, self._grace = log, grace
        self._died = self._asked = False
        self._agent: Lasting | None = None

    def died(self, line: str) -> None:
        """A thread died: the whole agent ends as after SIGTERM, and the supervisor starts it again; for any thread."""
        self._died = True
        try:
            self._log(f"{line}; the agent ends, so that it can be started again")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def spend(self, make: Callable[[], Lasting]) -> int:
        """Run the agent to its end, and another one in its place where it says so; for the main thread only.

        Args:
            make: function that makes an agent.

        Returns:
            0 after a signal, 1 where a thread died.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        with ends_within(self._grace, (signal.SIGTERM, signal.SIGINT), self._give_up):
            goes_on = True
            while goes_on and not self._asked:
                self._agent = make()
                goes_on = not self._asked and self._agent.run()
                self._agent = None  # two would take twice the memory
        if self._died:
            return 1
        self._log("stopped")
        return 0

    def _stop(self) -> None:
        self._asked, agent = True, self._agent
        if agent is not None:
            agent.stop()

    def _give_up(self) -> None:
        self._log(f"the agent hangs and does not stop within {self._grace:.0f} s; it is ended, nothing acknowledged is lost")
        os._exit(1)


@contextmanager
def ends_within(seconds: float, numbers: Collection[int], give_up: Callable[[], object]) -> Iterator[None]:
    """A block that has so many seconds to end after a signal; for the main thread only.

    Python's own handler does not run while the main thread is inside a library, but the system tells a socket at once.

    Args:
        seconds: time for the end, after the first of these signals.
        numbers: signals that begin the end; each needs a handler.
        give_up: function called by another thread if the block has not ended then.
    """
    hears, told = socket.socketpair()
    told.setblocking(False)
    ended = threading.Event()

    def watch() -> None:
        with hears:
            while (heard := hears.recv(1)) and heard[0] not in numbers:
                pass
            if heard and not ended.wait(seconds):
                give_up()

    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=watch, name="gatecast-stopping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        told.close()
        thread.join()

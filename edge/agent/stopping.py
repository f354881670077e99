"""Asked to end by a signal: the handler may have interrupted anything, so it must not need a lock, and must wake every wait.

`SimpleQueue.put` may be called there; an `Event` that the interrupted thread waits for may not. And in CPython 3.11 and
3.12 a `SimpleQueue.get` whose time is over when the handler returns waits for ever, unless there is something in the queue.
"""

import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

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
        """Wait, not longer than that; returns whether to end."""
        if not self.asked:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
        return self.asked


@contextmanager
def ends_within(seconds: float, numbers: Collection[int], give_up: Callable[[], object]) -> Iterator[None]:
    """A block that has so many seconds to end after a signal; for the main thread only.

    Python's own handler does not run while the main thread is inside a library, but the system tells a socket at once.

    Args:
        seconds: after the first of these signals.
        numbers: of the signals; each needs a handler.
        give_up: called by another thread if the block has not ended then.
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
    thread = threading.Thread(target=watch, name="ends_within", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        told.close()
        thread.join()

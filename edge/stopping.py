"""Asked to end by a signal: the handler may have interrupted anything, so it must not need a lock, and must wake every wait.

`SimpleQueue.put` may be called there; an `Event` that the interrupted thread waits for may not. And in CPython 3.11 and
3.12 a `SimpleQueue.get` whose time is over when the handler returns waits for ever, unless there is something in the queue.
"""

from contextlib import suppress
from queue import Empty, SimpleQueue


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

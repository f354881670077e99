"""How long to wait for another process: as long as it gets on, however slow the machine is."""

import time
from collections.abc import Callable

STALLED = 120.0  # seconds: what shows no progress for so long has stopped, on a machine four times slower too


class Patience:
    """Gives up where nothing has changed for too long, however long the whole takes.

    Args:
        seconds: time without a change after which it is given up.
        clock: function that returns seconds that only grow.
    """

    def __init__(self, seconds: float = STALLED, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._since = clock()
        self._best: float | None = None

    def lost(self, progress: float) -> bool:
        """Whether it is time to give up.

        Args:
            progress: number that grows as the other process gets on; one that falls and comes up again is no progress.
        """
        now = self._clock()
        if self._best is None or progress > self._best:
            self._best, self._since = progress, now
        return now - self._since > self.seconds

"""Lines about trouble that repeats: one a minute for each kind."""

import time
from collections.abc import Callable

from edge.quoting import without_secrets

SILENCE = 60.0  # seconds between two lines about the same kind of trouble


class Grumbler:
    """Says the same kind of thing at most once a minute.

    Args:
        log: function called with the line.
        clock: seconds, monotonic.
    """

    def __init__(self, log: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._said: dict[str, float] = {}
        self._swallowed: dict[str, int] = {}

    def say(self, kind: str, text: str) -> None:
        """Log the text, or count it where its kind was heard of within the last minute."""
        now = self._clock()
        if now - self._said.get(kind, -SILENCE) < SILENCE:
            self._swallowed[kind] = self._swallowed.get(kind, 0) + 1
            return
        self._said[kind] = now
        more = self._swallowed.pop(kind, 0)
        self._log(f"{kind}: {without_secrets(text)}" + (f" (and {more} more like it)" if more else ""))

"""Whether the clock may close intervals now. No I/O.

A reading that still waits in the broker must not find its interval closed, so the clock closes only when the queue is empty.
"""

import numpy as np

from edge.clock.trust import Trust
from edge.contract.columns import Readings
from edge.contract.times import SECOND

SETTLED = 2.0  # seconds after connecting in which messages the broker has kept begin to arrive


class ClosingClock:
    """What is known of the broker's queue.

    Args:
        trust: trust in our clock; looked at before every call.
        settled: seconds after connecting in which messages the broker has kept begin to arrive.
    """

    def __init__(self, trust: Trust, settled: float = SETTLED) -> None:
        self._trust, self._settled = trust, settled
        self._session = (-1, 0.0)
        self._caught_up = False

    def may_close(self, readings: Readings, session: int, interval: int, *, connected: bool) -> bool:
        """Whether the clock may close intervals at the last look: it was not set lately, and the broker's queue is empty.

        Once per connection everything the broker has kept must have come: there was a silence with everything
        acknowledged, or the stream is so busy that there is none, and its readings are as young as they are made.

        Args:
            readings: readings of the batch.
            session: number of the connection.
            interval: length of an interval, ns.
            connected: whether the broker has accepted us.
        """
        if self._trust.seen is None:
            return False
        now, moment = self._trust.seen
        if self._session[0] != session or not connected:
            self._session, self._caught_up = (session, moment), False
        if moment - self._session[1] < self._settled:
            self._caught_up = False
        elif len(readings):
            young = max(self._settled * SECOND, interval / 10)
            self._caught_up = self._caught_up or now - float(np.median(readings.time)) < young
        return self._caught_up and self._trust.calm

    def silence(self) -> None:
        """No message came, and everything before is acknowledged."""
        self._caught_up = True

    def stall(self) -> None:
        """Nothing can be acknowledged: the broker keeps what comes."""
        self._caught_up = False

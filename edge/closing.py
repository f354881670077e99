"""Whether the clock may close intervals now, and whether it can be believed. No I/O: whoever asks brings both clocks.

A clock that is ahead closes intervals for good, so it is watched: against the monotonic clock, which nobody sets, and
against the readings that come.
"""

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from edge.contract import SECOND, Readings, iso
from edge.intake import AHEAD, latest_time

SETTLED = 2.0  # seconds after connecting in which messages the broker has kept begin to arrive
STEP = 300.0  # seconds that the clock may gain or lose between two looks
STEADY = 600.0  # seconds without such a step after which the clock is believed


class ClosingClock:
    """What is known of the clock and of the broker's queue.

    Args:
        log: called with one line when the clock was set.
        moment: seconds, monotonic, as in every call.
    """

    def __init__(self, log: Callable[[str], None], moment: float) -> None:
        self._log = log
        self._since = moment
        self._seen: tuple[int, float] | None = None
        self._was_set = False
        self._session = (-1, 0.0)
        self._caught_up = False

    def look(self, now: int, moment: float) -> None:
        """Notice when somebody sets the clock.

        Args:
            now: ns UTC.
            moment: seconds, monotonic.
        """
        gained = 0.0 if self._seen is None else (now - self._seen[0]) / SECOND - (moment - self._seen[1])
        self._seen = now, moment
        if abs(gained) > STEP:
            self._since, self._was_set = moment, True
            way = "ahead" if gained > 0 else "back"
            self._log(
                f"clock: it was set {way} by {timedelta(seconds=round(abs(gained)))}; "
                f"it closes no interval for {STEADY / 60:g} minutes"
            )

    def fault(self, reached: int) -> str | None:
        """What to say where intervals are closed that no clock can have reached that was right; None where all is well.

        In this run or an earlier one: every reading that comes would be too late, until the time is there. Nothing is said
        before the clock has been steady for a while, for a gateway that has just started may still wait for the time.

        Args:
            reached: end of the newest closed interval, ns UTC.
        """
        if self._seen is None or not self._steady or reached <= latest_time(self._seen[0]) + AHEAD:
            return None
        ends = iso(reached), iso(self._seen[0])
        return f"clock: it has been ahead, up to {ends[0]}, and closed intervals; now it is {ends[1]}: all series start again"

    @property
    def _steady(self) -> bool:
        return self._seen is not None and self._seen[1] - self._since >= STEADY

    def may_close(self, readings: Readings, session: int, interval: int, *, connected: bool) -> bool:
        """Whether the clock may close intervals at the last look: it was not set lately, and the broker's queue is empty.

        Once per connection everything the broker has kept must have come: there was a silence with everything
        acknowledged, or the stream is so busy that there is none, and its readings are as young as they are made.

        Args:
            readings: of the batch.
            session: number of the connection.
            interval: ns.
            connected: whether the broker has accepted us.
        """
        if self._seen is None:
            return False
        now, moment = self._seen
        if self._session[0] != session or not connected:
            self._session, self._caught_up = (session, moment), False
        if moment - self._session[1] < SETTLED:
            self._caught_up = False
        elif len(readings):
            young = max(SETTLED * SECOND, interval / 10)
            self._caught_up = self._caught_up or now - float(np.median(readings.time)) < young
        return self._caught_up and (self._steady or not self._was_set)

    def silence(self) -> None:
        """No message came, and everything before is acknowledged."""
        self._caught_up = True

    def stall(self) -> None:
        """Nothing can be acknowledged: the broker keeps what comes."""
        self._caught_up = False

"""Slots that come back: a series that no window and no forecast waits for any more has nothing to lose by giving up its own.

No I/O.
"""

from collections.abc import Callable

import numpy as np

from edge.contract.columns import Int32, Int64

SCARCE = 10  # where fewer than one of so many slots are free, silent series give theirs back, and names must come again
PAUSE = 600.0  # seconds from one beginning to the next, and from the start to the first
AGAIN = 60.0  # seconds from one look for silent series to the next
WORTH = 100  # one of so many slots at least has to come back; else the whole state would be written for a few


def scarce(taken: int, most: int) -> bool:
    """Whether so few slots are free that they are for series that come again, and those of silent series are wanted back."""
    return (most - taken) * SCARCE < most


def staying(last_heard: Int64, most: int, now: int, needed: int, waiting: Int32) -> Int32 | None:
    """The series that keep their slots, int32 `[n]` in their order; None where all do.

    Args:
        last_heard: time of the latest reading of each series, ns UTC; far in the past where there was none.
        most: number of slots.
        now: our clock or the newest reading of any series, whichever is earlier, ns UTC: a clock that is ahead takes no slot of
            a series that is heard, nor does a right one in a fleet whose readings come days later.
        needed: time after its last reading in which a series has a window, or a forecast that waits for its fact, ns.
        waiting: series of readings that wait, which are as good as heard.
    """
    if not scarce(len(last_heard), most):
        return None
    stays = last_heard >= now - needed
    stays[waiting] = True
    kept = np.flatnonzero(stays).astype(np.int32)
    return kept if (len(stays) - len(kept)) * WORTH >= most else None


class Beginning:
    """When a running agent is to begin again, as after a restart, so that slots of silent series come back.

    Args:
        lacking: function that says whether a series lacked a slot of late.
        worth: function that says whether enough slots would come back.
        log: function called with one line when it is time.
        moment: function that gives seconds, monotonic.
    """

    def __init__(
        self, lacking: Callable[[], bool], worth: Callable[[], bool], log: Callable[[str], None], moment: Callable[[], float]
    ) -> None:
        self._lacking, self._worth, self._log, self._moment = lacking, worth, log, moment
        self._next = moment() + PAUSE

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        now = self._moment()
        if now < self._next or not self._lacking():
            return False
        self._next = now + AGAIN
        is_due = self._worth()
        if is_due:
            self._log("the agent begins again within this process: slots of silent series go to others")
        return is_due

"""Readings from ahead of our clock: they are in the store, and wait until they may close intervals."""

from edge.contract.columns import Int32, Readings
from edge.contract.times import EARLIEST, LATEST

ROOM = 16_384  # readings; of more the newest wait


class Hold:
    """Readings that wait, in order of arrival.

    Args:
        waiting: readings that waited at the end of the last run.
        room: number of readings that wait at most.
    """

    def __init__(self, waiting: Readings, room: int = ROOM) -> None:
        self.waiting, self._room = waiting, room

    def __len__(self) -> int:
        """How many wait."""
        return len(self.waiting)

    def take(self, more: Readings) -> None:
        """Let these wait as well."""
        self.exchange(more, EARLIEST)

    def keep(self, series: Int32) -> None:
        """Keep the readings of some series alone, each under its place among these."""
        self.waiting = self.waiting.among(series)

    def exchange(self, more: Readings, latest: int, *, most: int = LATEST) -> Readings:
        """Take more in, and let out what counts by now.

        Where there is no room for all of them the oldest go first. They count at once where they can be right, since no window
        may lack them; while nobody knows what time it is they are in the store only.

        Args:
            more: readings to wait.
            latest: the latest time that counts, ns UTC.
            most: the latest time that can be right, ns UTC; what is later is a sensor's mistake, and waits no longer.
        """
        ripe = self.waiting.time <= latest
        ready = self.waiting.take(ripe)
        if len(more) or len(ready):
            self.waiting = Readings.concatenate([self.waiting.take(~ripe), more])
        if len(self.waiting) and (wrong := self.waiting.time > most).any():
            self.waiting = self.waiting.take(~wrong)
        if (beyond := len(self.waiting) - self._room) > 0:
            oldest, self.waiting = self.waiting.take(slice(0, beyond)), self.waiting.take(slice(beyond, None))
            if most < LATEST:
                ready = Readings.concatenate([ready, oldest])
        return ready


def first_beyond(now: int, interval: int, lateness: int) -> int:
    """The first time of a reading that would close an interval which has not passed, ns UTC.

    A sensor whose clock is ahead would close its own intervals before their readings have come, and be silent until our clock
    is there.

    Args:
        now: our clock, ns UTC.
        interval: length of an interval, ns.
        lateness: time after the end of an interval in which its readings may still arrive, ns.
    """
    return (now // interval + 1) * interval + lateness

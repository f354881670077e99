"""Readings from ahead of a clock that has not proved itself: they are in the store, and wait until they may close intervals."""

from edge.contract.columns import Readings

ROOM = 16_384  # readings; of more the newest wait, the others are only in the store


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

    def exchange(self, more: Readings, latest: int, *, proved: bool) -> Readings:
        """Take more in, and let out what counts by now.

        Args:
            more: readings to wait.
            latest: the latest time that counts, ns UTC.
            proved: whether what is later than that is a sensor's mistake, and need not wait any longer.
        """
        ripe = self.waiting.time <= latest
        ready = self.waiting.take(ripe)
        if len(more) or len(ready):
            self.waiting = Readings.concatenate([self.waiting.take(~ripe), more]).take(slice(-self._room, None))
        if proved and len(self.waiting):
            self.waiting = Readings.empty()
        return ready

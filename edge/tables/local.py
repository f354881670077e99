"""Times of rows that name no zone become moments, in the order of the rows."""

from dataclasses import replace

import numpy as np

from edge.contract.columns import Bool, Int64, Readings
from edge.contract.times import SECOND
from edge.contract.zones import RowOrder, Zone
from edge.tables.notes import Notes


class LocalTimes:
    """Gives readings of a file their moments.

    Args:
        timezone: name of the zone of times that name none; empty: UTC.
        notes: notes that get the times which do not exist.

    Raises:
        ConfigurationError: there is no such zone.
    """

    def __init__(self, timezone: str, notes: Notes) -> None:
        self._order = RowOrder(Zone(timezone)) if timezone else None
        self._notes = notes
        notes.zone = timezone

    def resolve(self, readings: Readings, zoned: Bool) -> tuple[Readings, Int64]:
        """The readings at their moments; those at times that do not exist are left out and counted.

        Args:
            readings: readings that follow those of the last call, in the order of the file for each series.
            zoned: whether a time is UTC already, bool `[n]`; the others are clocks on the wall.

        Returns:
            Readings that are left, and their rows among those given, int64 `[kept]`.
        """
        every = np.arange(len(readings))
        local = np.flatnonzero(~zoned)
        self._notes.zoneless += len(local)
        if self._order is None or not len(local):
            return readings, every
        moments, absent = self._order.moments(readings.series[local], readings.time[local])
        time = readings.time.copy()
        time[local] = moments
        if not absent.any():
            return replace(readings, time=time), every
        wall = np.datetime64(int(readings.time[local[absent][0]]) // SECOND, "s")
        words = f"times that do not exist in {self._order.zone.name}, as clocks are put forward then"
        self._notes.leave_out(words, int(absent.sum()), f"{wall}")
        kept = np.delete(every, local[absent])
        return replace(readings, time=time).take(kept), kept

"""Series beyond `max_series`: which of them go into the store all the same, and their readings. No I/O.

A reading needs no window, so it is stored as it came, and nothing is forecast. What somebody who invents names can add to the
store is limited, and so is what is remembered of a name.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from edge.contract.columns import Points, Readings, SeriesTable

DAY = 86_400.0  # seconds without a reading, after which a series makes room for another one
REMEMBERED = 1 << 18  # names that were refused of late; each takes eight bytes
ROW = 8  # of them that share a row, which the oldest leaves


@dataclass(frozen=True, slots=True)
class Stray:
    """A reading whose series has no slot.

    Args:
        name: name of the series.
        tags: tags of the series.
        time: moment of the measurement, ns UTC.
        value: measured value.
    """

    name: str
    tags: Mapping[str, str]
    time: int
    value: float


class Beyond:
    """The series without a slot, and their readings that are to be stored.

    There is room for as many series as have a slot. One half of it takes any series. The other half takes those that come
    again, as a sensor does and a name that was made up for one message does not. A series that is silent for a day makes room
    where room is needed, in the whole or among those of its topic.

    Args:
        most: largest number of series that are stored without a slot.
        few: largest number of them that one topic may bring.
        moment: function that gives seconds, monotonic.
        remembered: number of names that were refused of late and are known again.
    """

    def __init__(self, most: int, few: int, moment: Callable[[], float], remembered: int = REMEMBERED) -> None:
        self._most, self._few, self._moment, self._remembered = most, few, moment, remembered
        # By what is stored of each: the topic that brought it; of each topic: the moment of the last reading of its series. In
        # both, the series that is silent for the longest time comes first.
        self._series: OrderedDict[int, int] = OrderedDict()
        self._brought: dict[int, OrderedDict[int, float]] = {}
        self._refused = np.zeros((0, ROW), np.int64)
        self._untold: set[int] = set()  # those that were admitted quietly
        self._strays: list[Stray] = []
        self.latest = 0  # latest time of a reading that was stored, ns UTC
        self.newest: str | None = None  # the first series that became known here since somebody took note

    def __len__(self) -> int:
        """Number of series without a slot that are known."""
        return len(self._series)

    def knows(self, series: Iterable[tuple[str, Mapping[str, str]]]) -> bool:
        """Whether readings of all these series were stored before.

        Args:
            series: name and tags of each.
        """
        return all(_key(name, tags) in self._series for name, tags in series)

    def admit(self, topic: str, series: Sequence[tuple[str, Mapping[str, str]]], *, quietly: bool = False) -> bool:
        """Whether readings of all these series of a message may be stored; none of them may where one may not.

        Args:
            topic: topic of the message.
            series: name and tags of each.
            quietly: whether `newest` tells nothing of them before they are admitted otherwise.
        """
        now, source = self._moment(), hash(topic)
        names = {_key(name, tags): name for name, tags in series}
        new = [key for key in names if key not in self._series]
        for key in names.keys() - set(new):  # before others make room, or these would be among them
            self._hear(key, self._series[key], now)
        if new and not self._has_room(new, source, now):
            return False
        for key in new:
            self._hear(key, source, now)
        untold = names.keys() & self._untold
        if quietly:
            self._untold.update(new)
        elif untold or new:
            self._untold -= untold
            self.newest = self.newest or names[min(untold) if untold else new[0]]
        return True

    def add(self, strays: Sequence[Stray]) -> None:
        """Let readings of series that were admitted wait for the next commit."""
        self._strays += strays
        self.latest = max((self.latest, *(stray.time for stray in strays)))

    def take(self) -> tuple[list[Points], SeriesTable]:
        """The readings that wait, as rows for the store with a table of their own series; they wait no longer."""
        strays, self._strays = self._strays, []
        table = SeriesTable()
        owners = [table.add(stray.name, dict(stray.tags)) for stray in strays]
        readings = Readings.of(owners, [stray.time for stray in strays], [stray.value for stray in strays])
        return [Points.of_readings(readings)] if strays else [], table

    def _hear(self, key: int, source: int, now: float) -> None:
        brought = self._brought.setdefault(source, OrderedDict())
        self._series[key], brought[key] = source, now
        self._series.move_to_end(key)
        brought.move_to_end(key)

    def _has_room(self, new: Sequence[int], source: int, now: float) -> bool:
        """Whether there is room, or can be made; nothing is forgotten where that is not enough."""
        room = self._most if self._come_again(new) else self._most - self._most // 2
        brought: Mapping[int, float] = self._brought.get(source, {})
        if len(new) > min(room, self._few):
            return False
        own = self._silent(brought, len(brought) + len(new) - self._few, now)
        if own is None:
            return False
        others = (key for key in self._series if key not in own)
        more = self._silent(others, len(self._series) - len(own) + len(new) - room, now)
        if more is None:
            return False
        for key in own | more:
            self._forget(key)
        return True

    def _silent(self, keys: Iterable[int], count: int, now: float) -> set[int] | None:
        """The first so many series, if all of them have been silent for a day; else None."""
        silent: set[int] = set()
        for key in islice(keys, max(0, count)):
            if now - self._brought[self._series[key]][key] < DAY:
                return None
            silent.add(key)
        return silent

    def _come_again(self, keys: Sequence[int]) -> bool:
        """Whether all of these series were refused of late; the next time they were."""
        if not len(self._refused):
            self._refused = np.zeros((max(1, self._remembered // ROW), ROW), np.int64)
        rows = [self._refused[key % len(self._refused)] for key in keys]
        known = [key in row for key, row in zip(keys, rows, strict=True)]
        for key, row, was_known in zip(keys, rows, known, strict=True):
            if not was_known:
                row[1:] = row[:-1]
                row[0] = key
        return all(known)

    def _forget(self, key: int) -> None:
        self._untold.discard(key)
        source = self._series.pop(key)
        del self._brought[source][key]
        if not self._brought[source]:
            del self._brought[source]


def _key(name: str, tags: Mapping[str, str]) -> int:
    """A number for what a store keeps of a series: its name with its tags."""
    return hash((name, *sorted(tags.items())))

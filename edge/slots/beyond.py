"""Series beyond `max_series`: which of them go into the store all the same, and their readings. No I/O.

A reading needs no window, so it is stored as it came, and nothing is forecast. What somebody who invents names can add to the
store is limited, and so is what is remembered of a name.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Points, Readings, SeriesTable

DAY = 86_400.0  # seconds without a reading, after which a series makes room for another one
REMEMBERED = 1 << 18  # names that were refused of late; each takes eight bytes


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


@dataclass(slots=True)
class _Series:
    """What is remembered of a series without a slot.

    Args:
        heard: moment of its last reading, seconds.
        topic: number of the topic that brought it.
    """

    heard: float
    topic: int


class Beyond:
    """The series without a slot, and their readings that are to be stored.

    There is room for as many series as have a slot. One half of it takes any series. The other half takes those that come
    again, as a sensor does and a name that was made up for one message does not. A series that is silent for a day makes room.

    Args:
        most: largest number of series that are stored without a slot.
        few: largest number of them that one topic may bring.
        moment: function that gives seconds, monotonic.
        remembered: number of names that were refused of late and are known again.
    """

    def __init__(self, most: int, few: int, moment: Callable[[], float], remembered: int = REMEMBERED) -> None:
        self._most, self._few, self._moment, self._remembered = most, few, moment, remembered
        self._series: OrderedDict[int, _Series] = OrderedDict()  # by what is stored of it, the one longest silent first
        self._brought: dict[int, int] = {}  # series by topic
        self._refused = np.zeros(0, np.int64)
        self._strays: list[Stray] = []
        self.newest: str | None = None  # the first series that became known here since somebody took note

    def __len__(self) -> int:
        """Number of series without a slot that are known."""
        return len(self._series)

    def admit(self, topic: str, series: Sequence[tuple[str, Mapping[str, str]]]) -> bool:
        """Whether readings of all these series of a message may be stored; none of them may where one may not.

        Args:
            topic: topic of the message.
            series: name and tags of each.
        """
        now, source = self._moment(), hash(topic)
        names = {_key(name, tags): name for name, tags in series}
        new = [key for key in names if key not in self._series]
        for key in names.keys() - set(new):  # before others make room, or these would be among them
            self._series[key].heard = now
            self._series.move_to_end(key)
        if new and not self._has_room(new, self._brought.get(source, 0) + len(new), now):
            return False
        for key in new:
            self._brought[source] = self._brought.get(source, 0) + 1
            self._series[key] = _Series(now, source)
            self.newest = self.newest or names[key]
        return True

    def add(self, strays: Sequence[Stray]) -> None:
        """Let readings of series that were admitted wait for the next commit."""
        self._strays += strays

    def take(self) -> tuple[list[Points], SeriesTable]:
        """The readings that wait, as rows for the store with a table of their own series; they wait no longer."""
        strays, self._strays = self._strays, []
        table = SeriesTable()
        owners = [table.add(stray.name, dict(stray.tags)) for stray in strays]
        readings = Readings.of(owners, [stray.time for stray in strays], [stray.value for stray in strays])
        return [Points.of_readings(readings)] if strays else [], table

    def _has_room(self, new: Sequence[int], brought: int, now: float) -> bool:
        if brought > self._few:
            return False
        known = sum(self._came_before(key) for key in new)
        room = self._most if known == len(new) else self._most - self._most // 2
        while len(self._series) + len(new) > room and self._series:
            key, oldest = next(iter(self._series.items()))
            if now - oldest.heard < DAY:
                return False
            self._forget(key)
        return len(new) <= room

    def _came_before(self, key: int) -> bool:
        """Whether a series was refused of late; the next time it was."""
        if not len(self._refused):
            self._refused = np.zeros(self._remembered, np.int64)
        number = key % len(self._refused)
        before = bool(self._refused[number] == key)
        self._refused[number] = key
        return before

    def _forget(self, key: int) -> None:
        source = self._series.pop(key).topic
        self._brought[source] -= 1
        if not self._brought[source]:
            del self._brought[source]


def _key(name: str, tags: Mapping[str, str]) -> int:
    """A number for what a store keeps of a series: its name with its tags."""
    return hash((name, *sorted(tags.items())))

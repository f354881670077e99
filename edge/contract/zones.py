"""Local times and the moments that they stand for, with the hour that comes twice and the hour that does not exist. No I/O.

A clock that follows a zone is put back in autumn: the times of one hour come twice. It is put forward in spring: the times of
one hour do not exist. A message is resolved by its arrival (`Zone.moment`), the rows of a file by their order (`RowOrder`).
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np

from edge.contract.columns import Bool, Int32, Int64
from edge.contract.grid import group_starts
from edge.contract.times import DAY, READABLE, SECOND
from edge.errors import ConfigurationError, PayloadError
from edge.quoting import quoted

EXAMPLES = "Europe/Berlin, America/New_York, UTC or +01:00"
_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):?([0-5][0-9])")
_WIDEST = 2 * DAY  # no offset is so large
_SPAN = 400 * DAY  # the table of changes grows by at least so much


class Zone:
    """A time zone: the rules by which local times become moments.

    Args:
        name: name in the zone database, such as `Europe/Berlin`, or an offset from UTC, such as `+01:00`.

    Raises:
        ConfigurationError: there is no such zone.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._rules = _rules_of(name)
        self._start = self._stop = 0  # local times, ns, that the table of changes covers
        self._changes: Int64 = np.zeros(0, np.int64)  # moments at which the offset changes, ns UTC
        self._offsets: Int64 = np.zeros(1, np.int64)  # offset before, between and after the changes, ns

    def moment(self, local: int, near: int) -> int:
        """The moment of one local time; of a time that comes twice the moment that is nearer to another one.

        Args:
            local: date and time of the clock on the wall, ns since 1970 as if it were UTC.
            near: moment close to which the time was written, such as the arrival of its message, ns UTC.

        Returns:
            Moment, ns UTC.

        Raises:
            PayloadError: a time that does not exist in this zone, or lies outside of the calendar (`bad_time`).
        """
        try:
            wall = datetime.fromtimestamp(local // SECOND, UTC).replace(tzinfo=self._rules)
            early, late = (local - _nanoseconds(wall.replace(fold=fold).utcoffset()) for fold in (0, 1))
        except (OverflowError, ValueError, OSError) as error:
            raise PayloadError("bad_time", f"a time outside of the calendar has no moment in {self.name}") from error
        if early > late:
            raise PayloadError(
                "bad_time", f"{wall:%Y-%m-%dT%H:%M:%S} does not exist in {self.name}: clocks are put forward then"
            )
        return early if abs(early - near) <= abs(late - near) else late

    def both(self, local: Int64) -> tuple[Int64, Int64]:
        """The two moments that each local time may stand for.

        Args:
            local: times of the clock on the wall, ns since 1970 as if they were UTC, int64 `[n]`, years 1700 to 2250.

        Returns:
            Earlier and later moment, ns UTC, int64 `[n]` each: the same where the time comes once, the first above the second
            where it does not exist.
        """
        if not len(local):
            return local, local
        self._cover(int(local.min()), int(local.max()))
        before, after = self._offsets[:-1], self._offsets[1:]
        early = local - self._offsets[np.searchsorted(self._changes + np.maximum(before, after), local, "right")]
        late = local - self._offsets[np.searchsorted(self._changes + np.minimum(before, after), local, "right")]
        return early, late

    def between(self, first: int, last: int) -> tuple[Int64, Int64]:
        """How the clock is put forward and back in a span of time.

        Args:
            first: a moment of the years 1700 to 2250, ns UTC.
            last: a later one.

        Returns:
            Moments in the span at which the offset from UTC changes, ns UTC, int64 `[n]`, and the offset before, between and
            after them, ns, int64 `[n + 1]`.
        """
        self._cover(first - _WIDEST, last + _WIDEST)
        start, stop = np.searchsorted(self._changes, [first, last]).tolist()
        return self._changes[start:stop], self._offsets[start : stop + 1]

    def _cover(self, first: int, last: int) -> None:
        """Make the table of changes reach beyond these local times."""
        if self._start < self._stop and self._start <= first and last < self._stop:
            return
        if self._start < self._stop:
            first, last = min(first, self._start), max(last, self._stop)
        start, stop = max(first, READABLE[0]) - _SPAN, min(last, READABLE[1]) + _SPAN
        changes, offsets = [], [self._offset(start)]
        for day in range(start, stop, DAY):
            end = min(day + DAY, stop)
            offset = self._offset(end)
            if offset != offsets[-1]:
                changes.append(self._change(day, end))
                offsets.append(offset)
        self._changes, self._offsets = np.array(changes, np.int64), np.array(offsets, np.int64)
        self._start, self._stop = start + 2 * DAY, stop - 2 * DAY

    def _change(self, before: int, after: int) -> int:
        """The first second of the new offset, ns UTC; the old one holds at `before`, the new one at `after`."""
        low, high, offset = before // SECOND, after // SECOND, self._offset(before)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle * SECOND) == offset else (low, middle)
        return high * SECOND

    def _offset(self, moment: int) -> int:
        return _nanoseconds(datetime.fromtimestamp(moment // SECOND, UTC).astimezone(self._rules).utcoffset())


class RowOrder:
    """Moments of the rows of a file in local time: the order of the rows of each series tells which half of a repeated hour.

    In a file from old to new the first pass through the hour is summer time and the second winter time, in one from new to old
    the other way round. A row of that hour that has none of its series before it counts as the beginning of a file from old
    to new. The result does not depend on how the rows are cut into batches.

    Args:
        zone: zone of the local times.
    """

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self._before: dict[int, int] = {}  # moment of the last row of each series
        self._falling: set[int] = set()  # series that come from new to old

    def moments(self, series: Int32, local: Int64) -> tuple[Int64, Bool]:
        """The moments of some rows, which follow those of the last call.

        Args:
            series: index of the series of each row, int32 `[n]`.
            local: time of the clock on the wall, ns since 1970 as if it were UTC, int64 `[n]`, between the years 1700 and 2250.

        Returns:
            Moments, ns UTC, int64 `[n]`, and which of the times do not exist, bool `[n]`; a moment of these means nothing.
        """
        order = np.argsort(series, kind="stable")
        owner = series[order]
        early, late = self.zone.both(local[order])
        chosen, missing = early.copy(), early > late
        starts = np.zeros(len(owner), bool)
        starts[group_starts(owner)] = True
        for row in np.flatnonzero(early < late).tolist():
            name = int(owner[row])
            before = self._before.get(name) if starts[row] else int(chosen[row - 1])
            chosen[row] = self._choice(name, before, int(early[row]), int(late[row]))
        ends = np.append(group_starts(owner)[1:], len(owner)) - 1 if len(owner) else np.zeros(0, np.int64)
        self._before.update(zip(owner[ends].tolist(), chosen[ends].tolist(), strict=True))
        moments, absent = np.empty_like(chosen), np.empty_like(missing)
        moments[order], absent[order] = chosen, missing
        return moments, absent

    def _choice(self, series: int, before: int | None, early: int, late: int) -> int:
        """The moment of a time that comes twice, after a row of the same series at another moment."""
        if before is None or before < early:
            self._falling.discard(series)
            return early
        if before > late:
            self._falling.add(series)
        return early if series in self._falling and before <= late else late


def _rules_of(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        sign = -1 if offset[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = {zone.lower(): zone for zone in available_timezones()}
        near = get_close_matches(name.lower(), [*known, *(zone.rpartition("/")[2] for zone in known)], 1, 0.8)
        full = [zone for low, zone in known.items() if near and (low == near[0] or low.endswith(f"/{near[0]}"))]
        advice = (
            f"; did you mean {min(full, key=len)}?" if full else f"; write a name of the zone database or an offset: {EXAMPLES}"
        )
        raise ConfigurationError(f"{quoted(name)} is no time zone{advice}") from error


def _nanoseconds(offset: timedelta | None) -> int:
    return 0 if offset is None else round(offset / timedelta(microseconds=1)) * 1000

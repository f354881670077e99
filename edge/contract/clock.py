"""What the clock knows of the moments that a forecast is for: local time of day, day of the week, holidays. No I/O.

The trainer writes the changes of the local clock and the dates of holidays into the bundle. So both sides compute from the same
lists, and a device needs neither a calendar of holidays nor the newest rules of its time zone.
"""

from collections.abc import Iterable
from datetime import date
from typing import Self

import msgspec
import numpy as np

from edge.contract.columns import Float32, Int64
from edge.contract.times import DAY
from edge.contract.zones import Zone
from edge.errors import ConfigurationError

FEATURES = ("sine of the day", "cosine of the day", "sine of the week", "cosine of the week")
HOLIDAY = "holiday"
EPOCH = date(1970, 1, 1)
THURSDAY = 3  # the day of the week of 1970-01-01, counted from Monday
LONGEST_OFFSET = 2 * DAY  # no zone is so far from UTC
MOST_LISTED = 20_000  # dates or changes


class Clock(msgspec.Struct, frozen=True, tag_field="kind", tag="clock"):
    """A clock on a wall, and the holidays of the place that it hangs in.

    Args:
        time_zone: name of its zone, for people; the offsets are what counts.
        changes: moments at which its offset from UTC changes, ns UTC, in order.
        offsets: offset before, between and after the changes, ns.
        holidays: local dates of holidays, days since 1970-01-01, in order.

    Raises:
        ConfigurationError: lists of other lengths, out of order or out of range.
    """

    time_zone: str = "UTC"
    changes: tuple[int, ...] = ()
    offsets: tuple[int, ...] = (0,)
    holidays: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse lists that say nothing or too much."""
        if len(self.offsets) != len(self.changes) + 1 or any(abs(offset) > LONGEST_OFFSET for offset in self.offsets):
            raise ConfigurationError(
                f"a clock with {len(self.changes)} changes has one offset more, each below two days; got {len(self.offsets)}"
            )
        for name, listed in (("changes", self.changes), ("holidays", self.holidays)):
            if len(listed) > MOST_LISTED or list(listed) != sorted(set(listed)):
                raise ConfigurationError(f"the {name} of a clock must ascend, at most {MOST_LISTED:,}; got {len(listed)}")

    @classmethod
    def of(cls, time_zone: str, first: int, last: int, holidays: Iterable[date] = ()) -> Self:
        """The clock of a time zone, as far as its rules are known for a span of time.

        Args:
            time_zone: name in the zone database, such as `Europe/Berlin`, or an offset from UTC, such as `+01:00`.
            first: first moment that anything is asked of, ns UTC.
            last: last one; later moments have the offset of that one.
            holidays: local dates of holidays.

        Raises:
            ConfigurationError: there is no such zone.
        """
        changes, offsets = Zone(time_zone).between(first, last)
        days = {(day - EPOCH).days for day in holidays}
        return cls(time_zone, tuple(changes.tolist()), tuple(offsets.tolist()), tuple(sorted(days)))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of what it tells of a moment, in the order of the columns."""
        return (*FEATURES, HOLIDAY) if self.holidays else FEATURES

    def at(self, moments: Int64) -> Float32:
        """What it tells of some moments, float32 `[..., features]`.

        Args:
            moments: ns UTC, int64 `[...]`.
        """
        offsets = np.asarray(self.offsets, np.int64)
        local = moments + offsets[np.searchsorted(np.asarray(self.changes, np.int64), moments, "right")]
        date, time = np.divmod(local, DAY)
        day = time / DAY
        week = ((date + THURSDAY) % 7 + day) / 7
        told = [wave(2 * np.pi * phase) for phase in (day, week) for wave in (np.sin, np.cos)]
        if self.holidays:
            told.append(np.isin(date, np.asarray(self.holidays, np.int64)))
        return np.stack(told, axis=-1).astype(np.float32)

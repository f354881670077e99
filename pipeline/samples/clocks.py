"""What the times in payloads are, told by arrival: moments, the clock on a wall, or a clock that is wrong."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from edge.contract.times import SECOND, parse_time
from edge.errors import PayloadError
from pipeline.samples.leaves import Leaf

QUARTER = 900 * SECOND  # zones are whole quarter hours from UTC
SLACK = 120 * SECOND  # between measurement and arrival, and by which a clock may be off
NEAREST = 3600 * SECOND  # no zone but UTC is nearer to UTC than that
AHEAD = 600 * SECOND  # a time that lies further ahead of arrival is not taken by the agent
MOST = 0.8  # share of the topics that must agree
ZONED = ("z", "utc", "gmt")


class Clock(Enum):
    """What the times of a shape are.

    Args:
        MOMENT: moments, which need no setting.
        WALL: the clock on a wall that names no zone, a whole number of quarter hours from UTC.
        SHIFTED: times that name their zone, or Unix times, and lie a whole number of quarter hours ahead all the same.
        AHEAD: times that lie ahead of arrival in another way; the agent would skip them.
        UNKNOWN: nothing was published live, so nothing can be said.
    """

    MOMENT = "moment"
    WALL = "wall"
    SHIFTED = "shifted"
    AHEAD = "ahead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """The clock of a shape.

    Args:
        clock: its kind.
        offset: ns by which its times lie ahead of UTC.
        others: topics whose clock is another one.
    """

    clock: Clock
    offset: int
    others: tuple[str, ...] = ()


def offset_of(times: Sequence[tuple[Leaf, int]]) -> int | None:
    """How far the times of a topic lie ahead of arrival, ns: the median; None without a time that can be read.

    Args:
        times: time and arrival (ns UTC) of live messages.
    """
    offsets = []
    for value, arrival in times:
        try:
            offsets.append(parse_time(value) - arrival)
        except PayloadError:
            continue
    return sorted(offsets)[len(offsets) // 2] if offsets else None


def names_a_zone(value: Leaf) -> bool:
    """Whether a time says from which zone it is; a Unix time is from UTC."""
    if not isinstance(value, str) or value.replace(".", "", 1).isdigit():
        return True
    clock = value.lower().strip()[10:]
    return clock.endswith(ZONED) or "+" in clock or "-" in clock


def judge(topics: Sequence[tuple[str, Sequence[tuple[Leaf, int]]]]) -> Judged:
    """The clock that most topics of a shape have.

    Args:
        topics: name of each topic, with time and arrival of its live messages.
    """
    judged: dict[str, tuple[Clock, int]] = {}
    for name, times in topics:
        offset = offset_of(times)
        if offset is not None:
            judged[name] = _clock(offset, zoned=names_a_zone(times[0][0]))
    if not judged:
        return Judged(Clock.UNKNOWN, 0)
    (clock, offset), _ = Counter(judged.values()).most_common(1)[0]
    return Judged(clock, offset, tuple(name for name, other in judged.items() if other != (clock, offset)))


def _clock(offset: int, *, zoned: bool) -> tuple[Clock, int]:
    quarters = round(offset / QUARTER) * QUARTER
    if abs(quarters) >= NEAREST and abs(offset - quarters) <= SLACK and not (zoned and offset < 0):
        return (Clock.SHIFTED if zoned else Clock.WALL), quarters
    return (Clock.AHEAD, 0) if offset > AHEAD else (Clock.MOMENT, 0)


def zone_text(offset: int) -> str:
    """An offset from UTC as `timezone` takes it, such as `+02:00`."""
    minutes = abs(offset) // (60 * SECOND)
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"

"""Several streams of readings as one, in order of time, with one rule for what two of them have in common.

The rule: of a series, an hour (UTC) comes from one stream, the first that has a reading in it. So nothing counts twice where
two databases hold the same measurements under slightly different times, and gaps of one are filled from the other.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from edge.contract.columns import Bool, Int64, Readings
from edge.contract.times import SECOND

HOUR = 3600 * SECOND
END = np.iinfo(np.int64).max
ROOM = 1 << 32  # hours that a key has room for


def join(streams: Sequence[Iterable[Readings]]) -> Iterator[Readings]:
    """The readings of several streams; of a series and an hour those of the first stream that has one.

    Args:
        streams: pages of readings, each stream in order of time, the most trusted stream first; all of them use one table of
            series.

    Returns:
        Pages in order of time.
    """
    if len(streams) < 2:
        return iter(streams[0] if streams else ())
    return map(_in_order, map(_first_of_each_hour, aligned(streams, HOUR)))


def merge(streams: Sequence[Iterable[Readings]]) -> Iterator[Readings]:
    """The readings of several streams in order of time, each stream in that order itself."""
    return map(_in_order, aligned(streams))


def aligned(streams: Sequence[Iterable[Readings]], block: int = 1) -> Iterator[list[Readings]]:
    """Readings of several streams in step: what each of them has of the same span of time; a page of each is in memory.

    Args:
        streams: pages of readings, each stream in order of time.
        block: length of time that no step cuts in two, ns.

    Returns:
        A part for each stream, in their order; at least one has a row.
    """
    pages = [iter(stream) for stream in streams]
    waiting = [Readings.empty() for _ in streams]
    complete = dict.fromkeys(range(len(streams)), -END)  # moments before which a stream that goes on has given everything
    while complete:
        behind = min(complete, key=complete.__getitem__)
        page = next(pages[behind], None)
        if page is None:
            del complete[behind]
        elif len(page):
            waiting[behind] = Readings.concatenate([waiting[behind], page])
            complete[behind] = int(page.time[-1]) // block * block
        bound = min(complete.values(), default=END)
        ready = [int(np.searchsorted(part.time, bound, "left" if complete else "right")) for part in waiting]
        if any(ready):
            yield [part.take(slice(0, count)) for part, count in zip(waiting, ready, strict=True)]
            waiting = [part.take(slice(count, None)) for part, count in zip(waiting, ready, strict=True)]


def hours(readings: Readings) -> Int64:
    """Series and hour of every reading as one number, int64 `[n]`."""
    return readings.series * np.int64(ROOM) + readings.time // HOUR


def _first_of_each_hour(parts: Sequence[Readings]) -> list[Readings]:
    """The parts without the rows of hours that an earlier part has of the same series."""
    taken: Int64 = np.zeros(0, np.int64)
    kept = []
    for part in parts:
        keys = hours(part)
        fresh: Bool = ~np.isin(keys, taken)
        kept.append(part if fresh.all() else part.take(fresh))
        taken = np.concatenate([taken, np.unique(keys[fresh])])
    return kept


def _in_order(parts: Sequence[Readings]) -> Readings:
    joined = Readings.concatenate(parts)
    return joined.take(np.argsort(joined.time, kind="stable"))

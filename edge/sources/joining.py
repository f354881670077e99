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
    return merge(streams, by_hour=True) if len(streams) > 1 else iter(streams[0] if streams else ())


def merge(streams: Sequence[Iterable[Readings]], *, by_hour: bool = False) -> Iterator[Readings]:
    """The readings of several streams in order of time; a page of each stream is in memory.

    Args:
        streams: pages of readings, each stream in order of time.
        by_hour: whether the rule of `join` leaves out what an earlier stream has.
    """
    block = HOUR if by_hour else 1
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
            pieces = [part.take(slice(0, count)) for part, count in zip(waiting, ready, strict=True)]
            waiting = [part.take(slice(count, None)) for part, count in zip(waiting, ready, strict=True)]
            joined = Readings.concatenate(_first_of_each_hour(pieces) if by_hour else pieces)
            yield joined.take(np.argsort(joined.time, kind="stable"))


def _first_of_each_hour(pieces: Sequence[Readings]) -> list[Readings]:
    """The pieces without the rows of hours that an earlier piece has of the same series."""
    taken: Int64 = np.zeros(0, np.int64)
    kept = []
    for piece in pieces:
        keys = piece.series * np.int64(ROOM) + piece.time // HOUR
        fresh: Bool = ~np.isin(keys, taken)
        kept.append(piece.take(fresh) if not fresh.all() else piece)
        taken = np.concatenate([taken, np.unique(keys[fresh])])
    return kept

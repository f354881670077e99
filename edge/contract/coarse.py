"""The coarse past: spans of many intervals that a forecast sees besides its window.

A device cannot keep all intervals of a week for every series. It keeps blocks, which are aligned to the Unix epoch, as
intervals are: block `k` of `steps` intervals holds the intervals `k·steps` to `(k+1)·steps - 1`. A forecast sees spans that end
at its origin, so that yesterday always has the same columns. A span lies in two blocks, and its value is drawn between theirs.
A window has the spans first, the longest first, then the intervals, always the newest last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.contract.values import is_known
from edge.errors import ConfigurationError

LEAST_KNOWN = 4  # a block is known where at least one of so many of its intervals is
LARGER = 0.5  # share of a span from which on a part of it is the larger one


@dataclass(frozen=True, slots=True)
class Coarse:
    """The newest complete blocks of one length that a forecast sees.

    Args:
        steps: intervals of a block, two or more.
        count: number of blocks.

    Raises:
        ConfigurationError: a value out of range.
    """

    steps: int
    count: int

    def __post_init__(self) -> None:
        """Refuse blocks that hold nothing."""
        if self.steps < 2 or self.count < 1:
            raise ConfigurationError(
                f"a block has at least 2 intervals, and there is at least one; got steps={self.steps}, count={self.count}"
            )


def check_coarse(coarse: Sequence[Coarse], window: int) -> None:
    """Refuse blocks that a device cannot keep up to date beside a window.

    Args:
        coarse: the coarse past, the longest blocks first.
        window: intervals of the window; a block is no longer, because its value is made of the intervals while they are there.

    Raises:
        ConfigurationError: blocks in another order, or longer than the window.
    """
    lengths = [part.steps for part in coarse]
    if lengths != sorted(set(lengths), reverse=True) or max(lengths, default=0) > window:
        raise ConfigurationError(
            f"expected coarse blocks of different lengths, the longest first, none longer than the window of {window} "
            f"intervals; got blocks of {lengths}"
        )


def reach(coarse: Sequence[Coarse], window: int) -> int:
    """Number of intervals before an origin that a window may hold anything of, wherever the origin lies within a block."""
    return max(window, *(part.steps * (part.count + 1) - 1 for part in coarse), 0)


def block_values(values: Float64, length: Int64 | int | None = None) -> tuple[Float64, Int64]:
    """The values of blocks: means of their known intervals.

    The sum is made interval by interval, so that the same intervals give the same bits wherever they lie in memory.

    Args:
        values: values of the intervals of each block, float64 `[..., steps]`, NaN for missing.
        length: number of intervals that a block may have known, int64 `[...]`; None: all of them.

    Returns:
        Means float64 `[...]`, NaN where fewer than a quarter of the intervals are known, and the number of these int64 `[...]`.
    """
    known = is_known(values)
    count: Int64 = known.sum(axis=-1)
    total = np.add.accumulate(np.where(known, values, 0.0), axis=-1)[..., -1]
    enough = (count > 0) & (LEAST_KNOWN * count >= (values.shape[-1] if length is None else length))
    return np.where(enough, total / np.maximum(count, 1), np.nan), count


def newest_blocks(part: Coarse, origin: Int64) -> Int64:
    """Numbers of the complete blocks that the spans of a forecast lie in, the newest last, int64 `[n, count]`.

    Args:
        part: one resolution of the coarse past.
        origin: number of the first interval after the window, int64 `[n]`.
    """
    return (origin // part.steps)[:, None] + np.arange(-part.count, 0)


def spans(part: Coarse, blocks: Float64, window: Float64, origin: Int64) -> Float64:
    """The values of the spans that end at the origins, the newest last, float64 `[n, count]`, NaN for missing.

    A span holds the end of one block and the begin of the next one; each counts by its share. Where the smaller part is
    missing the larger one stands for the whole. Of the block that the origin lies in the window has the intervals.

    Args:
        part: one resolution of the coarse past.
        blocks: values of the newest complete blocks, from `newest_blocks`, float64 `[n, count]`, NaN for missing.
        window: intervals before the origins, at least as many as a block has, float64 `[n, window]`, NaN for missing.
        origin: number of the first interval after the window, int64 `[n]`.
    """
    phase = origin % part.steps
    begun = np.where(np.arange(part.steps, 0, -1) <= phase[:, None], window[:, -part.steps :], np.nan)
    newest, _ = block_values(begun, phase)
    later = np.concatenate([blocks[:, 1:], newest[:, None]], axis=1)
    share = (phase / part.steps)[:, None]
    larger = np.where(share <= LARGER, blocks, later)
    both = np.isfinite(blocks) & np.isfinite(later)
    return np.where(both, (1 - share) * blocks + share * later, larger)


def drawn(coarse: Sequence[Coarse], window: int, back: Int64) -> tuple[Int64, Int64, Float64]:
    """Columns of a window that the value of an interval is drawn between: from the middle of one span to that of the next.

    The finest columns that hold the interval are taken. An interval of the window is a column by itself.

    Args:
        coarse: the coarse past.
        window: intervals of the window.
        back: distance of each interval from the origin, 1 for the newest one before it, int64 `[...]`.

    Returns:
        The newer and the older column, -1 where no column holds the interval, and the share of the older one, `[...]` each.
    """
    newer = np.full(back.shape, -1)
    older, share, end = newer.copy(), np.zeros(back.shape), 0
    for part in coarse:
        end += part.count
        there = (back >= 1) & (back <= part.steps * part.count)
        distance = np.clip((back - (part.steps + 1) / 2) / part.steps, 0, part.count - 1)  # columns from the newest middle
        before = np.floor(distance).astype(np.int64)
        newer = np.where(there, end - 1 - before, newer)
        older = np.where(there, end - 1 - np.minimum(before + 1, part.count - 1), older)
        share = np.where(there, distance - before, share)
    there = (back >= 1) & (back <= window)
    own = end + window - back
    return np.where(there, own, newer), np.where(there, own, older), np.where(there, 0.0, share)


def within(coarse: Sequence[Coarse], window: int, more: Sequence[Coarse], longer: int) -> Int64 | slice:
    """Columns of a window with at least as much past that are those of this one, newest last.

    Args:
        coarse: the coarse past of this window.
        window: intervals of this window.
        more: the coarse past of the other one, which has all blocks of this one.
        longer: intervals of the other one.
    """
    if not more:
        return slice(longer - window, None)
    ends = dict(zip((part.steps for part in more), np.cumsum([part.count for part in more]).tolist(), strict=True))
    parts = [np.arange(ends[part.steps] - part.count, ends[part.steps]) for part in coarse]
    total = sum(part.count for part in more) + longer
    return np.concatenate([*parts, np.arange(total - window, total)])


def all_of(parts: Sequence[Sequence[Coarse]]) -> tuple[Coarse, ...]:
    """A coarse past that has the blocks of all of these."""
    counts: dict[int, int] = {}
    for part in (each for coarse in parts for each in coarse):
        counts[part.steps] = max(counts.get(part.steps, 0), part.count)
    return tuple(Coarse(steps, counts[steps]) for steps in sorted(counts, reverse=True))


def is_part_of(coarse: Sequence[Coarse], more: Sequence[Coarse]) -> bool:
    """Whether another coarse past has all blocks of this one."""
    counts = {part.steps: part.count for part in more}
    return all(part.count <= counts.get(part.steps, 0) for part in coarse)

"""The coarse past: blocks of many intervals that a forecast sees besides its window.

Blocks are aligned to the Unix epoch, as intervals are: block `k` of `steps` intervals holds the intervals `k·steps` to
`(k+1)·steps - 1`. A forecast sees complete blocks only. A window has them first, the coarsest first, then the fine intervals,
always the newest last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.contract.values import is_known
from edge.errors import ConfigurationError

LEAST_KNOWN = 4  # a block is known where at least one of so many of its intervals is


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


def block_values(values: Float64) -> tuple[Float64, Int64]:
    """The values of blocks: means of their known intervals.

    The sum is made interval by interval, so that the same intervals give the same bits wherever they lie in memory.

    Args:
        values: values of the intervals of each block, float64 `[..., steps]`, NaN for missing.

    Returns:
        Means float64 `[...]`, NaN where fewer than a quarter of the intervals are known, and the number of these int64 `[...]`.
    """
    known = is_known(values)
    count: Int64 = known.sum(axis=-1)
    total = np.add.accumulate(np.where(known, values, 0.0), axis=-1)[..., -1]
    enough = LEAST_KNOWN * count >= values.shape[-1]
    return np.where(enough, total / np.maximum(count, 1), np.nan), count


def newest_blocks(part: Coarse, origin: Int64) -> Int64:
    """Numbers of the blocks that a forecast sees, the newest last, int64 `[n, count]`.

    Args:
        part: one resolution of the coarse past.
        origin: number of the first interval after the window, int64 `[n]`.
    """
    return (origin // part.steps)[:, None] + np.arange(-part.count, 0)


def starts(coarse: Sequence[Coarse], window: int, origin: int) -> tuple[Int64, Int64]:
    """Where the columns of a window lie.

    Args:
        coarse: the coarse past.
        window: intervals of the window.
        origin: number of the first interval after the window.

    Returns:
        Number of the first interval of each column, and number of its intervals, both int64 `[columns]`.
    """
    numbers = [newest_blocks(part, np.asarray([origin]))[0] * part.steps for part in coarse]
    lengths = [np.full(part.count, part.steps) for part in coarse]
    fine = origin + np.arange(-window, 0)
    return np.concatenate([*numbers, fine]), np.concatenate([*lengths, np.ones(window, np.int64)])


def columns_of(coarse: Sequence[Coarse], window: int, origin: int, numbers: Int64) -> Int64:
    """Column of a window that holds each interval, the finest one; -1 where none does, int64 of the shape of `numbers`.

    Args:
        coarse: the coarse past.
        window: intervals of the window.
        origin: number of the first interval after the window.
        numbers: numbers of the intervals.
    """
    columns = np.full(numbers.shape, -1)
    end = 0
    for part in coarse:
        end += part.count
        back = origin // part.steps - numbers // part.steps
        columns = np.where((back >= 1) & (back <= part.count), end - back, columns)
    back = origin - numbers
    return np.where((back >= 1) & (back <= window), end + window - back, columns)


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

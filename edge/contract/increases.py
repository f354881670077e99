"""What counters add: differences of their readings, without what no such counter adds.

A fall is a new beginning at 0. A reading far above all others that the next one takes back is a glitch. A device sees such a
reading before the next one, so one rule must do for both moments: an increase far beyond those that are usual for the series
is never believed, and a fall right after it, back to where the counter was, is no new beginning. A meter that was exchanged
stays at its other level: the jump is left out, and the next increase counts from there.
"""

import numpy as np

from edge.contract.columns import Float64

STEP_BACK = 0.1  # share of a counter's reading; a smaller fall is a correction, and no new beginning
SEEN_BY = 3  # cells that evidence is told from beside each: the one before and the two after
FEW = 2  # increases of a series that may be larger than what is usual: its meter was exchanged so often
LEAST = 8  # increases, or readings, below which nothing is usual
NOT_LEARNED = np.zeros(())
FAR = 10.0  # times the usual increase that may come in one interval


def increases(readings: Float64, most: Float64) -> Float64:
    """What a counter added in each interval, float64 `[..., n]`; NaN where one of the two readings is missing or not believed.

    A reading that is lower than the one before is the reading of a counter that began again at 0, and is itself the increase:
    after an overflow what was counted up to it is lost, which is never more than the increase of that one interval. A fall of
    at most a tenth is no beginning but a correction, and nothing was added. Where the next reading has reached again what the
    counter had before it fell, it never began again, and the increase counts from there.

    Args:
        readings: last reading of every interval, float64 `[..., 2 + n]`, NaN for missing; the first two are those before.
        most: largest increase of an interval that is believed, float64 `[...]`; infinite where nothing is usual.
    """
    most = most[..., None]
    earlier, before, now = readings[..., :-2], readings[..., 1:-1], readings[..., 2:]
    start = np.where((before < earlier) & (now >= earlier), earlier, before)
    begun = np.where(now >= (1 - STEP_BACK) * before, 0.0, np.maximum(now, 0.0))
    added = np.where(now < start, begun, now - start)
    jumped = (before - earlier > most) | (np.isinf(most) & (earlier > 0) & (now < (1 - STEP_BACK) * before))
    taken_back = jumped & (now < before) & (now >= (1 - STEP_BACK) * earlier)
    return np.where(taken_back | (added > most), np.nan, added)


def evidence(readings: Float64) -> Float64:
    """The largest increases and the highest readings that the next two readings do not take back, float64 `[..., 2, LEAST]`.

    Args:
        readings: last reading of every interval, float64 `[..., n]`, NaN for missing.
    """
    before, now, following, then = (readings[..., at : readings.shape[-1] - 3 + at] for at in range(4))
    stays = (following >= now) & ~(then < now)
    seen = np.stack([np.where(stays, now - before, 0.0), np.where(stays, now, 0.0)], axis=-2)
    none = np.zeros((*seen.shape[:-1], LEAST))
    return _foremost(np.concatenate([np.nan_to_num(seen), none], axis=-1))


def merged(seen: Float64, more: Float64) -> Float64:
    """The evidence of two parts of a series as one."""
    return _foremost(np.concatenate([seen, more], axis=-1))


def largest(seen: Float64, learned: Float64 = NOT_LEARNED) -> Float64:
    """The largest increase of an interval that is believed, float64 `[...]`; infinite where nothing is usual.

    That is many times the third largest one of all, or, of a counter that has hardly ever moved, of its own reading.

    Args:
        seen: evidence of the series.
        learned: increase that was usual in the history, float64 `[...]`; 0 where nobody learned it.
    """
    usual = np.where(seen[..., -1] > 0, seen[..., FEW], 0.0)
    increase, reading = np.maximum(usual[..., 0], learned), usual[..., 1]
    return FAR * np.where(increase > 0, increase, np.where(reading > 0, reading, np.inf))


def _foremost(seen: Float64) -> Float64:
    """The `LEAST` largest of each row, the largest first."""
    return -np.sort(np.partition(-seen, LEAST - 1, axis=-1)[..., :LEAST], axis=-1)

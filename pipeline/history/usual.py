"""What is usual for a series: the device tells by it a glitch in a window that stands still, and the jump of a counter."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge.contract.columns import Float64
from edge.contract.grid import Aggregation
from edge.contract.meaning import GAUGE, Bounds, Meaning
from edge.contract.plausible import Plausible
from edge.forecaster.bounds import NOISE, are_glitches
from edge.forecaster.level import is_known
from edge.forecaster.outliers import FEW, LEAST
from pipeline.history.glitches import APART, USUAL, error_values
from pipeline.history.table import Table
from pipeline.history.windows import ROUNDING, spread, stands_still

TOPS = (1.0, 100.0)  # highest values that quantities have: shares, and shares in per cent
KELVIN = ("K", "kelvin")
NEAR = 0.05  # of the spread; values so near to a bound are at it
RESTING = NOISE * NEAR  # the same, of a series that rests at its lowest value
FEW_BELOW = 0.01  # largest share of the values that are noise below the value at which a series rests
CROWD, CROWD_ABOVE = 0.03, 0.01  # least share of the values that are at a bound; hardly anything else ends at 1 or 100
VISITS = 5  # least number of times that a series comes to a bound
BESIDE = 4  # ranges of values beside a bound, as wide as what is at it


def usual_range(values: Float64) -> tuple[float, float] | None:
    """Smallest and largest value, but for two at either end and for what looks like an error value of the sensor.

    Args:
        values: values of a series, float64 `[intervals]`, NaN for missing.

    Returns:
        None where there are too few values to tell.
    """
    known = values[is_known(values)]
    if len(known) < LEAST:
        return None
    return _ends(_believed(known))


def _believed(known: Float64) -> Float64:
    """The values without those that look like error values of the sensor, where some lie far from all others."""
    low, high = _ends(known)
    least, most = np.quantile(known, USUAL)
    errors = error_values(known) if max(least - low, high - most) > APART * (most - least) else []
    return known[~np.isin(known, [error.value for error in errors])] if errors else known


def _ends(known: Float64) -> tuple[float, float]:
    ordered = np.partition(known, (FEW, len(known) - 1 - FEW))
    return float(ordered[FEW]), float(ordered[-1 - FEW])


def bounds_of(values: Float64, unit: str = "") -> Bounds | None:
    """The bounds that a series keeps to: 0 below, 1 or 100 above, where its values crowd there and hardly any lies beyond.

    Values of a quantity without a bound become rare toward its extremes. Where there is a bound, as of rain, wind, sun or a
    valve, they are at their densest there, and come there again and again. Single values below 0 may be glitches of the
    sensor, and of a series that rests at 0 a few more may be noise, such as -0.01 of a solar meter at night. Above an upper
    bound there is none: peaks are rare and single of themselves.

    Args:
        values: values of a series in order of time, float64 `[intervals]`, NaN for missing.
        unit: unit of the values; a temperature has no bound, whatever a mild season shows.

    Returns:
        None where no bound was found.
    """
    known = values[is_known(values)]
    if len(known) < LEAST or unit.startswith("°") or unit in KELVIN:
        return None
    known = _believed(known)
    size, low, high = spread(known), float(known.min()), float(known.max())
    if stands_still(low, high):
        return None
    above = np.maximum(known, 0.0)
    near = int((above < NEAR * size).sum())
    rests = near > 0 and (above < RESTING * size).sum() >= 0.5 * near
    keeps = are_glitches(known < 0) or (rests and _is_noise(known, RESTING * size))
    lowest = 0.0 if keeps and _crowds(above, size, CROWD) else None
    rests = rests and lowest is not None
    highest = next((top for top in TOPS if high <= top and _crowds(top - known, size, CROWD_ABOVE)), None)
    if lowest is None and highest is None:
        return None
    return Bounds(lowest, highest, NEAR * size if rests else 0.0)


def _is_noise(known: Float64, depth: float) -> bool:
    """Whether what is below 0 is noise of a sensor at rest, but for glitches that are deeper."""
    deep = known < -depth
    return int(((known < 0) & ~deep).sum()) <= FEW_BELOW * len(known) and are_glitches(deep)


def _crowds(distances: Float64, size: float, share: float) -> bool:
    """Whether values lie as densely at a bound as beside it, and often.

    Args:
        distances: distance of each value from the bound, in order of time, not negative, float64 `[n]`.
        size: spread of the values.
        share: least share of the values that are at the bound.
    """
    width = NEAR * size
    if (distances < width).sum() < share * len(distances):
        return False
    steps = np.diff(np.unique(distances))
    width = max(width, float(np.median(steps)) * (1 + ROUNDING))
    counts = [int(((distances >= part * width) & (distances < (part + 1) * width)).sum()) for part in range(1 + BESIDE)]
    at = distances < width
    visits = int(at[0]) + int((at[1:] & ~at[:-1]).sum())
    return bool(counts[0] >= np.mean(counts[1:])) and (visits >= VISITS or counts[0] >= 0.5 * len(distances))


def with_bounds(table: Table, plausible: Callable[[str], Plausible | None], aggregation: Aggregation) -> Table:
    """The table with the bounds that rules give: what no reading can be, no mean, last, smallest or largest of them can be.

    Args:
        table: history.
        plausible: function that gives the values that readings of a series can be; None where all can.
        aggregation: rule by which the readings of an interval become one value; a sum keeps to 0 as lowest value alone.
    """
    meanings = []
    for name, meaning in zip(table.names, table.meanings or (GAUGE,) * len(table.names), strict=True):
        can_be = plausible(name)
        if can_be is not None and meaning.kind == "gauge":
            meaning = replace(meaning, bounds=_given(can_be, aggregation))  # noqa: PLW2901
        meanings.append(meaning)
    return replace(table, meanings=tuple(meanings)) if any(meaning.bounds for meaning in meanings) else table


def _given(can_be: Plausible, aggregation: Aggregation) -> Bounds | None:
    lowest = can_be.least if math.isfinite(can_be.least) else None
    highest = can_be.most if math.isfinite(can_be.most) else None
    if aggregation == "sum":
        lowest, highest = (0.0 if can_be.least >= 0 else None), None
    if (lowest is None and highest is None) or lowest == highest:
        return None
    return Bounds(lowest, highest)


def _joined(given: Bounds | None, learned_bounds: Bounds | None) -> Bounds | None:
    """The bounds that rules give, and where they give none, those that were found."""
    if given is None or learned_bounds is None:
        return given or learned_bounds
    lowest = learned_bounds.lowest if given.lowest is None else given.lowest
    highest = learned_bounds.highest if given.highest is None else given.highest
    idle = learned_bounds.idle if lowest == learned_bounds.lowest else 0.0
    fits = lowest is None or highest is None or lowest + idle < highest
    return Bounds(lowest, highest, idle) if fits else given


def usual_ranges(values: Float64, stop: int) -> Float64:
    """The usual range of every series before a column, float64 `[series, 2]`; NaN where it is not known.

    Args:
        values: values of a table, float64 `[series, intervals]`.
        stop: column that is not looked at any more.
    """
    return np.asarray([usual_range(row[:stop]) or (np.nan, np.nan) for row in values]).reshape(-1, 2)


def learned(table: Table, stop: int) -> dict[str, Meaning]:
    """What a bundle says of its series: what their readings are, what was usual before a column, and their bounds.

    Args:
        table: history.
        stop: end of the part that the model learned from.
    """
    meanings = table.meanings or (GAUGE,) * len(table.names)
    rows = zip(table.names, meanings, table.rows(), strict=True)
    said = {
        name: replace(
            meaning, usual=usual_range(values[:stop]), bounds=_joined(meaning.bounds, bounds_of(values[:stop], meaning.unit))
        )
        for name, meaning, values in rows
    }
    return {name: meaning for name, meaning in said.items() if meaning.usual is not None or meaning != GAUGE}

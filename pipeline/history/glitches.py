"""Values that look like errors of a sensor: nothing is changed, people are told what they can leave out."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64
from edge.contract.times import iso
from edge.forecaster.level import is_known
from edge.forecaster.outliers import outlying
from edge.quoting import counted
from pipeline.history.table import Table

LEAST = 3  # times that an error value comes at least
MOST = 4  # error values of a series
LARGEST_SHARE = 0.05  # of all values; what comes oftener is usual
APART = 3.0  # times the range of the other values, between an error value and the nearest of them
DIFFERENT = 20  # other values that differ at least: a switch, or a valve with few positions, has no error values
USUAL = (0.01, 0.99)  # quantiles of the other values that their range lies between


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """A value that comes again and again, exactly the same, far from all others of its series.

    Args:
        value: the value.
        count: intervals that have it.
        others: smallest and largest usual one of the other values.
    """

    value: float
    count: int
    others: tuple[float, float]


def error_value(values: Float64) -> ErrorValue | None:
    """What a sensor seems to send in place of a value, such as 85 or -127; 0 is never taken for that.

    Args:
        values: values of a series, float64 `[intervals]`, NaN for missing.
    """
    different, counts = np.unique(values[is_known(values)], return_counts=True)
    if len(different) <= DIFFERENT:
        return None
    for end, nearest in ((-1, -2), (0, 1)):
        value, count = float(different[end]), int(counts[end])
        if value == 0 or not LEAST <= count <= LARGEST_SHARE * counts.sum():
            continue
        rest = np.delete(different, end)
        low, high = np.quantile(np.repeat(rest, np.delete(counts, end)), USUAL)
        if abs(value - different[nearest]) > APART * (high - low) > 0:
            return ErrorValue(value, count, (float(low), float(high)))
    return None


def error_values(values: Float64) -> list[ErrorValue]:
    """All values of that kind, the one farthest out first; the last one has the others without any."""
    errors: list[ErrorValue] = []
    while len(errors) < MOST and (error := error_value(values)) is not None:
        errors.append(error)
        values = np.where(values == error.value, np.nan, values)
    return errors


def glitches(table: Table) -> tuple[str, ...]:
    """One line for each series with values that look like errors."""
    lines = []
    for name, values in zip(table.names, table.rows(), strict=True):
        if errors := error_values(values):
            low, high = errors[-1].others
            count = sum(error.count for error in errors)
            numbers = ", ".join(f"{error.value:.10g}" for error in errors)
            hold = counted(count, "interval holds", "intervals hold")
            lines.append(
                f"series {name!r}: {hold} exactly {numbers}, far from its others ({low:.4g} to {high:.4g}); "
                f"if the sensor sends that for an error, set [[ingest]] ignore = [{numbers}]"
            )
            continue
        far = np.flatnonzero(outlying(values[None])[0])
        if len(far):
            moment = iso(table.start + int(far[-1]) * table.interval)
            number = counted(len(far), "value lies", "values lie")
            lines.append(
                f"series {name!r}: {number} far from all others, the last one {values[far[-1]]:.6g} at {moment}; windows are "
                "cut without such values. If they are errors of the sensor, set [[ingest]] min and max"
            )
    return tuple(lines)

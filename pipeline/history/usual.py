"""What is usual for a series: the device tells by it a glitch in a window that stands still, and the jump of a counter."""

from dataclasses import replace

import numpy as np

from edge.contract.columns import Float64
from edge.contract.meaning import GAUGE, Meaning
from edge.forecaster.level import is_known
from edge.forecaster.outliers import FEW, LEAST
from pipeline.history.glitches import APART, USUAL, error_values
from pipeline.history.table import Table


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
    low, high = _ends(known)
    least, most = np.quantile(known, USUAL)
    if max(least - low, high - most) > APART * (most - least) and (errors := error_values(known)):
        low, high = _ends(known[~np.isin(known, [error.value for error in errors])])
    return low, high


def _ends(known: Float64) -> tuple[float, float]:
    ordered = np.partition(known, (FEW, len(known) - 1 - FEW))
    return float(ordered[FEW]), float(ordered[-1 - FEW])


def usual_ranges(values: Float64, stop: int) -> Float64:
    """The usual range of every series before a column, float64 `[series, 2]`; NaN where it is not known.

    Args:
        values: values of a table, float64 `[series, intervals]`.
        stop: column that is not looked at any more.
    """
    return np.asarray([usual_range(row[:stop]) or (np.nan, np.nan) for row in values]).reshape(-1, 2)


def learned(table: Table, stop: int) -> dict[str, Meaning]:
    """What a bundle says of its series: what their readings are, and what was usual before a column.

    Args:
        table: history.
        stop: end of the part that the model learned from.
    """
    meanings = table.meanings or (GAUGE,) * len(table.names)
    rows = zip(table.names, meanings, table.rows(), strict=True)
    said = {name: replace(meaning, usual=usual_range(values[:stop])) for name, meaning, values in rows}
    return {name: meaning for name, meaning in said.items() if meaning.usual is not None or meaning != GAUGE}

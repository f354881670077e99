"""What is published of a forecast: one JSON document for each series. No I/O."""

from collections.abc import Iterator
from functools import lru_cache

import msgspec
import numpy as np

from edge.contract.columns import Bool, Float64
from edge.contract.contract import quantile_name
from edge.contract.times import SECOND, iso
from edge.publish.newest import Batch

DIGITS = 7  # of the largest number of a forecast: more are not kept


def rounded(values: Float64) -> Float64:
    """Forecasts with seven digits of the largest number of each, `[n, horizon, quantiles]` in and out."""
    largest = np.max(np.abs(values), axis=(1, 2), where=np.isfinite(values), initial=1e-30, keepdims=True)
    scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(largest)))
    kept: Float64 = np.rint(values * scale) / scale
    return kept


@lru_cache(maxsize=4096)
def told(moment: int) -> str:
    """A moment as it is written; those of the series of a fleet are the same."""
    return iso(moment)


def seconds(duration: int) -> float:
    """A duration in ns as seconds, whole where it is."""
    return duration // SECOND if duration % SECOND == 0 else duration / SECOND


def documents(batch: Batch, names: list[str], units: list[str]) -> Iterator[bytes]:
    """The JSON document of each forecast, in their order; an empty one where nothing is known of the coming intervals.

    Args:
        batch: forecasts.
        names: name of the series of each.
        units: unit of the values of each, empty where nobody knows.
    """
    shape = batch.shape
    fields = [quantile_name(level) for level in shape.quantiles]
    values = rounded(batch.values.astype(np.float64))
    values = np.where(np.isnan(values), values[:, :, [len(fields) // 2]], values)  # as in the store, where there is no interval
    medians = values[:, :, len(fields) // 2]
    known: Bool = np.asarray(np.isfinite(medians).any(axis=1))
    sure = np.where(known[:, None], medians, 0.0)
    lowest, highest = np.nanargmin(sure, axis=1).tolist(), np.nanargmax(sure, axis=1).tolist()
    columns = np.where(np.isfinite(values), values, np.nan).transpose(0, 2, 1).tolist()
    origins = batch.origin.tolist()
    for row, name in enumerate(names):
        if not known[row]:
            yield b""
            continue
        lists, low, high, origin = columns[row], lowest[row], highest[row], origins[row]
        median = lists[len(fields) // 2]
        yield msgspec.json.encode(
            {
                "series": name,
                "unit": units[row],
                "model": batch.models[row],
                "origin": told(origin),
                "interval": seconds(shape.interval),
                "next": median[0],
                "minimum": median[low],
                "minimum_at": told(origin + low * shape.interval),
                "maximum": median[high],
                "maximum_at": told(origin + high * shape.interval),
                **dict(zip(fields, lists, strict=True)),
            }
        )

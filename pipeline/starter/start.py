"""What a network begins with: weights learned from generated series, fitted to the interval and horizon of this one.

The starter sees a day as 24 hours. A network whose segment is a day of shorter intervals begins with the same sight: what it
takes from an hour is the mean of the hour's intervals, and what it says of an hour is drawn through the hours' middles.
`benchmarks/make_starter.py` makes the files.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.files import replace_file

Start: TypeAlias = Mapping[str, Float32]

SEGMENT, WINDOW, HORIZON = 24, 168, 96  # of the starter, hours
LEVELS = (0.1, 0.5, 0.9)
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Shape:
    """How a network cuts its window and its horizon.

    Args:
        segment: values of a segment of the window; with a coarse past the longest spans are cut.
        span: length of time that one of these values stands for, ns.
        steps: number of these segments.
        finer: number of values of each finer resolution, which the last step sees besides its segment.
        ahead: intervals of a segment of the horizon.
        leads: intervals of such a segment that the network says, from 0; between them it draws straight lines.
    """

    segment: int
    span: int
    steps: int
    finer: tuple[int, ...]
    ahead: int
    leads: tuple[int, ...]


def starter_file(cell: str, units: int, folder: Path = FOLDER) -> Path:
    """The file of the starter with this cell and size, whether it is there or not."""
    return folder / f"{cell}-{units}.npz"


def write_starter(path: Path, weights: Start) -> None:
    """Keep the weights of a starter in half precision.

    Args:
        path: file to write.
        weights: weights by their name in the network.
    """
    content = io.BytesIO()
    halves: dict[str, Any] = {name.replace("/", "."): part.astype(np.float16) for name, part in weights.items()}
    np.savez_compressed(content, **halves)
    replace_file(path, content.getvalue())


def start_of(cell: str, units: int, shape: Shape, contract: Contract, folder: Path = FOLDER) -> Start | None:
    """What a network begins with, by the name of its weights; None where there is no starter for it.

    There is one where a segment is a day of hours, or of shorter intervals of which an hour is a whole number. What depends on
    other levels of the quantiles is not among the weights, nor is what sees finer resolutions than the longest spans.

    Args:
        cell: recurrent cell.
        units: size of the state.
        shape: segments of window and horizon.
        contract: interval, horizon and levels.
        folder: folder of the files.
    """
    path, (parts, rest) = starter_file(cell, units, folder), divmod(shape.segment, SEGMENT)
    if rest or shape.segment * shape.span != DAY or shape.ahead * contract.interval > DAY or not path.is_file():
        return None
    middles = (np.asarray(shape.leads) + 0.5) * contract.interval * SEGMENT / DAY - 0.5  # in hours, 0 that of the first one
    weights = dict(_read(path))
    weights["encoder/kernel"] = np.repeat(weights["encoder/kernel"], parts, axis=0) / np.float32(parts)
    for name in ("head/kernel", "head/bias"):
        weights[name] = _between(weights[name], middles)
    steps = len(LEVELS) - 1
    for name in ("steps/kernel", "steps/bias"):
        each = weights[name].reshape(-1, SEGMENT, steps)
        fitted = np.stack([_between(each[:, :, step], middles) for step in range(steps)], axis=2)
        weights[name] = fitted.reshape(*weights[name].shape[:-1], len(middles) * steps)
    known = weights["position"]
    ahead = -(-contract.horizon // shape.ahead)
    weights["position"] = known[np.minimum(np.arange(ahead), len(known) - 1)]
    if contract.quantiles != LEVELS:
        weights = {name: part for name, part in weights.items() if not name.startswith(("steps/", "outer/"))}
    return weights


@lru_cache(maxsize=8)
def _read(path: Path) -> Start:
    with np.load(path, allow_pickle=False) as arrays:
        return {name.replace(".", "/"): arrays[name].astype(np.float32) for name in arrays.files}


def _between(hours: Float32, middles: Float64) -> Float32:
    """Values at some moments of a day, from those at the middles of the hours, float32 `[..., moments]`.

    Args:
        hours: float32 `[..., 24]`.
        middles: moments in hours, 0 the middle of the first one, float64 `[moments]`.
    """
    rows = [np.interp(middles, np.arange(SEGMENT), row) for row in hours.reshape(-1, SEGMENT)]
    return np.asarray(rows, np.float32).reshape(*hours.shape[:-1], len(middles))

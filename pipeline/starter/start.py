"""What a network begins with: weights learned from generated series, fitted to the interval and horizon of this one.

The starter sees a day as 24 hours. A network whose segment is a day of shorter intervals begins with the same sight: what it
takes from an hour is the mean of the hour's intervals, and what it says of an hour is drawn through the hours' middles.
`benchmarks/make_starter.py` makes the files.
"""

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from edge.contract.columns import Float32
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.files import replace_file

Start: TypeAlias = Mapping[str, Float32]

SEGMENT, WINDOW, HORIZON = 24, 168, 96  # of the starter, hours
LEVELS = (0.1, 0.5, 0.9)
FOLDER = Path(__file__).parent


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


def start_of(cell: str, units: int, segment: int, contract: Contract, folder: Path = FOLDER) -> Start | None:
    """What a network begins with, by the name of its weights; None where there is no starter for it.

    There is one where a segment is a day of hours, or of shorter intervals of which an hour is a whole number. What depends on
    other levels of the quantiles is not among the weights.

    Args:
        cell: recurrent cell.
        units: size of the state.
        segment: intervals of a segment.
        contract: interval, horizon and levels.
        folder: folder of the files.
    """
    path, (parts, rest) = starter_file(cell, units, folder), divmod(segment, SEGMENT)
    if rest or segment * contract.interval != DAY or not path.is_file():
        return None
    weights = dict(_read(path))
    weights["encoder/kernel"] = np.repeat(weights["encoder/kernel"], parts, axis=0) / np.float32(parts)
    for name in ("head/kernel", "head/bias"):
        weights[name] = _between(weights[name], segment)
    steps = len(LEVELS) - 1
    for name in ("steps/kernel", "steps/bias"):
        each = weights[name].reshape(-1, SEGMENT, steps)
        fitted = np.stack([_between(each[:, :, step], segment) for step in range(steps)], axis=2)
        weights[name] = fitted.reshape(*weights[name].shape[:-1], segment * steps)
    known = weights["position"]
    ahead = -(-contract.horizon // segment)
    weights["position"] = known[np.minimum(np.arange(ahead), len(known) - 1)]
    if contract.quantiles != LEVELS:
        weights = {name: part for name, part in weights.items() if not name.startswith(("steps/", "outer/"))}
    return weights


@lru_cache(maxsize=8)
def _read(path: Path) -> Start:
    with np.load(path, allow_pickle=False) as arrays:
        return {name.replace(".", "/"): arrays[name].astype(np.float32) for name in arrays.files}


def _between(hours: Float32, segment: int) -> Float32:
    """Values at the middles of shorter intervals, from those at the middles of the hours, float32 `[..., segment]`.

    Args:
        hours: float32 `[..., 24]`.
        segment: intervals of a day.
    """
    middles = (np.arange(segment) + 0.5) * SEGMENT / segment - 0.5
    rows = [np.interp(middles, np.arange(SEGMENT), row) for row in hours.reshape(-1, SEGMENT)]
    return np.asarray(rows, np.float32).reshape(*hours.shape[:-1], segment)

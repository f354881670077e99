"""The scoring of the Numenta Anomaly Benchmark, standard profile, written by ourselves (Lavin and Ahmad, ICMLA 2015).

A row that raises an alarm within a labelled window earns between 1, at its first row, and 0, at its last; only the best one of
a window counts. A window without an alarm costs 1. An alarm outside of all windows costs up to 0.11, less where it closely
follows a window. The first 15 % of a file, 750 rows at most, do not count. One threshold holds for the whole corpus. The result
is 0 for a detector that says nothing and 100 for one that is right at the first row of each window.
"""

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.contract.columns import Bool, Float64, Int64

FALSE_ALARM = 0.11  # cost of a row outside of all windows
PROBATION, LONGEST = 0.15, 5000  # share of the rows that do not count, of so many at most
LATEST = 3.0  # window lengths behind a window, from which on a false alarm costs all


@dataclass(frozen=True, slots=True)
class Series:
    """A file of the corpus.

    Args:
        time: ns UTC, int64 `[rows]`.
        value: float64 `[rows]`.
        windows: first and last row of each labelled window.
    """

    time: Int64
    value: Float64
    windows: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Result:
    """A score.

    Args:
        score: 0 to 100; below 0 where false alarms cost more than all windows.
        threshold: anomaly score from which on a row counts as an alarm.
        hits: windows with an alarm.
        windows: all windows.
        false_rows: rows outside of all windows that are alarms.
    """

    score: float
    threshold: float
    hits: int
    windows: int
    false_rows: int


def load(folder: Path) -> dict[str, Series]:
    """All labelled files of the benchmark's repository, by their names."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text())
    return {name: _read(folder / "data" / name, labels[name]) for name in sorted(labels)}


def _read(path: Path, windows: list[list[str]]) -> Series:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    time = np.array([row["timestamp"] for row in rows], "datetime64[ns]").astype(np.int64)
    moments = [[int(np.datetime64(end[:19], "ns").astype(np.int64)) for end in window] for window in windows]
    bounds = [(int(np.searchsorted(time, first)), int(np.searchsorted(time, last))) for first, last in moments]
    return Series(time, np.array([float(row["value"]) for row in rows]), bounds)


def published(folder: Path, detector: str, names: Mapping[str, Series]) -> dict[str, Float64]:
    """The anomaly scores of a detector that the repository has, float64 `[rows]` for each file."""
    scores = {}
    for name in names:
        path = Path(folder, "results", detector, name).parent / f"{detector}_{Path(name).name}"
        with path.open() as file:
            scores[name] = np.array([float(row["anomaly_score"]) for row in csv.DictReader(file)])
    return scores


def worth(rows: int, windows: list[tuple[int, int]]) -> tuple[Float64, Int64, Bool]:
    """What an alarm at each row of a file is worth.

    Args:
        rows: number of rows.
        windows: first and last row of each window, in order.

    Returns:
        Worth float64 `[rows]`, number of the window int64 `[rows]`, -1 outside of all, and whether the row counts.
    """
    value, owner = np.full(rows, -FALSE_ALARM), np.full(rows, -1)
    for number, (first, last) in enumerate(windows):
        length, within = last - first + 1, np.arange(first, last + 1)
        value[within] = _sigmoid((within - last - 1) / length) / _sigmoid(np.array([-1.0]))
        owner[within] = number
        end = windows[number + 1][0] if number + 1 < len(windows) else rows
        behind = np.arange(last + 1, end)
        if length > 1:
            value[behind] = _sigmoid((behind - last) / (length - 1)) * FALSE_ALARM
    return value, owner, np.arange(rows) >= math.floor(PROBATION * min(rows, LONGEST))


def _sigmoid(distance: Float64) -> Float64:
    """1 far before the end of a window, 0 at its end, -1 far behind it."""
    scaled = 2 / (1 + np.exp(5 * np.clip(distance, -50, 50))) - 1
    return np.where(distance > LATEST, -1.0, scaled)


def score(corpus: Mapping[str, Series], scores: Mapping[str, Float64], threshold: float | None = None) -> Result:
    """The score of a detector.

    Args:
        corpus: the files.
        scores: anomaly score of each row of each file.
        threshold: score from which on a row is an alarm; None: the best one for the corpus, as the benchmark's protocol has it.
    """
    columns: list[tuple[Float64, Int64, Float64]] = []
    windows = 0
    for name, series in corpus.items():
        value, owner, counts = worth(len(series.time), series.windows)
        columns.append((value[counts], np.where(owner >= 0, owner + windows, -1)[counts], scores[name][counts]))
        windows += len(series.windows)
    value, owner, score_of = (np.concatenate(column) for column in zip(*columns, strict=True))
    total = len(np.unique(owner[owner >= 0]))
    order = np.argsort(-score_of, kind="stable")
    value, owner, score_of = value[order], owner[order], score_of[order]
    sums = np.cumsum(np.where(owner < 0, value, _gains(value, owner, windows))) - total
    last = np.append(score_of[1:] != score_of[:-1], True)  # rows with the same score are alarms together
    chosen = int(np.argmax(np.where(last, sums, -np.inf))) if threshold is None else int((score_of >= threshold).sum()) - 1
    alarms = owner[: chosen + 1]
    raw = sums[chosen] if chosen >= 0 else -float(total)
    limit = float(score_of[chosen]) if threshold is None else threshold
    hits = len(np.unique(alarms[alarms >= 0]))
    return Result(100 * (raw + total) / (2 * total), limit, hits, total, int((alarms < 0).sum()))


def _gains(value: Float64, owner: Int64, windows: int) -> Float64:
    """What each row adds to the best of its window so far; a window without an alarm has -1."""
    best, gains = np.full(windows, -1.0), np.zeros(len(value))
    for row in np.flatnonzero(owner >= 0):
        gains[row] = max(0.0, value[row] - best[owner[row]])
        best[owner[row]] += gains[row]
    return gains

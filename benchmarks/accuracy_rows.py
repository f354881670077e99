"""Rows of `benchmarks/accuracy.py`: one per method and question, appended to a file of JSON lines as they come."""

import os
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from edge.forecaster.manifest import Precision
from edge.forecaster.model import runtime_name

ROOT = Path(__file__).parents[1]


class Conversions(msgspec.Struct, frozen=True):
    """What conversion does to the error: mean squared error on some windows of the test part, evenly chosen.

    Args:
        windows: number of them.
        network: error of the network before conversion.
        files: error of the TFLite file by its precision, on the device runtime.
        validation: mean absolute error on the whole validation part, as a share of float32's, by precision.
    """

    windows: int
    network: float
    files: dict[Precision, float]
    validation: dict[Precision, float | None]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every row says; what does not apply is None.

    Args:
        set: name of the set.
        horizon: intervals ahead.
        method: name of the method.
        window: intervals back that the method saw.
        cell: recurrent cell of a network.
        design: design of a network.
        members: networks averaged in one model.
        seed: seed of a network.
        validation: error on the validation part, by which one is chosen of several cells or windows.
        seconds: time of the training or the fit.
        size: bytes of the model file.
        commit: commit of the code; a `+` behind it says that files were changed since.
        load: load of the machine over the last minute when the row was written.
        runtime: runtime of the networks.
        at: moment when the row was written, UTC.
    """

    set: str
    horizon: int
    method: str
    window: int | None = None
    cell: str | None = None
    design: str | None = None
    members: int = 1
    seed: int | None = None
    validation: float | None = None
    seconds: float | None = None
    size: int | None = None
    commit: str = ""
    load: float = 0.0
    runtime: str = ""
    at: str = ""


class Whole(Row, frozen=True, kw_only=True, tag_field="kind", tag="whole"):
    """A method on every window of a test part; errors in units of each series' standard deviation in the training part.

    Args:
        mse: mean squared error over all series and leads.
        mae: mean absolute error.
        weighted_quantile_loss: mean over the series.
        coverage: share of the facts within the 80 % interval.
        facts: number of facts.
        parameters: trained numbers of a network.
        precision: precision of its weights.
        conversion: cost of the conversion.
    """

    mse: float
    mae: float
    weighted_quantile_loss: float | None
    coverage: float | None
    facts: int
    parameters: int | None = None
    precision: str | None = None
    conversion: Conversions | None = None


class Short(Row, frozen=True, kw_only=True, tag_field="kind", tag="short"):
    """A method in the weeks after a short history.

    Args:
        weeks: length of the history.
        live: first moment after it, UTC.
        skill: 1 - geometric mean over the series of the error, divided by that of the series' best baseline in hindsight; None
            where all of them stand still.
        skills: skill by series; None where a series stands still.
        coverage: share of the facts within the 80 % interval.
        facts: number of facts.
        forecaster: name of what forecast, where the gate has chosen it.
        held_out: skill on the held-out part of the history, as the verdict says it.
    """

    weeks: int
    live: str
    skill: float | None
    skills: dict[str, float | None]
    coverage: float | None
    facts: int
    forecaster: str | None = None
    held_out: float | None = None


class Gift(Row, frozen=True, kw_only=True, tag_field="kind", tag="gift"):
    """A method on windows of GIFT-Eval.

    Args:
        weighted_quantile_loss: mean over nine levels of 2 x sum of the quantile loss / sum of |fact|. A method without
            quantiles gives its median for each.
        mase: mean over windows and series of the absolute error, divided by that of the seasonal naive before the window.
        windows: number of windows of each series.
    """

    weighted_quantile_loss: float
    mase: float
    windows: int


Rows = Whole | Short | Gift


class Rowbook:
    """A file of rows that grows.

    Args:
        path: file of JSON lines, which is appended to; None: the rows are only kept in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, threading.Lock()
        self._common = {"commit": commit(), "runtime": runtime_name()}
        self.rows: list[Rows] = []

    def add(self, row: Rows) -> None:
        """Keep a row, with what is true of this run; another thread may do so at the same time."""
        row = msgspec.structs.replace(
            row, load=round(os.getloadavg()[0], 2), at=datetime.now(UTC).isoformat(timespec="seconds"), **self._common
        )
        with self._lock:
            self.rows.append(row)
            if self._path is not None:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(row) + b"\n")


def read_rows(paths: list[Path]) -> list[Rows]:
    """All rows of some files; a last line that was cut is left out."""
    rows: list[Rows] = []
    for path in paths:
        complete = path.read_bytes().rpartition(b"\n")[0]
        rows += [msgspec.json.decode(line, type=Rows) for line in complete.splitlines() if line.strip()]
    return rows


def commit() -> str:
    """Short hash of the commit of this code, with a `+` where files were changed since; empty outside of a clone."""

    def git(*arguments: str) -> str:
        asked = subprocess.run(["git", "-C", str(ROOT), *arguments], check=False, capture_output=True, text=True)
        return asked.stdout.strip()

    head = git("rev-parse", "--short", "HEAD")
    changed: Any = head and git("status", "--porcelain", "--untracked-files=no")
    return head + ("+" if changed else "")

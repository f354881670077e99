"""What is measured of a cell beside our own networks: its tutorial network and its memory, in a process of its own.

As `pipeline.training.worker` does for a candidate: TensorFlow stays out of the calling process, and progress comes as
JSON lines.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import msgspec
import numpy as np

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Contract
from edge.errors import HistoryError
from edge.forecaster.manifest import MODEL_FILE, Cell
from pipeline.cells.recall import Memory, RecallBudget
from pipeline.history.windows import Samples
from pipeline.processes.child import Raised, Say, events, grid_file, keep_out, last_words, obey, run_process
from pipeline.training.conversion import convert_module
from pipeline.training.settings import Settings

REQUEST_FILE, RESULT_FILE, LOG_FILE = "request.json", "result.json", "worker.log"
SAMPLES_FILE, FORECASTS_FILE = "samples.npz", "forecasts.npy"

Told: TypeAlias = Callable[[str, int, int], None]


class _Plan(msgspec.Struct):
    cell: Cell
    units: int
    contract: Contract
    settings: Settings
    recall: RecallBudget | None
    grid: str


class _Result(msgspec.Struct):
    parameters: int
    seconds_per_epoch: float
    memory: Memory | None


class _Event(Raised):
    """One line from the worker: the progress of a part of the work, or the error that ends it."""

    what: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class CellRequest:
    """Everything that the study of a cell needs.

    Args:
        cell: recurrent cell.
        units: size of the state of the tutorial network.
        contract: contract of the tutorial network; one quantile.
        settings: settings of its training.
        recall: training of the cell's memory; None leaves it unmeasured.
        training: windows to learn from; nothing after the last of their targets is looked at.
        windows: windows that the network forecasts once more, for the parity of its file, float64 `[n, window]`.
        series: their series, 0 = unknown, int32 `[n]`.
    """

    cell: Cell
    units: int
    contract: Contract
    settings: Settings
    recall: RecallBudget | None
    training: Samples
    windows: Float64
    series: Int32


@dataclass(frozen=True, slots=True)
class CellStudy:
    """The results of the study of a cell.

    Args:
        model: the tutorial network as a TFLite file.
        forecasts: its forecasts before conversion, for the request's windows, float64 `[n, horizon, 1]`.
        parameters: trained numbers.
        seconds_per_epoch: seconds of its training per epoch.
        memory: memory of the cell, if it was measured.
    """

    model: bytes
    forecasts: Float64
    parameters: int
    seconds_per_epoch: float
    memory: Memory | None


def study_command(folder: Path) -> list[str]:
    """The command that studies what lies in the folder."""
    return [sys.executable, "-m", "pipeline.cells.cell_worker", str(folder)]


def study_cell(
    request: CellRequest, folder: Path, told: Told, command: Callable[[Path], list[str]] = study_command
) -> CellStudy:
    """Train and measure in a process of its own; two may run at once.

    Args:
        request: cell and trainings.
        folder: folder for the exchange and the worker's log; new or empty.
        told: function called with the name of a part of the work, how much of it is done, and how much there is.
        command: function that gives the command of the worker.

    Raises:
        BundleError: the network cannot be converted.
        HistoryError: the worker fails or crashes.
        GatecastError: any other error that the worker raises on purpose, of its class.
    """
    folder.mkdir(parents=True, exist_ok=True)
    grid = grid_file(request.training.values, folder / "grid.npy")
    plan = _Plan(request.cell, request.units, request.contract, request.settings, request.recall, grid)
    (folder / REQUEST_FILE).write_bytes(msgspec.json.encode(plan))
    np.savez(
        folder / SAMPLES_FILE,
        series=request.training.series,
        origin=request.training.origin,
        windows=request.windows,
        window_series=request.series,
    )
    _, code = run_process(command(folder), request.settings.threads, folder / LOG_FILE, lambda lines: _follow(lines, told))
    if code != 0:
        words = last_words(folder / LOG_FILE)
        raise HistoryError(f"the process that studies {request.cell} ended with exit code {code}; {words}")
    result = msgspec.json.decode((folder / RESULT_FILE).read_bytes(), type=_Result)
    forecasts: Float64 = np.load(folder / FORECASTS_FILE, allow_pickle=False)
    return CellStudy((folder / MODEL_FILE).read_bytes(), forecasts, result.parameters, result.seconds_per_epoch, result.memory)


def _follow(lines: Iterable[str], told: Told) -> None:
    for event in events(lines, _Event):
        if event.kind:
            raise event.again()
        told(event.what, event.done, event.total)


def main(folder: Path, output: IO[str]) -> int:
    """Study what lies in the folder; returns the exit code."""
    return obey(_work, folder, output)


def _work(folder: Path, say: Say) -> None:
    import keras  # noqa: PLC0415 - takes seconds, and the caller never needs it

    from pipeline.cells.recall_trainer import measure_recall  # noqa: PLC0415
    from pipeline.cells.tutorial import Tutorial  # noqa: PLC0415

    plan = msgspec.json.decode((folder / REQUEST_FILE).read_bytes(), type=_Plan)
    with np.load(folder / SAMPLES_FILE, allow_pickle=False) as arrays:
        data = {name: arrays[name] for name in arrays.files}
    epochs = plan.settings.epochs
    keras.utils.set_random_seed(plan.settings.seed)
    values = np.load(plan.grid, mmap_mode="r", allow_pickle=False)
    tutorial = Tutorial(plan.cell, plan.units, plan.contract, values[:, : data["origin"].max() + plan.contract.horizon])
    seconds = tutorial.fit(
        Samples(values, data["series"], data["origin"]),
        plan.settings,
        lambda epoch: say(what="tutorial", done=epoch, total=epochs),
    )
    (folder / MODEL_FILE).write_bytes(convert_module(*tutorial.module()))
    np.save(folder / FORECASTS_FILE, tutorial.predict(data["windows"], data["window_series"]))
    memory = None
    if plan.recall is not None:
        memory = measure_recall(
            plan.cell, plan.recall, plan.settings.seed, lambda done, total: say(what="memory", done=done, total=total)
        )
    (folder / RESULT_FILE).write_bytes(msgspec.json.encode(_Result(tutorial.parameters, seconds, memory)))


if __name__ == "__main__":
    keep_out()
    sys.exit(main(Path(sys.argv[1]), sys.stdout))

"""One candidate, trained and converted in a process of its own.

The process imports TensorFlow once for both, and may die in the converter without taking anything along. Requests and
results are JSON and arrays in a folder; progress comes as JSON lines on its standard output.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TypeAlias, get_args

import msgspec
import numpy as np

from edge.contract.ahead.issues import Ahead
from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract
from edge.errors import BundleError, GatecastError, HistoryError
from edge.forecaster.manifest import MODEL_LIMIT, Precision
from pipeline.history.blocks import Blocks
from pipeline.history.windows import Samples
from pipeline.mixture.weights import mean_weights
from pipeline.processes.child import Raised, Say, events, grid_file, keep_out, last_words, obey, run_process
from pipeline.processes.nursery import Nursery
from pipeline.training.architecture import Architecture
from pipeline.training.build import forecast
from pipeline.training.conversion import convert_each
from pipeline.training.fit import fit_members
from pipeline.training.mixing import mix
from pipeline.training.settings import Progress, Record, Settings

REQUEST_FILE, RESULT_FILE, LOG_FILE = "request.json", "result.json", "worker.log"
SAMPLES_FILE, FORECASTS_FILE = "samples.npz", "forecasts.npy"
AHEAD_COLUMNS = ("number", "issued", "value")  # of an input, in the order of `Ahead`

Command: TypeAlias = Callable[[Path], list[str]]


class _Plan(msgspec.Struct):
    architecture: Architecture
    contract: Contract
    settings: Settings
    precisions: tuple[Precision, ...]
    grid: str
    first: int
    ahead: tuple[str, ...] = ()
    trial: bool = False


class _Event(Raised):
    """One line from the worker: a stage, an epoch, or why it gives up."""

    stage: str = ""
    epoch: int = 0
    epochs: int = 0
    training_loss: float | None = None
    validation_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a candidate is made from.

    Args:
        architecture: cell, design and sizes of the network.
        contract: shapes and levels.
        settings: settings of the training.
        training: windows to learn from.
        validation: later windows of the same grid for early stopping.
        windows: windows that the network forecasts once more, for the parity of its files, float64 `[n, window]`.
        series: their series, 0 = unknown, int32 `[n]`.
        context: facts known beside them.
        precisions: precisions of the weights to convert to; float32 is made in any case.
        trial: whether only the course of the training is asked for: nothing is mixed, converted or forecast.
    """

    architecture: Architecture
    contract: Contract
    settings: Settings
    training: Samples
    validation: Samples
    windows: Float64
    series: Int32
    context: Context
    precisions: tuple[Precision, ...] = ("float32",)
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A trained and converted candidate.

    Args:
        models: TFLite file by precision of its weights; `float32` is among them. None after a trial.
        record: course of the training.
        forecasts: forecasts of the network before conversion, for the request's windows, float64 `[n, horizon, quantiles]`;
            none after a trial.
    """

    models: dict[Precision, bytes]
    record: Record
    forecasts: Float64


def model_name(precision: Precision) -> str:
    """File of a converted model in the folder of the exchange."""
    return f"model-{precision}.tflite"


def worker_command(folder: Path) -> list[str]:
    """The command that trains what lies in the folder."""
    return [sys.executable, "-m", "pipeline.training.worker", str(folder)]


def train_candidate(
    request: Request,
    folder: Path,
    progress: Progress | None = None,
    command: Command = worker_command,
    nursery: Nursery | None = None,
) -> Result:
    """Train and convert one candidate in a process of its own; two may run at once.

    Args:
        request: network, windows and settings.
        folder: folder for the exchange, the converted file and the worker's log; made if it is not there.
        progress: function called after each epoch with its number, the number of epochs, training and validation loss.
        command: function that gives the command of the worker.
        nursery: warm processes that the worker is forked from; None: it is started by its command.

    Raises:
        BundleError: the conversion fails or crashes.
        HistoryError: the training fails or crashes.
        GatecastError: any other error that the worker raises on purpose, of its class.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (RESULT_FILE, FORECASTS_FILE, *map(model_name, get_args(Precision))):
        (folder / name).unlink(missing_ok=True)
    grid = grid_file(request.training.values, folder / "grid.npy")
    told = request.training.ahead
    ahead = {known.name: told[known.name] for known in request.contract.known if known.name in told}
    plan = _Plan(
        request.architecture,
        request.contract,
        request.settings,
        request.precisions,
        grid,
        request.training.first,
        tuple(ahead),
        request.trial,
    )
    (folder / REQUEST_FILE).write_bytes(msgspec.json.encode(plan))
    np.savez(
        folder / SAMPLES_FILE,
        series=request.training.series,
        origin=request.training.origin,
        validation_series=request.validation.series,
        validation_origin=request.validation.origin,
        windows=request.windows,
        window_series=request.series,
        window_origin=request.context.origin,
        **{
            f"{column}_{number}": getattr(each, column)
            for number, each in enumerate(ahead.values())
            for column in AHEAD_COLUMNS
        },
    )
    log = folder / LOG_FILE

    def follow(lines: Iterable[str]) -> _Event:
        return _follow(lines, progress)

    done = None if nursery is None else nursery.run(folder, log, follow)
    last, code = done or run_process(command(folder), request.settings.threads, log, follow)
    if last.kind:
        raise last.again()
    if code != 0:
        raise _death(code, last.stage, folder)
    record = msgspec.json.decode((folder / RESULT_FILE).read_bytes(), type=Record)
    if request.trial:
        return Result({}, record, np.empty((0, request.contract.horizon, len(request.contract.quantiles))))
    forecasts: Float64 = np.load(folder / FORECASTS_FILE, allow_pickle=False)
    models: dict[Precision, bytes] = {
        precision: (folder / model_name(precision)).read_bytes()
        for precision in get_args(Precision)
        if (folder / model_name(precision)).is_file()
    }
    return Result(models, record, forecasts)


def _follow(lines: Iterable[str], progress: Progress | None) -> _Event:
    """Pass the worker's progress on; the last stage or error it spoke of."""
    last = _Event(stage="start")
    for event in events(lines, _Event):
        if event.epoch and progress is not None:
            progress(event.epoch, event.epochs, event.training_loss or 0.0, event.validation_loss or 0.0)
        if event.stage or event.kind:
            last = event
    return last


def _death(code: int, stage: str, folder: Path) -> GatecastError:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    message = f"the training process {how} during {stage}; {last_words(folder / LOG_FILE)}"
    return BundleError(message) if stage == "conversion" else HistoryError(message)


def preload() -> None:
    """Import what a candidate needs, and begin nothing with it; see `pipeline.processes.nursery`."""
    import keras  # noqa: F401, PLC0415 - takes seconds
    import tensorflow as tf  # noqa: PLC0415

    from pipeline.training import members, network, trainer  # noqa: F401, PLC0415

    _ = tf.lite.TFLiteConverter, tf.saved_model.save  # modules that TensorFlow imports when they are asked for


def main(folder: Path, output: IO[str]) -> int:
    """Train and convert what lies in the folder; returns the exit code."""
    return obey(_work, folder, output)


def _work(folder: Path, say: Say) -> None:
    plan = msgspec.json.decode((folder / REQUEST_FILE).read_bytes(), type=_Plan)
    with np.load(folder / SAMPLES_FILE, allow_pickle=False) as arrays:
        data = {name: arrays[name] for name in arrays.files}
    say(stage="training")
    values = np.load(plan.grid, mmap_mode="r", allow_pickle=False)
    ahead = {
        name: Ahead(plan.contract.interval, *(data[f"{column}_{number}"] for column in AHEAD_COLUMNS))
        for number, name in enumerate(plan.ahead)
    }
    blocks = Blocks(values, plan.first)
    validation = Samples(values, data["validation_series"], data["validation_origin"], plan.first, blocks, ahead)
    training = Samples(values, data["series"], data["origin"], plan.first, blocks, ahead)
    trained = fit_members(
        plan.architecture,
        plan.contract,
        training,
        validation,
        plan.settings,
        lambda epoch, epochs, training, loss: say(epoch=epoch, epochs=epochs, training_loss=training, validation_loss=loss),
    )
    if plan.trial:
        (folder / RESULT_FILE).write_bytes(msgspec.json.encode(trained.record))
        return
    say(stage="conversion")
    network = mix(plan.architecture, plan.contract, trained, training, validation, plan.settings)
    context = Context(data["window_origin"], ahead)
    np.save(folder / FORECASTS_FILE, forecast(network, data["windows"], data["window_series"], context))
    for precision, content in convert_each(network, dict.fromkeys(("float32", *plan.precisions))).items():
        if len(content) <= MODEL_LIMIT:
            (folder / model_name(precision)).write_bytes(content)
        elif precision == "float32":
            raise BundleError(f"expected a model of at most {MODEL_LIMIT:,} bytes; got {len(content):,}: take fewer units")
    (folder / RESULT_FILE).write_bytes(
        msgspec.json.encode(replace(trained.record, weights=mean_weights(network.calibration.weights)))
    )


if __name__ == "__main__":
    keep_out()
    sys.exit(main(Path(sys.argv[1]), sys.stdout))

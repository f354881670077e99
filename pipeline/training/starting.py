"""The starter as it is, converted in a process of its own; see `pipeline.training.worker` on why.

The process gets a plan and windows, and leaves a model file and what the network forecasts from the windows.
"""

import sys
from pathlib import Path

import msgspec
import numpy as np

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.errors import BundleError
from pipeline.mixture.calibration import Calibration
from pipeline.processes.child import Raised, Say, events, keep_out, last_words, obey, run_process
from pipeline.training.architecture import Architecture
from pipeline.training.build import assemble, begun, forecast, parameters
from pipeline.training.conversion import convert

PLAN_FILE, WINDOWS_FILE, FORECASTS_FILE, MODEL_FILE, LOG_FILE = (
    "plan.json",
    "windows.npy",
    "forecasts.npy",
    "model.tflite",
    "worker.log",
)


class _Plan(msgspec.Struct):
    architecture: Architecture
    contract: Contract


class _Done(Raised):
    """One line from the process: the number of trained numbers, or why it gives up."""

    parameters: int = 0


def convert_starter(
    architecture: Architecture, contract: Contract, windows: Float64, folder: Path
) -> tuple[bytes, Float64, int]:
    """Convert a network that begins with a starter and was not trained on.

    Args:
        architecture: cell, design and size of the network.
        contract: shapes and levels; a starter has to fit.
        windows: windows of unknown series to forecast, float64 `[n, window]`.
        folder: empty folder for the exchange with the process.

    Returns:
        The model file, what the network forecasts before conversion, float64 `[n, horizon, quantiles]`, and the number of
        its trained numbers.

    Raises:
        BundleError: the process or the conversion failed.
    """
    (folder / PLAN_FILE).write_bytes(msgspec.json.encode(_Plan(architecture, contract)))
    np.save(folder / WINDOWS_FILE, windows)
    command = [sys.executable, "-m", "pipeline.training.starting", str(folder)]
    last, code = run_process(command, 1, folder / LOG_FILE, lambda lines: ([_Done(), *events(lines, _Done)])[-1])
    if last.kind:
        raise last.again()
    if code != 0:
        raise BundleError(f"the starter could not be converted, exit code {code}; {last_words(folder / LOG_FILE)}")
    forecasts: Float64 = np.load(folder / FORECASTS_FILE, allow_pickle=False)
    return (folder / MODEL_FILE).read_bytes(), forecasts, last.parameters


def _work(folder: Path, say: Say) -> None:
    plan = msgspec.json.decode((folder / PLAN_FILE).read_bytes(), type=_Plan)
    windows = np.load(folder / WINDOWS_FILE, allow_pickle=False)
    network = begun(plan.architecture, plan.contract, np.zeros(0))
    if network is None:
        raise BundleError("expected a network that a starter fits; got another one")
    whole = assemble([network], Calibration.of(plan.contract, 0))
    np.save(folder / FORECASTS_FILE, forecast(whole, windows, np.zeros(len(windows), np.int32)))
    (folder / MODEL_FILE).write_bytes(convert(whole))
    say(parameters=parameters(network))


if __name__ == "__main__":
    keep_out()
    sys.exit(obey(_work, Path(sys.argv[1]), sys.stdout))

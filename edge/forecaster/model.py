"""The trained model behind a forecaster's interface; the one place that imports a TFLite runtime.

Forecasts are made in batches of 1, 8 or 64, each with an interpreter of its own that is made when first needed:
resizing one interpreter costs more than a forecast, and tflite-runtime would lose its fast kernels.
"""

import importlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from edge.contract.columns import Bool, Float32, Float64, Int32
from edge.contract.contract import Context, Contract
from edge.errors import BundleError, ConfigurationError
from edge.forecaster.baselines import baseline
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.level import is_known, level, relative
from edge.forecaster.manifest import Precision
from edge.forecaster.outliers import without_outliers

BUCKETS = (1, 8, 64)  # a larger batch takes 4 MB and is no faster
RUNTIMES = (("ai_edge_litert.interpreter", "ai-edge-litert"), ("tflite_runtime.interpreter", "tflite-runtime"))
GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate"
_USES = itertools.count()
# Largest error against the golden forecasts, as a share of the spread of the series.
TOLERANCE: dict[Precision, float] = {"float32": 1e-4, "float16": 1e-2, "int8": 0.1}


def _runtime(runtimes: Sequence[tuple[str, str]] = RUNTIMES) -> tuple[Any, str]:
    for module, distribution in runtimes:
        try:
            return importlib.import_module(module).Interpreter, distribution
        except ModuleNotFoundError:
            continue
    raise ConfigurationError(
        "no TFLite runtime is installed; in a clone of the repository: pip install '.[edge]', or '.[edge-tflite]' on 32-bit ARM"
    )


def runtime_name(runtimes: Sequence[tuple[str, str]] = RUNTIMES) -> str:
    """Name and version of the runtime, such as `ai-edge-litert 2.3.0`.

    Args:
        runtimes: module and distribution of each runtime that may be there, the preferred one first.

    Raises:
        ConfigurationError: none is installed.
    """
    _, distribution = _runtime(runtimes)
    metadata = importlib.import_module("importlib.metadata")  # half a megabyte that the agent does not need
    return f"{distribution} {metadata.version(distribution)}"


class Model:
    """Forecasts of a bundle's model; not thread-safe.

    Args:
        bundle: bundle that has a model; its hash was checked when the bundle was made.
        levels: function that gives the levels that the model does not see, float64 `[n]` of windows float64 `[n, window]`.

    Raises:
        BundleError: the runtime cannot open the model, or its inputs and outputs are not those of the contract.
        ConfigurationError: no runtime is installed.
    """

    def __init__(self, bundle: Bundle, levels: Callable[[Float64], Float64] = level) -> None:
        if bundle.model is None:
            raise BundleError(f"expected a bundle with a model; {bundle.manifest.version} is a baseline")
        self.name = bundle.manifest.version
        self.contract: Contract = bundle.manifest.contract
        self.intervals = True
        self._manifest = bundle.manifest
        self._content = bundle.model
        self._levels = levels
        self._interpreters: dict[int, _Interpreter] = {}
        self._told = _Told(self.contract)
        self._interpreter(1)

    @property
    def precision(self) -> Precision:
        """Number format of its weights."""
        file = self._manifest.model
        return "float32" if file is None else file.precision

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`; a window without any value gives NaN, a series the bundle does not list counts as 0."""
        return self._predict(windows, series, context, without_outliers)

    def _predict(
        self, windows: Float64, series: Int32, context: Context | None, believe: Callable[[Float64], Float64]
    ) -> Float64:
        """Forecast every window.

        Args:
            windows: float64 `[n, window]`, newest last, NaN for missing.
            series: index of each series as the bundle lists them, int32 `[n]`.
            context: facts known beside each window; needed where the contract has inputs.
            believe: function that takes out of some windows what no forecast is made from.
        """
        if self.contract.inputs and context is None:
            raise ValueError(f"{self.name} needs the origin of every window; got none")
        known = np.where((series >= 0) & (series <= len(self._manifest.series)), series, 0).astype(np.int32)
        forecasts = np.empty((len(windows), self.contract.horizon, len(self.contract.quantiles)))
        start = 0
        while start < len(windows):
            bucket = next((size for size in BUCKETS if size >= len(windows) - start), BUCKETS[-1])
            part = slice(start, start + bucket)
            # Values that do not count are NaN before the model runs: one that was made under another bound has that one inside.
            believed = believe(windows[part])
            levels = self._levels(believed)
            distances = relative(believed, levels)
            given = [] if context is None or not self.contract.inputs else [self._told.of(context, part)]
            forecasts[part] = self._interpreter(bucket).run(distances, known[part], *given)
            forecasts[part] += levels[:, None, None]
            forecasts[part][np.isnan(distances).all(axis=1)] = np.nan
            start += bucket
        return forecasts

    def self_test(self) -> float:
        """Repeat the golden forecasts at batch 1 and at batch 64, of the golden windows as they are.

        A bundle that was made before there was a rule for outliers may have some in its windows, and in its forecasts.

        Returns:
            The largest error as a share of the golden forecasts' spread.

        Raises:
            BundleError: it is too large, a forecast is NaN, or quantiles do not ascend.
        """
        golden, file = self._manifest.golden, self._manifest.model
        if golden is None or file is None:
            raise BundleError(f"expected golden forecasts in {self.name}; got none")
        windows, series, expected = golden.arrays()
        copies = -(-64 // len(windows))
        context, beside = golden.context(self.contract), golden.context(self.contract, 64)
        alone = [slice(row, row + 1) for row in range(len(windows))]
        single = np.concatenate(
            [self._predict(windows[row], series[row], context and context.take(row), _as_they_are) for row in alone]
        )
        batch = self._predict(np.tile(windows, (copies, 1))[:64], np.tile(series, copies)[:64], beside, _as_they_are)
        forecasts = np.concatenate([single, batch])
        wanted = np.concatenate([expected, np.tile(expected, (copies, 1, 1))[:64]])
        units = None
        if golden.units is not None:
            spreads = np.array(golden.units)
            units = np.concatenate([spreads, np.tile(spreads, copies)[:64]])
        error = relative_error(wanted, forecasts, windows, units=units)
        if (np.diff(forecasts, axis=2) < 0).any():
            raise BundleError(f"expected ascending quantiles from {self.name}; got crossed ones")
        if not error <= TOLERANCE[file.precision]:
            raise BundleError(
                f"{self.name} does not repeat its golden forecasts: expected an error of at most "
                f"{TOLERANCE[file.precision]:g} of their spread, got {error:.3g}"
            )
        return error

    def _interpreter(self, batch: int) -> "_Interpreter":
        interpreter = self._interpreters.get(batch)
        if interpreter is None:
            with _without_greeting():
                interpreter = self._interpreters[batch] = _Interpreter(self._content, batch, self.contract)
        return interpreter


def _as_they_are(windows: Float64) -> Float64:
    return windows


class _Told:
    """What the model is told of the leads: that of the last origin is kept, because a fleet closes its intervals one by one.

    Args:
        contract: shape and inputs of the model.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._origin: int | None = None
        self._ahead = Context(np.empty(0, np.int64)).ahead
        self._future: Float32 = np.zeros((1, contract.horizon, len(contract.future)), np.float32)

    def of(self, context: Context, rows: slice) -> Float32:
        """As `Context.future` of some windows, float32 `[n, horizon, features]`, or `[1, horizon, features]` for all."""
        origin = context.origin[rows]
        first = int(origin[0])
        if len(origin) > 1 and (origin != first).any():
            return context.take(rows).future(self._contract)
        # What is known of inputs is another object whenever a value was added; a clock tells of an origin always the same.
        if first != self._origin or (self._contract.known and context.ahead is not self._ahead):
            self._future = Context(origin[:1], context.ahead).future(self._contract)
            self._origin, self._ahead = first, context.ahead
        return self._future


class _Interpreter:
    """One interpreter of a fixed batch size."""

    def __init__(self, content: bytes, batch: int, contract: Contract) -> None:
        interpreter, distribution = _runtime()
        self._batch = batch
        self._windows = np.zeros((batch, contract.columns), np.float32)
        self._series = np.zeros(batch, np.int32)
        ahead = len(contract.future)
        self._future = np.zeros((batch, contract.horizon, ahead), np.float32)
        try:
            self._runtime = interpreter(model_content=content, num_threads=1)
            inputs = self._runtime.get_input_details()
            outputs = self._runtime.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise BundleError(f"{distribution} cannot open the model: {error}") from error
        expected = sorted([("float32", (-1, contract.columns)), ("int32", (-1,))])
        if ahead:
            expected = sorted([*expected, ("float32", (-1, contract.horizon, ahead))])
        shapes = sorted(_shape(details) for details in inputs)
        if shapes != expected:
            raise BundleError(f"expected a model with inputs {expected}; got {shapes}")
        # A window has two dimensions, a series one, and what is known ahead three.
        given = sorted(inputs, key=lambda details: (details["dtype"] is not np.float32, len(details["shape_signature"])))
        window, series = given[0], given[-1]
        self._arrays = [(window["index"], self._windows), (series["index"], self._series)]
        self._arrays += [(future["index"], self._future) for future in given[1:-1]]
        try:
            for index, array in self._arrays:
                self._runtime.resize_tensor_input(index, array.shape)
            self._runtime.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise BundleError(f"{distribution} cannot run the model at batch {batch}: {error}") from error
        results = [
            (details["dtype"].__name__, tuple(details["shape"].tolist())) for details in self._runtime.get_output_details()
        ]
        forecast = ("float32", (batch, contract.horizon, len(contract.quantiles)))
        if results != [forecast]:
            raise BundleError(f"expected a model with output {forecast} at batch {batch}; got {results}")
        self._output = outputs[0]["index"]

    def run(self, *given: Float32 | Int32) -> Float32:
        """Forecasts float32 `[n, horizon, quantiles]` of n ≤ batch windows.

        Args:
            given: windows, their series, and what is known ahead where the contract has any of it.
        """
        count = len(given[0])
        for (index, array), values in zip(self._arrays, given, strict=True):
            array[:count] = values
            self._runtime.set_tensor(index, array)
        try:
            self._runtime.invoke()
        except RuntimeError as error:
            raise BundleError(f"the model fails at batch {self._batch}: {error}") from error
        return cast("Float32", self._runtime.get_tensor(self._output)[:count])


@contextmanager
def _without_greeting() -> Iterator[None]:
    """Keep a line from the error output that the runtime writes there whenever it is first used; all others get there.

    The runtime has no setting for it. What it writes meanwhile waits in memory; a system without such files is left alone.
    """
    if next(_USES) or not hasattr(os, "memfd_create"):  # it is written once in a process
        yield
        return
    kept, held = os.dup(2), os.memfd_create("runtime")
    os.dup2(held, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.lseek(held, 0, os.SEEK_SET)
        with os.fdopen(held, "rb") as lines, os.fdopen(kept, "wb") as out:
            out.writelines(line for line in lines if not line.startswith(GREETING))


def _shape(details: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
    return details["dtype"].__name__, tuple(details["shape_signature"].tolist())


def relative_error(
    expected: Float64, forecasts: Float64, windows: Float64, leads: int | None = None, units: Float64 | None = None
) -> float:
    """Largest absolute difference as a share of a spread; NaN where either is not finite.

    With units, the spread is that of the series of each forecast, so that series of all units are judged alike. Without
    units, it is the spread of each forecast about its own mean, averaged over all, so that the level does not hide an error.
    A forecast of one number has no spread; the spread of the windows is taken. The rounding of float32 does not count.

    Args:
        expected: forecasts to compare with, `[n, horizon, quantiles]`.
        forecasts: forecasts to judge, `[n, horizon, quantiles]`.
        windows: windows of these forecasts, float64 `[n, window]`.
        leads: number of leads whose difference counts; None: all.
        units: spread of each forecast's series, above 0, float64 `[n]`; None where it is not known.
    """
    finite: Bool = np.isfinite(expected) & np.isfinite(forecasts)
    if not finite.all():
        return float("nan")
    rounding = 4 * np.spacing(np.abs(expected).astype(np.float32))
    differences = np.maximum(np.abs(forecasts - expected) - rounding, 0)[:, :leads]
    if units is not None:
        return float((differences / units[:, None, None]).max())
    if expected[0].size > 1:
        about = expected - expected.mean(axis=(1, 2), keepdims=True)
    else:
        known = np.where(is_known(windows), windows, np.nan)
        about = known - np.nanmean(known, axis=1, keepdims=True)
    spread = float(np.sqrt(np.nanmean(np.square(about))))
    difference = float(differences.max())
    return difference / spread if spread > 0 else float(difference > 0)


def usable(windows: Float64, contract: Contract) -> Bool:
    """Whether a model forecasts from a window, on the device and before the verdict, bool `[n]`; if not, the baseline does.

    Args:
        windows: float64 `[n, columns]`; only the newest part of a longer window counts.
        contract: columns and `max_missing`.
    """
    # Counts are compared, because shares are rounded.
    known = is_known(windows[:, -contract.columns :]).sum(axis=1)
    return cast("Bool", (contract.columns - known <= contract.max_missing * contract.columns) & (known > 0))


def open_forecaster(bundle: Bundle) -> Forecaster:
    """The bundle's model, or the baseline it names.

    Raises:
        BundleError: the model cannot be opened.
        ConfigurationError: no runtime is installed.
    """
    if bundle.model is not None:
        return Model(bundle)
    named = baseline(bundle.manifest.baseline or "", bundle.manifest.contract)
    if named is None:
        raise BundleError(f"expected a model or a baseline that fits the window; got {bundle.manifest.baseline!r}")
    return named

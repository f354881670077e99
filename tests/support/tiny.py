"""Networks and bundles so small that tests can make them: three known series, a window that no segment divides."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import numpy as np

from edge.contract.clock import Clock
from edge.contract.columns import Float64, Int32, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.golden import Golden
from edge.forecaster.manifest import Manifest, ModelFile, Precision, schema_of, version_of
from edge.forecaster.model import Model
from pipeline.history.prepared import Prepared, prepare
from pipeline.history.windows import Samples
from pipeline.release.parity import golden, model_file
from pipeline.training.architecture import Architecture
from pipeline.training.build import build, forecast
from pipeline.training.conversion import convert, convert_module

CONTRACT = Contract(interval=3600 * SECOND, window=21, horizon=7)
CLOCKED = replace(CONTRACT, inputs=(Clock("Europe/Berlin", (50 * CONTRACT.interval,), (3600 * SECOND, 7200 * SECOND), (2, 5)),))
CREATED = datetime(2026, 11, 22, 15, 45, tzinfo=UTC)
SERIES = ["cellar", "roof", "yard"]
SCALE = np.array([0.5, 20.0, 0.0])


def sines(intervals: int = 200) -> Float64:
    """Three sines of different level and size with noise and a gap, float64 `[3, intervals]`."""
    time = np.arange(intervals)
    values: Float64 = np.sin(time / 3)[None] * np.array([[1], [10], [100]]) + np.array([[0], [50], [1000]])
    values += np.random.default_rng(1).normal(0, 0.05, values.shape)
    values[1, 60:66] = np.nan
    return values


def history(intervals: int = 200) -> Prepared:
    """The sines as a prepared history."""
    values = sines(intervals)
    series = np.repeat(np.arange(len(SERIES), dtype=np.int32), intervals)
    time = np.tile(np.arange(intervals) * CONTRACT.interval, len(SERIES))
    return prepare(SeriesTable(SERIES), Readings(series, time, values.ravel()), CONTRACT)


def samples(first: int, last: int, values: Float64 | None = None) -> Samples:
    """Every sample of the sines whose origin lies in first…last - 1."""
    grid = sines() if values is None else values
    series, origin = np.meshgrid(np.arange(len(grid), dtype=np.int32), np.arange(first, last), indexing="ij")
    return Samples(grid, series.ravel(), origin.ravel())


def windows(count: int = 70) -> tuple[Float64, Int32]:
    """Windows of the sines, some with gaps, and their series, of which every fourth is unknown."""
    some = samples(21, 190)
    rows = np.linspace(0, len(some.origin) - 1, count).astype(np.int64)
    cut = some.windows(rows, CONTRACT)
    cut[1::50, -4:] = np.nan
    cut[2::50, :-1] = np.nan
    cut[3::50, :5] = np.nan
    cut[3::50, 6:] = np.nan
    series = some.series[rows] + 1
    series[::4] = 0
    return cut, series.astype(np.int32)


def context(count: int = 70) -> Context:
    """What is known beside those windows."""
    some = samples(21, 190)
    return some.context(np.linspace(0, len(some.origin) - 1, count).astype(np.int64), CONTRACT)


@cache
def network(architecture: Architecture, contract: Contract = CONTRACT) -> Any:  # noqa: ANN401 - Keras has no types
    """A network with random weights, so that every input matters."""
    import keras  # noqa: PLC0415 - takes seconds

    keras.utils.set_random_seed(3)
    made = build(architecture, contract, SCALE)
    random = np.random.default_rng(3)
    for weight in made.trainable_variables:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return made


@cache
def bundle(architecture: Architecture, contract: Contract = CONTRACT, precision: Precision = "float32") -> Bundle:
    """That network converted, with golden forecasts where the contract is the usual one."""
    content = convert(network(architecture, contract), precision)
    unverified = bundle_of(content, architecture, contract, precision)
    if contract not in (CONTRACT, CLOCKED):
        return unverified
    chosen = golden(Model(unverified), *windows(16), context=context(16))
    return Bundle(msgspec.structs.replace(unverified.manifest, golden=chosen), content)


def bundle_of(
    content: bytes,
    architecture: Architecture | None = None,
    contract: Contract = CONTRACT,
    precision: Precision = "float32",
) -> Bundle:
    """A bundle of any model bytes; its golden forecasts are zeros."""
    shape = (1, contract.horizon, len(contract.quantiles))
    origins = np.zeros(1, np.int64) if contract.inputs else None
    known = {one.name: np.zeros((1, contract.back + contract.horizon)) for one in contract.known}
    zeros = Golden.of(np.zeros((1, contract.columns)), np.zeros(1, np.int32), np.zeros(shape), None, origins, known)
    file: ModelFile = model_file(content, architecture or Architecture(), 1, precision)
    version = version_of(CREATED, file.cell, content)
    schema = schema_of(contract, {})
    manifest = Manifest(version, contract, SERIES, CREATED.isoformat(), "0.1.0", model=file, golden=zeros, schema=schema)
    return Bundle(manifest, content)


@cache
def converted(kind: str) -> bytes:
    """A model file that is wrong in one way: `nan`, `crossed`, `short`, `series_float` or `flex`."""
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    window, horizon, levels = CONTRACT.window, CONTRACT.horizon - (kind == "short"), len(CONTRACT.quantiles)
    ramp = tf.constant(np.arange(levels, dtype=np.float32)) * (-1.0 if kind == "crossed" else 1.0)

    def run(window: Any, series: Any) -> dict[str, Any]:  # noqa: ANN401
        last = tf.where(tf.abs(window) < 1e18, window, 0.0)[:, -1:] + tf.cast(series, tf.float32)[:, None]
        if kind == "nan":
            last = last + tf.math.log(-1.0 - tf.abs(last))
        if kind == "flex":
            last = last + tf.linalg.cholesky(tf.abs(last)[:, :, None] + 1.0)[:, :, 0]
        return {"forecast": last[:, :, None] + tf.zeros([horizon, 1]) + ramp}

    series = tf.TensorSpec([None], tf.float32 if kind == "series_float" else tf.int32, name="series")
    module = tf.Module()
    module.run = tf.function(
        run, input_signature=[tf.TensorSpec([None, window], tf.float32, name="window"), series], autograph=False
    )
    return convert_module(module, module.run.get_concrete_function())


def network_forecasts(architecture: Architecture) -> Float64:
    """Forecasts of the network before conversion for `windows()`."""
    return forecast(network(architecture), *windows())

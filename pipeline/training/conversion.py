"""Keras to TFLite, plain TFLite operations only, and the proof that both forecast the same.

Only `convert` needs TensorFlow, and it belongs into a process of its own (`pipeline.training.worker`): the converter can crash
hard. Parity goes through `edge.forecaster.model`, on the runtime and at the batch sizes of the device.
"""

import hashlib
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.contract.contract import Float32, Int32
from edge.errors import BundleError
from edge.forecaster.baselines import Forecaster
from edge.forecaster.bundle import Bundle, ModelFile, Precision
from edge.forecaster.golden import Golden
from edge.forecaster.model import TOLERANCE, Model, relative_error, runtime_name
from pipeline.history.windows import evenly
from pipeline.training.build import Architecture

if TYPE_CHECKING:
    from pipeline.training.network import Members, Network

SIGNATURE = "forecast"
MOST_GOLDEN = 16


def convert(network: "Network | Members", precision: Precision = "float32") -> bytes:
    """The network as a TFLite file with a free batch: inputs `window` and `series`, output `forecast`.

    Weights are frozen into a saved model first; other ways lead to files that no device runtime runs, or that give NaN.

    Args:
        network: trained.
        precision: of the weights.

    Raises:
        BundleError: the network needs an operation that plain TFLite does not have.
    """
    import tensorflow as tf  # noqa: PLC0415 - takes seconds, and the device never needs it

    module = tf.Module()
    module.variables_of_network = [variable.value for variable in network.variables]

    def forecast(window: Any, series: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow has no types
        return {"forecast": network.call(window, series)}

    module.forecast = tf.function(
        forecast,
        input_signature=[
            tf.TensorSpec([None, network.contract.window], tf.float32, name="window"),
            tf.TensorSpec([None], tf.int32, name="series"),
        ],
        autograph=False,
    )
    return convert_module(module, module.forecast.get_concrete_function(), precision)


def convert_module(module: Any, function: Any, precision: Precision = "float32") -> bytes:  # noqa: ANN401 - TensorFlow has no types
    """A function of a TensorFlow module as a TFLite file.

    Args:
        module: holds the variables that the function reads.
        function: concrete function; becomes the one signature.
        precision: of the weights.

    Raises:
        BundleError: it needs an operation that plain TFLite does not have.
    """
    import tensorflow as tf  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={SIGNATURE: function})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]  # of itself: int8 weights, ranges at run time
        if precision == "int8":
            # One scale for a matrix: tflite-runtime 2.14 opens no file in which each row has its own. There is no public way.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        try:
            content: bytes = converter.convert()
        except tf.errors.OpError as error:
            raise _refused(error) from error
        except Exception as error:  # the converter's own class is private
            if type(error).__name__ != "ConverterError":
                raise
            raise _refused(error) from error
    return content


def _refused(error: Exception) -> BundleError:
    lines = [
        line.strip() for line in str(error).splitlines() if "is neither a custom op nor a flex op" in line or "tf." in line
    ]
    reason = lines[0] if lines else str(error).strip().splitlines()[0]
    return BundleError(f"expected a network of plain TFLite operations only; the converter says: {reason[:300]}")


def model_file(content: bytes, architecture: Architecture, parameters: int, precision: Precision = "float32") -> ModelFile:
    """What the manifest says of a converted model; it is verified on the runtime installed here."""
    return ModelFile(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        cell=architecture.cell,
        design=architecture.design,
        units=architecture.units,
        parameters=parameters,
        runtime=runtime_name(),
        precision=precision,
    )


def golden(forecaster: Forecaster, windows: Float32, series: Int32, units: Float32 | None = None) -> Golden:
    """Inputs and outputs for the self-test on the device.

    Args:
        forecaster: the converted model.
        windows: float32 `[n, window]`; evenly chosen ones are kept where there are many.
        series: int32 `[n]`.
        units: spread of the series of each window, in which the device judges differences, float32 `[n]`; None: unknown.

    Raises:
        BundleError: a forecast is not finite.
    """
    chosen = evenly(len(windows), MOST_GOLDEN)
    forecasts = forecaster.predict(windows[chosen], series[chosen])
    if not np.isfinite(forecasts).all():
        raise BundleError(f"expected finite golden forecasts from {forecaster.name}; got NaN")
    return Golden.of(windows[chosen], series[chosen], forecasts, None if units is None else units[chosen])


def parity(
    expected: Float32,
    bundle: Bundle,
    windows: Float32,
    series: Int32,
    leads: int | None = None,
    units: Float32 | None = None,
) -> float:
    """Compare a bundle's model on the device runtime with the network it was made from, at batch 1 and batch 64.

    Args:
        expected: forecasts of the network, float32 `[n, horizon, quantiles]`.
        bundle: with the converted model.
        windows: real ones, with their gaps, float32 `[n, window]`.
        series: int32 `[n]`.
        leads: that are compared; None: all.
        units: spread of the series of each window, float32 `[n]`; None: the spread of all the forecasts.

    Returns:
        Largest error as a share of the spread, as `edge.forecaster.model.relative_error` says it.

    Raises:
        BundleError: it is too large, or a forecast is NaN.
    """
    model = Model(bundle)
    error = 0.0
    for batch in (1, 64):
        parts = [slice(start, start + batch) for start in range(0, len(windows), batch)]
        found = np.concatenate([model.predict(windows[part], series[part]) for part in parts])
        error = float(np.maximum(error, relative_error(expected, found, windows, leads, units)))
    precision = bundle.manifest.model.precision if bundle.manifest.model else "float32"
    if not error <= TOLERANCE[precision]:
        raise BundleError(
            f"{model.name} does not forecast as its network: expected an error of at most {TOLERANCE[precision]:g} "
            f"of the spread, got {error:.3g}"
        )
    return error

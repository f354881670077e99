"""Keras to TFLite, plain TFLite operations only, and the proof that both forecast the same.

Only converting needs TensorFlow, and it belongs into a process of its own (`pipeline.training.worker`): the converter can crash
hard. Parity goes through `edge.forecaster.model`, on the runtime and at the batch sizes of the device.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edge.errors import BundleError
from edge.forecaster.manifest import Precision

if TYPE_CHECKING:
    from pipeline.training.members import Members
    from pipeline.training.network import Network

SIGNATURE = "forecast"


def convert(network: "Network | Members", precision: Precision = "float32") -> bytes:
    """The network as one TFLite file; as `convert_each`."""
    return convert_each(network, (precision,))[precision]


def convert_each(network: "Network | Members", precisions: Iterable[Precision]) -> dict[Precision, bytes]:
    """The network as TFLite files with a free batch: inputs `window` and `series`, output `forecast`.

    A network that is told of the leads has the input `future` as well.

    Weights are frozen into a saved model first, one for all files; other ways lead to files that no device runtime runs, or
    that give NaN.

    Args:
        network: trained network.
        precisions: precision of the weights of each file.

    Raises:
        BundleError: the network needs an operation that plain TFLite does not have.
    """
    import tensorflow as tf  # noqa: PLC0415 - takes seconds, and the device never needs it

    module = tf.Module()
    module.variables_of_network = [variable.value for variable in network.variables]

    contract = network.contract

    def forecast(window: Any, series: Any, *future: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow has no types
        return {"forecast": network.call(window, series, *future)}

    signature = [
        tf.TensorSpec([None, contract.columns], tf.float32, name="window"),
        tf.TensorSpec([None], tf.int32, name="series"),
    ]
    if contract.future:
        signature.append(tf.TensorSpec([None, contract.horizon, len(contract.future)], tf.float32, name="future"))
    # No attribute of the module: what hangs there is traced, saved and loaded a second time, beside the signature.
    function = tf.function(forecast, input_signature=signature, autograph=False)
    with _saved(module, function.get_concrete_function()) as folder:
        return {precision: _converted(folder, precision) for precision in precisions}


def convert_module(module: Any, function: Any) -> bytes:  # noqa: ANN401 - TensorFlow has no types
    """A function of a TensorFlow module as a TFLite file with float32 weights.

    Args:
        module: object that holds the variables that the function reads.
        function: concrete function; becomes the one signature.

    Raises:
        BundleError: it needs an operation that plain TFLite does not have.
    """
    with _saved(module, function) as folder:
        return _converted(folder, "float32")


@contextmanager
def _saved(module: Any, function: Any) -> Iterator[str]:  # noqa: ANN401 - TensorFlow has no types
    """The folder of a saved model, for as long as it is converted."""
    import tensorflow as tf  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={SIGNATURE: function})
        yield folder


def _converted(folder: str, precision: Precision) -> bytes:
    """A saved model as a TFLite file."""
    import tensorflow as tf  # noqa: PLC0415

    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]  # alone it gives int8 weights with ranges at run time
    if precision == "int8":
        # One scale per matrix: tflite-runtime 2.14 cannot open a file with one scale per row. No public option sets this.
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

"""Other consumers of the same messages, each in a process of its own: `edge.py` reads their CPU time from outside.

    python benchmarks/edge_consumers.py KIND PORT COUNTED [STORE MODEL]

takes and acknowledges messages for ever, and writes their number into a file. The two tutorial ways are what most people begin
with: everything in the callback, a forecast for each reading, an object for each row, a request for each write.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as paho
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS
from paho.mqtt.enums import CallbackAPIVersion

from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.contract.columns import Float32

CLIENT = "consumer"
WINDOW, HORIZON, UNITS = 24, 24, 64  # of the tutorials' network
BUCKET = "bench"
Predict = Callable[[Float32], Float32]
TELEGRAF = """
[agent]
  flush_interval = "1s"
  metric_batch_size = 5000
  metric_buffer_limit = 2000000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["bench/#"]
  qos = 1
  persistent_session = true
  client_id = "{client}"
  max_undelivered_messages = 5000
  topic_tag = "topic"
  data_format = "json"
  json_time_key = "time"
  json_time_format = "unix"
"""
TO_INFLUX = (
    '[[outputs.influxdb]]\n  urls = ["http://127.0.0.1:{port}"]\n  database = "{bucket}"\n  skip_database_creation = true\n'
)
TO_FILE = '[[outputs.file]]\n  files = ["{path}"]\n  data_format = "influx"\n'


@contextmanager
def consumer(kind: str, port: int, *more: str) -> Iterator[tuple[int, Callable[[], float]]]:
    """A consumer of this file: its process id, and the number of messages that it has taken."""
    with tempfile.NamedTemporaryFile() as counted:
        command = [sys.executable, __file__, kind, str(port), counted.name, *more]
        with ended(subprocess.Popen(command, stderr=subprocess.DEVNULL)) as process:
            yield process.pid, lambda: float(Path(counted.name).read_text() or 0)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended by its own pid."""
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def telegraf(folder: Path, port: int, influx: int | None) -> Iterator[tuple[int, Callable[[], float]]]:
    """Telegraf, writing to InfluxDB or into a file, with the number of lines that it has written to the file.

    Args:
        folder: folder for its configuration and its file.
        port: port of the broker.
        influx: port of the database; None: a file.
    """
    output, config = folder / "telegraf.out", folder / "telegraf.conf"
    sink = TO_FILE.format(path=output) if influx is None else TO_INFLUX.format(port=influx, bucket=BUCKET)
    config.write_text(TELEGRAF.format(port=port, client=CLIENT) + sink)
    output.touch()
    with ended(subprocess.Popen(["telegraf", "--config", str(config)], stdout=subprocess.DEVNULL)) as process:
        yield process.pid, lambda: float(output.read_bytes().count(b"\n"))


def save_models(folder: Path) -> tuple[Path, Path]:
    """The tutorials' network with random weights, as Keras and as TFLite keep it."""
    import keras  # noqa: PLC0415 - takes seconds
    import tensorflow as tf  # noqa: PLC0415

    from pipeline.training.conversion import convert_module  # noqa: PLC0415

    layers = [keras.Input((WINDOW, 1)), keras.layers.GRU(UNITS, unroll=True), keras.layers.Dense(HORIZON)]
    network = keras.Sequential(layers)
    network.save(folder / "model.keras")
    module = tf.Module()
    module.network = network
    module.run = tf.function(lambda window: {"forecast": network(window)}, autograph=False)
    content = convert_module(module, module.run.get_concrete_function(tf.TensorSpec((1, WINDOW, 1), tf.float32, "window")))
    (folder / "model.tflite").write_bytes(content)
    return folder / "model.keras", folder / "model.tflite"


def keras_model(path: str) -> Predict:
    """`predict` of Keras."""
    import keras  # noqa: PLC0415

    network = keras.models.load_model(path)
    return lambda window: network.predict(window, verbose=0)


def tflite_model(path: str) -> Predict:
    """An interpreter at batch 1."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    interpreter = Interpreter(path)
    interpreter.allocate_tensors()
    given, made = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def predict(window: Float32) -> Float32:
        interpreter.set_tensor(given, window)
        interpreter.invoke()
        return interpreter.get_tensor(made)  # type: ignore[no-any-return]

    return predict


def tutorial(predict: Predict, url: str) -> Callable[[paho.MQTTMessage], None]:
    """What a tutorial does with a message."""
    write = InfluxDBClient(url, token="", org="gatecast").write_api(write_options=SYNCHRONOUS).write
    windows: dict[str, deque[float]] = defaultdict(lambda: deque([20.0] * WINDOW, WINDOW))

    def hear(message: paho.MQTTMessage) -> None:
        document = json.loads(message.payload)
        window, moment = windows[message.topic], int(document["time"] * 1e9)
        window.append(document["value"])
        forecast = predict(np.asarray(window, np.float32)[None, :, None])[0]
        points = [Point("reading").tag("series", message.topic).field("value", document["value"]).time(moment)]
        for lead, value in enumerate(forecast.tolist(), 1):
            point = Point("forecast").tag("series", message.topic).field("value", value).field("lead", lead)
            points.append(point.time(moment + lead * 60 * 10**9))
        write(BUCKET, record=points)

    return hear


def with_paho(port: int, note: Callable[[int], None], hear: Callable[[paho.MQTTMessage], object], every: int) -> None:
    """Take messages by the library's callback."""
    count = 0

    def on_message(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        nonlocal count
        hear(message)
        client.ack(message.mid, message.qos)
        count += 1
        if count % every == 0:
            note(count)

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=CLIENT, clean_session=False, manual_ack=True)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_forever()


def with_subscriber(port: int, note: Callable[[int], None]) -> None:
    """Take messages by the agent's subscriber alone."""
    subscriber = Subscriber(Address("127.0.0.1", port, tls=False, user=None), Subscription(CLIENT, ["bench/#"]))
    subscriber.start()
    count = 0
    while True:
        messages = subscriber.take(4096, 0.2)
        subscriber.acknowledge(messages)
        count += len(messages)
        note(count)


def main(kind: str, port: int, counted: str, more: Sequence[str]) -> None:
    """Take messages until this process is ended."""
    descriptor = os.open(counted, os.O_WRONLY)

    def note(count: int) -> None:
        os.pwrite(descriptor, str(count).encode(), 0)

    if kind == "subscriber":
        with_subscriber(port, note)
    elif kind == "paho":
        with_paho(port, note, lambda _: None, 1000)
    else:
        models: dict[str, Any] = {"keras": keras_model, "tflite": tflite_model}
        with_paho(port, note, tutorial(models[kind](more[1]), more[0]), 1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])

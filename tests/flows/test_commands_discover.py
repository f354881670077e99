"""A broker with an account and a house full of devices, from the command line (kind K10: usual inputs)."""

import json
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.config.reading import read_config
from flows.cli import make_parser
from flows.commands.discover import TEXT
from tests.support.commands import call
from tests.support.servers import Mosquitto, free_port


@contextmanager
def publishing(broker: Mosquitto, user: str, password: str) -> Iterator[None]:
    """Devices that speak all the time, and a message that the broker keeps."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    done = threading.Event()

    def publish() -> None:
        client.publish("house/config", json.dumps({"password": "hunter2", "level": 3}), retain=True)
        while not done.wait(0.02):
            for room in ("hall", "attic"):
                client.publish(f"house/{room}/air", json.dumps({"temperature": 21.5, "humidity": 40}))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        client.disconnect()
        client.loop_stop()


@pytest.mark.servers
def test_a_house_becomes_a_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Printed as TOML or JSON, or written by `init --discover`; a wrong password is one line."""
    path = tmp_path / "gatecast.toml"
    with Mosquitto(tmp_path / "broker", password=("me", "between-us")) as broker, publishing(broker, "me", "between-us"):
        where = ("--broker", broker.url, "--seconds", "0.3", "--config", path)
        monkeypatch.setenv("GATECAST_MQTT_PASSWORD", "wrong")
        code, _, error = call(capsys, "discover", *where)
        assert (code, "GATECAST_MQTT_PASSWORD" in error) == (1, True)
        assert not path.exists()
        monkeypatch.setenv("GATECAST_MQTT_PASSWORD", "between-us")
        code, text, _ = call(capsys, "discover", *where)
        rule = {"topic": "house/{device}/air", "value": "*", "time": ""}
        assert (code, tomllib.loads(text)["ingest"], "hunter2" in text) == (0, [rule], False)
        code, text, _ = call(capsys, "discover", "--json", "--topic", "house/hall/#", *where)
        document = json.loads(text)
        assert (code, document["topics"], document["rules"][0]["series"]) == (0, 1, 2)
        code, text, _ = call(capsys, "init", "--discover", *where)
        assert (code, "wrote" in text) == (0, True)
        config = read_config(path)
        assert (config.mqtt.url, [rule.topic for rule in config.ingest]) == (broker.url, ["house/{device}/air"])
        assert call(capsys, "init", "--discover", *where)[0] == 2


def test_a_broker_that_is_away_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written."""
    path = tmp_path / "gatecast.toml"
    for command in (("discover",), ("init", "--discover")):
        code, _, error = call(capsys, *command, "--broker", f"mqtt://127.0.0.1:{free_port()}", "--config", path)
        assert (code, len(error.splitlines()), "cannot reach" in error) == (1, 2, True)  # the first says that it listens
    assert not path.exists()
    code, _, error = call(capsys, "discover", "--broker", "http://x", "--config", path)
    assert (code, "--broker" in error) == (2, True)


def test_the_command_takes_a_moment() -> None:
    """Ctrl-C reaches it, and ends the listening only."""
    options = make_parser().parse_args(["discover"])
    assert (options.grace, options.seconds, options.topic) == (None, 30.0, None)
    assert "broker" in TEXT

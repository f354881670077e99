"""A real mosquitto with the delivered configuration keeps what it acknowledged."""

import os
import subprocess
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.servers import HANGS_AFTER, Mosquitto, requires

pytestmark = pytest.mark.servers

DEPLOY = Path(__file__).parents[2] / "deploy"
ACCOUNT = ("gatecast", "between-us")


def _broker(folder: Path) -> Mosquitto:
    """The delivered configuration with ports, paths and system user of the test."""
    text = (DEPLOY / "mosquitto.conf").read_text()
    text = text.replace("listener 1883", "listener {port} 127.0.0.1\nuser root").replace("/mosquitto/data/", "{folder}/")
    assert "{folder}/passwd" in text
    return Mosquitto(folder, password=ACCOUNT, configuration=text)


def _client(name: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
    client.username_pw_set(*ACCOUNT)
    return client


def test_a_long_queue_survives_a_kill(tmp_path: Path) -> None:
    """5,000 messages for an agent that is away, five times mosquitto's default, are there after kill -9."""
    with _broker(tmp_path / "broker") as broker:
        subscribed, enough = threading.Event(), threading.Event()
        agent = _client("agent")
        agent.on_subscribe = lambda *_: subscribed.set()
        agent.connect("127.0.0.1", broker.port)
        agent.subscribe("sensors/#", qos=1)
        agent.loop_start()
        assert subscribed.wait(HANGS_AFTER)
        agent.disconnect()
        agent.loop_stop()

        sensor = _client("sensor")
        sensor.max_inflight_messages_set(1000)
        sensor.connect("127.0.0.1", broker.port)
        sensor.loop_start()
        sent = [sensor.publish("sensors/a", str(number), qos=1) for number in range(5000)]
        for message in sent:
            message.wait_for_publish(HANGS_AFTER)
        sensor.disconnect()
        sensor.loop_stop()

        broker.save()
        broker.kill()
        broker.start()

        received: list[int] = []
        agent = _client("agent")

        def on_message(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
            received.append(int(message.payload))
            if len(received) == len(sent):
                enough.set()

        agent.on_message = on_message
        agent.connect("127.0.0.1", broker.port)
        agent.loop_start()
        enough.wait(HANGS_AFTER)
        agent.disconnect()
        agent.loop_stop()
        assert received == list(range(5000))


def test_strangers_are_refused(tmp_path: Path) -> None:
    """A client without an account is not let in."""
    with _broker(tmp_path / "broker") as broker:
        refused = threading.Event()
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.on_connect = lambda *arguments: refused.set() if arguments[3].is_failure else None
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        assert refused.wait(HANGS_AFTER)
        client.disconnect()
        client.loop_stop()


def start_script(folder: Path, settings: Path, certificates: Path = Path("/none")) -> Path:
    """Run the start command of compose.yaml up to the broker itself; its programs note how they are called, in `lines`.

    Args:
        folder: folder for everything.
        settings: folder of the files of settings.
        certificates: folder of the certificates.

    Returns:
        The broker's folder of data.
    """
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["mosquitto"]
    start, home = service["command"][-1].replace("$$", "$"), folder / "data"
    for program in ("mosquitto_passwd", "mosquitto_sub"):
        _wrap(folder / "bin" / program, folder / "lines", requires(program))
    for program in ("mosquitto", "chown"):  # the broker is started by the test
        _wrap(folder / "bin" / program, folder / "lines", "/bin/true")
    home.mkdir()
    for place, here in (("data", home), ("config", settings), ("certificates", certificates)):
        start = start.replace(f"/mosquitto/{place}/", f"{here}/")
    subprocess.run(["/bin/sh", "-euc", start], check=True, env=_variables(folder))
    return home


def _variables(folder: Path) -> dict[str, str]:
    path = f"{folder}/bin:{os.environ['PATH']}"
    return {"PATH": path, "MQTT_PASSWORD": ACCOUNT[1], "XDG_CONFIG_HOME": str(folder / "account")}


def test_no_command_line_of_compose_has_the_password(tmp_path: Path) -> None:
    """The start command makes the account, the health check logs in with it, and no program is given the password."""
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["mosquitto"]
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "mosquitto.conf").write_text((DEPLOY / "mosquitto.conf").read_text())
    home, lines = start_script(tmp_path, settings), tmp_path / "lines"
    text = (home / "settings").read_text()
    text = text.replace("listener 1883", "listener {port} 127.0.0.1\nuser root").replace("/mosquitto/data/", f"{home}/")
    with Mosquitto(tmp_path / "broker", configuration=text) as broker:
        kind, *check = service["healthcheck"]["test"]
        words = [*(word.replace("$$", "$") for word in check), "-p", str(broker.port)]
        asked = subprocess.run(words, env=_variables(tmp_path), capture_output=True, text=True, check=True)
    assert (kind, asked.stdout.split()[0]) == ("CMD", "mosquitto")
    assert {line.split()[0] for line in lines.read_text().splitlines()} == {path.name for path in (tmp_path / "bin").iterdir()}
    assert ACCOUNT[1] not in lines.read_text()
    secrets = [home / "passwd", home / "settings", *(tmp_path / "account").iterdir()]
    assert [path.stat().st_mode & 0o077 for path in secrets] == [0, 0, 0, 0]


def _wrap(path: Path, lines: Path, program: str) -> None:
    """A program that notes how it is called."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{path.name} $*" >> {lines}\nexec {program} "$@"\n')
    path.chmod(0o700)

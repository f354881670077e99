"""An agent with `[publish]` beside a real broker: what people and Home Assistant see, whatever dies."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.agent.counters import Counter
from edge.alerts.rule import AlertRule
from edge.contract.schema import FORECAST
from edge.contract.times import SECOND, iso
from edge.publish.making import births, will_of
from edge.publish.settings import Publish
from edge.publish.topics import Plan
from edge.stores.store import open_store
from tests.support.agent_process import (
    CONTRACT,
    START,
    Row,
    baseline_bundle,
    configure,
    contents,
    hang_up,
    publish,
    publisher,
    release,
    running,
)
from tests.support.discovered import House
from tests.support.documented import ROOT, blocks
from tests.support.servers import HANGS_AFTER, Mosquitto, wait_until

PAGE = ROOT / "docs" / "publish.md"
PREFIX = "gatecast/agent"
MINUTE = 60 * SECOND


class Watcher(House):
    """Whoever subscribes to all: a house, and all messages in their order."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.messages: list[tuple[str, bytes, bool, int]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._take
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(HANGS_AFTER)

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        self.messages.append((message.topic, payload, message.retain, message.qos))
        self.hear(message.topic, payload)

    def forecast(self, series: str) -> dict[str, object]:
        """The newest forecast of a series."""
        told: dict[str, object] = json.loads(self.states[f"{PREFIX}/forecast/{series}"])
        return told


@contextmanager
def watching(port: int) -> Iterator[Watcher]:
    """A watcher that hangs up in the end."""
    watcher = Watcher(port)
    try:
        yield watcher
    finally:
        hang_up(watcher.client)


def configured(folder: Path, mosquitto: Mosquitto, keys: str = "", **agent: object) -> Path:
    """A configuration with `[publish]`."""
    config = configure(
        folder, mosquitto.url, f"sqlite:///{folder}/store.db", release(folder / "registry", baseline_bundle()), **agent
    )
    config.write_text(config.read_text().replace(f'client_id = "{folder.name}"', 'client_id = "agent"') + keys)
    return config


def rows(series: str, minutes: range, value: float = 20.0) -> list[Row]:
    """A reading in each minute, all the same but for the last digit."""
    return [(series, START + minute * MINUTE, value + minute / 100) for minute in minutes]


def told(port: int, *parts: list[Row]) -> None:
    """Publish rows, and wait until the broker has them."""
    client = publisher(port)
    for part in parts:
        publish(client, part)
    hang_up(client)


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("reader", ["gatecast", "paho"])
def test_forecasts_are_those_of_the_store(version: str, reader: str, tmp_path: Path, mosquitto: Mosquitto) -> None:
    """JSON for each series, retained, with the numbers of the store; after `kill -9` the broker says that the agent is gone."""
    config = configured(tmp_path, mosquitto, '\n[publish]\nqos = 1\nseries = ["d0.*"]\n')
    config.write_text(
        config.read_text().replace("[mqtt]", f'[mqtt]\nversion = "{version}"\nreader = "{reader}"\nkeepalive = 5')
    )
    with running(config) as agent, watching(mosquitto.port) as watcher:
        wait_until(lambda: watcher.states.get(f"{PREFIX}/status") == b"online")
        told(mosquitto.port, rows("d0.t", range(30)), rows("d1.t", range(30)))
        origin = START + 29 * MINUTE
        topic = f"{PREFIX}/forecast/d0.t"
        wait_until(lambda: topic in watcher.states and watcher.forecast("d0.t")["origin"] == iso(origin))
        store = open_store(f"sqlite:///{tmp_path}/store.db")
        wait_until(lambda: ("d0.t", origin, 0) in contents(store)[FORECAST.name])
        made = contents(store)[FORECAST.name]
        document = watcher.forecast("d0.t")
        for lead in range(CONTRACT.horizon):
            expected = made["d0.t", origin + lead * MINUTE, 0][:3]
            for name, value in zip(("q10", "q50", "q90"), expected, strict=True):
                numbers = document[name]
                assert isinstance(numbers, list)
                assert numbers[lead] == pytest.approx(value, rel=2e-7)
        store.close()
        assert document | {"q10": 0, "q50": 0, "q90": 0} == {
            "series": "d0.t",
            "unit": "",
            "model": "last_value",
            "origin": iso(origin),
            "interval": 60,
            "next": pytest.approx(20.28),
            "minimum": pytest.approx(20.28),
            "minimum_at": iso(origin),
            "maximum": pytest.approx(20.28),
            "maximum_at": iso(origin),
            "q10": 0,
            "q50": 0,
            "q90": 0,
        }
        assert {qos for name, *_, qos in watcher.messages if name == topic} == {1}
        assert f"{PREFIX}/forecast/d1.t" not in watcher.states
        with watching(mosquitto.port) as late:
            wait_until(lambda: topic in late.states)
            assert (topic, watcher.states[topic], True, 1) in late.messages
        agent.kill()
        wait_until(lambda: watcher.states[f"{PREFIX}/status"] == b"offline")
        agent.start()
        wait_until(lambda: watcher.states[f"{PREFIX}/status"] == b"online")
        agent.stop()
        wait_until(lambda: watcher.states[f"{PREFIX}/status"] == b"offline")


@pytest.mark.servers
def test_what_the_agent_publishes_is_no_reading(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """An agent that reads every topic has its own series alone, and Home Assistant may publish its forecasts again."""
    config = configured(tmp_path, mosquitto, "\n[publish]\nhome_assistant = true\n")
    rule = 'topic = "{place...}"\nvalue = "*"\ntime = ""'
    config.write_text(config.read_text().replace('topic = "sensors/{device}/{metric}"', rule).replace('"event"', '"wall"'))
    with running(config) as agent, watching(mosquitto.port) as watcher:
        client = publisher(mosquitto.port)
        for topic in ("homeassistant/sensor/gatecast_x_next/state", "gatecast/other/forecast/d0.t", "home/t"):
            client.publish(topic, "20.5", qos=1).wait_for_publish()
        hang_up(client)
        wait_until(lambda: agent.number(Counter.MESSAGES) >= 1)
        wait_until(lambda: "home/t" in watcher.states)
        time.sleep(0.5)
        assert (agent.number(Counter.MESSAGES), agent.number(Counter.READINGS)) == (1, 1)


@pytest.mark.servers
def test_entities_appear_change_and_disappear(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """A device for each series with its alert; they outlive the broker, come back at a birth, and go with the configuration."""
    keys = f'\n{blocks(PAGE.read_text("utf-8"), "toml")[0]}[[alert]]\nname = "warm"\nseries = "d0.*"\nabove = 25.0\n'
    config = configured(tmp_path, mosquitto, keys)
    with running(config) as agent, watching(mosquitto.port) as house:
        told(mosquitto.port, rows("d0.t", range(30)), rows("d 1.t", range(30), 5.0))
        name = "Gatecast d0.t"
        wait_until(
            lambda: f"{name} Next forecast" in house.entities and house.value(f"{name} Next forecast") == pytest.approx(20.28)
        )
        wait_until(lambda: "Gatecast d 1.t Next forecast" in house.entities and f"{name} warm" in house.entities)
        assert {entity.removeprefix(f"{name} ") for entity in house.entities if entity.startswith(name)} == {
            "Next forecast",
            "Highest forecast within 6min",
            "Lowest forecast within 6min",
            "Time of the highest forecast",
            "Time of the lowest forecast",
            "warm",
        }
        wait_until(lambda: house.value(f"{name} warm") == "OFF")
        assert house.value("Gatecast agent Status") == "online"
        assert all("state_class" not in entity for entity in house.entities.values())
        identifiers = {entity["unique_id"] for entity in house.entities.values()}
        told(mosquitto.port, rows("d0.t", range(30, 35), 30.0))
        wait_until(lambda: house.value(f"{name} warm") == "ON" and (house.value(f"{name} Next forecast") or 0) > 30)
        alert = json.loads(house.states[f"{PREFIX}/alert/warm/d0.t"])
        assert alert["raised"]
        assert alert["probability"] >= 0.8
        mosquitto.kill()
        house.devices.clear()
        house.states.clear()
        mosquitto.start()
        wait_until(lambda: f"{name} warm" in house.entities and house.value(f"{name} warm") == "ON")
        wait_until(lambda: (house.value(f"{name} Next forecast") or 0) > 30)
        assert {entity["unique_id"] for entity in house.entities.values()} == identifiers
        house.devices.clear()
        house.client.publish("homeassistant/status", "online", qos=1)
        wait_until(lambda: {entity["unique_id"] for entity in house.entities.values()} == identifiers)
        house.client.publish("homeassistant/status", "online", qos=1)
        sent = agent.number(Counter.PUBLISHED)
        time.sleep(1)
        assert agent.number(Counter.PUBLISHED) == sent
        agent.stop()
        wait_until(lambda: house.value(f"{name} Next forecast") is None)
        config.write_text(config.read_text().replace(keys, '\n[publish]\nhome_assistant = true\nseries = ["d0.*"]\n'))
        agent.start()
        wait_until(lambda: not any(entity.startswith("Gatecast d 1.t") or entity.endswith("warm") for entity in house.entities))
        assert f"{name} Next forecast" in house.entities
        wait_until(lambda: house.states[f"{PREFIX}/alert/warm/d0.t"] == b"" == house.states[f"{PREFIX}/forecast/d%201.t"])
        agent.stop()
        config.write_text(config.read_text().partition("\n[publish]")[0] + "\n")
        agent.start()
        wait_until(lambda: not house.devices and house.states[f"{PREFIX}/status"] == b"")
        with watching(mosquitto.port) as late:
            time.sleep(0.3)
            assert [topic for topic, *_ in late.messages if not topic.startswith("sensors/")] == []


@pytest.mark.parametrize(
    ("settings", "share", "expected"),
    [
        (None, None, []),
        (Publish(), None, []),
        (Publish(home_assistant=True), None, ["homeassistant/status"]),
        (Publish(home_assistant=True, discovery="ha"), None, ["ha/status"]),
        (Publish(home_assistant=True), "group", []),
    ],
)
def test_a_birth_is_heard_where_it_matters(settings: Publish | None, share: str | None, expected: list[str]) -> None:
    """Not of a group, of which one alone would hear it, and not without Home Assistant."""
    assert births(Plan.of(settings, "agent"), share) == expected


@pytest.mark.parametrize("qos", [0, 1])
def test_the_will_says_that_the_agent_is_gone(qos: int) -> None:
    """It is kept by the broker, whatever forecasts are; without the section there is none."""
    assert will_of(Plan.of(None, "agent", [AlertRule(name="a", above=1.0)])) is None
    will = will_of(Plan.of(Publish(topic="a/b", qos=qos, retain=False), "agent"))
    assert will is not None
    assert (will.topic, will.payload, will.retained) == ("a/b/status", b"offline", True)


@pytest.mark.servers
@pytest.mark.slow
def test_readings_come_where_the_broker_ends_connections_for_forecasts(tmp_path: Path) -> None:
    """It takes no packet above 350 bytes, and MQTT 3.1.1 cannot tell: after three connections nothing is published."""
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker", settings={"max_packet_size": 350}) as broker:
        config = configured(tmp_path, broker, "\n[publish]\nhome_assistant = true\n")
        with running(config) as agent:
            told(broker.port, rows("d0.t", range(30)))
            wait_until(lambda: agent.lines("3 connections in a row ended within 10 s after something was published") == 1)
            told(broker.port, rows("d0.t", range(30, 60)))
            # Some are counted twice: what was not acknowledged before a connection ended is delivered again.
            with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as store:
                wait_until(lambda: store.count_readings(START, START + 60 * MINUTE) == {"d0.t": 60})

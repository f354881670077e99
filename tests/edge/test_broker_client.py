"""The client with either reader beside the library's own, against a real broker."""

import threading
from typing import Literal

import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes

from edge.broker.address import Address
from edge.broker.client import BufferedClient, Subscription, make_client
from edge.messages.message import Message
from tests.support.agent_process import hang_up, publisher
from tests.support.servers import HANGS_AFTER, Mosquitto, wait_until
from tests.support.wires import break_wire, told


@pytest.mark.servers
def test_all_readers_hear_the_same(mosquitto: Mosquitto) -> None:
    """The same messages in the same order, 0 to 100 kB, many at once, over a connection that breaks twice."""
    heard: dict[str, list[tuple[str, bytes]]] = {"plain": [], "gatecast": [], "library": [], "gatecast of 5": []}
    broker = Address("127.0.0.1", mosquitto.port, tls=False, user=None)
    plain = paho.Client(CallbackAPIVersion.VERSION2, client_id="plain", clean_session=False)

    def hear(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        heard["plain"].append((message.topic, bytes(message.payload)))
        client.ack(message.mid, message.qos)

    plain.on_message = hear
    clients: dict[str, paho.Client] = {
        "plain": plain,
        "gatecast": hearing("gatecast", heard),
        "library": hearing("library", heard),
        "gatecast of 5": hearing("gatecast of 5", heard, version="5"),
    }
    ready = threading.Semaphore(0)
    for client in clients.values():
        client.on_connect = lambda client, *_: client.subscribe("t/#", 1)
        client.on_subscribe = lambda *_: ready.release()
        client.reconnect_delay_set(1, 1)
        if isinstance(client, BufferedClient):
            client.aim(broker)
        else:
            client.connect_async(broker.host, broker.port)
        client.loop_start()
    for _ in clients:
        assert ready.acquire(timeout=HANGS_AFTER)
    source = np.random.default_rng(3)
    sender = publisher(mosquitto.port)
    messages = []
    for number in range(3000):
        size = int(source.choice([0, 1, 150, 16_384, 65_533, 100_000])) if number % 7 == 0 else 40
        messages.append((f"t/{number}", source.bytes(size)))
        sender.publish(*messages[-1], qos=1)
        if number in (1000, 2000):
            for client in clients.values():
                break_wire(client)
    wait_until(lambda: all(len(set(found)) == len(messages) for found in heard.values()), what="every message")
    for client in (*clients.values(), sender):
        hang_up(client)
    for found in heard.values():
        assert list(dict.fromkeys(found)) == messages


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("name", ["gateway", "library"])
def test_each_quality_of_service_is_acknowledged(mosquitto: Mosquitto, name: str, version: Literal["3.1.1", "5"]) -> None:
    """A message of QoS 0, 1 and 2 with properties is heard once each, and what is acknowledged does not come again."""
    heard: dict[str, list[tuple[str, bytes]]] = {name: []}
    broker, ready = Address("127.0.0.1", mosquitto.port, tls=False, user=None), threading.Event()
    user = ("room", "ä" * 100)
    properties = told(PacketTypes.PUBLISH, UserProperty=user, ContentType="text/plain", MessageExpiryInterval=1000)
    sender = paho.Client(CallbackAPIVersion.VERSION2, client_id="sender", protocol=paho.MQTTv5)
    sender.connect("127.0.0.1", mosquitto.port)
    sender.loop_start()
    client = hearing(name, heard, version=version)
    client.on_connect = lambda client, *_: client.subscribe("t/#", 2)
    client.on_subscribe = lambda *_: ready.set()
    client.aim(broker)
    client.loop_start()
    assert ready.wait(HANGS_AFTER)
    for qos in (0, 1, 2):
        sender.publish(f"t/{qos}", f"{qos}", qos, properties=properties)
    wait_until(lambda: len(heard[name]) == 3, what="three messages")
    hang_up(client)
    assert sorted(heard[name]) == [("t/0", b"0"), ("t/1", b"1"), ("t/2", b"2")]
    again = hearing(name, heard, version=version)
    again.on_connect = lambda client, *_: client.subscribe("t/#", 2)
    again.aim(broker)
    again.loop_start()
    sender.publish("t/last", "3", 1)
    wait_until(lambda: ("t/last", b"3") in heard[name], what="the last message")
    for left in (again, sender):
        hang_up(left)
    assert len(heard[name]) == 4


def hearing(name: str, heard: dict[str, list[tuple[str, bytes]]], version: Literal["3.1.1", "5"] = "3.1.1") -> BufferedClient:
    """A client that notes and acknowledges everything."""

    def take(messages: list[Message]) -> None:
        heard[name] += [(message.topic, message.payload) for message in messages]
        if kept := [message for message in messages if message.qos]:
            client.acknowledge(kept, kept[0].session)

    subscription = Subscription(name, [], largest=100_000, library=name == "library", version=version)
    client = make_client(Address("127.0.0.1", 1, tls=False, user=None), None, subscription, take)
    return client

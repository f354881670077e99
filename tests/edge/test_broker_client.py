"""The client with either reader beside the library's own, against a real broker."""

import threading

import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.broker.address import Address
from edge.broker.client import BufferedClient, Subscription, make_client
from edge.messages.message import Message
from tests.support.agent_process import hang_up, publisher
from tests.support.servers import HANGS_AFTER, Mosquitto, wait_until
from tests.support.wires import break_wire


@pytest.mark.servers
def test_all_readers_hear_the_same(mosquitto: Mosquitto) -> None:
    """The same messages in the same order, 0 to 100 kB, many at once, over a connection that breaks twice."""
    heard: dict[str, list[tuple[str, bytes]]] = {"plain": [], "gatecast": [], "library": []}
    plain = paho.Client(CallbackAPIVersion.VERSION2, client_id="plain", clean_session=False)

    def hear(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        heard["plain"].append((message.topic, bytes(message.payload)))
        client.ack(message.mid, message.qos)

    plain.on_message = hear
    clients: dict[str, paho.Client] = {
        "plain": plain,
        "gatecast": hearing("gatecast", heard),
        "library": hearing("library", heard),
    }
    ready = threading.Semaphore(0)
    for client in clients.values():
        client.on_connect = lambda client, *_: client.subscribe("t/#", 1)
        client.on_subscribe = lambda *_: ready.release()
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", mosquitto.port)
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


def hearing(name: str, heard: dict[str, list[tuple[str, bytes]]]) -> BufferedClient:
    """A client that notes and acknowledges everything."""

    def take(messages: list[Message]) -> None:
        heard[name] += [(message.topic, message.payload) for message in messages]
        client.acknowledge([message.mid for message in messages], messages[0].session)

    subscription = Subscription(name, [], largest=100_000, library=name == "library")
    client = make_client(Address("127.0.0.1", 1, tls=False, user=None), None, subscription, take)
    return client

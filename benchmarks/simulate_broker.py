"""Publishes what a house full of mixed devices publishes, to a broker that runs: 500 topics of 15 kinds.

    python benchmarks/simulate_broker.py --broker mqtt://127.0.0.1:1883 --seconds 600 --speed 20

Devices report every 10 seconds to 10 minutes; `--speed 20` makes that half a second to 30 seconds. The first report of each
comes within its own period. Times in payloads are those of the clock. Ends after `--seconds`, or with Ctrl-C.
"""

import argparse
import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event

from device_signals import phase
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from simulated_house import fleet, retained
from simulated_messages import Device, Published

from edge.broker.address import Address


def reports(devices: list[Device], start: float, end: float, speed: float) -> Iterator[tuple[float, list[Published]]]:
    """Unix time and messages of every report from start to end, in order of time.

    Args:
        devices: all that report.
        start: Unix time of the beginning, in seconds.
        end: Unix time after which nothing is reported.
        speed: number by which the devices' own periods are divided.
    """
    queue = [(start + phase(device.name) * device.period / speed, number) for number, device in enumerate(devices)]
    heapq.heapify(queue)
    last: dict[str, bytes] = {}
    while queue and queue[0][0] <= end:
        moment, number = heapq.heappop(queue)
        device = devices[number]
        messages = device.report(moment)
        if device.on_change:
            messages = [message for message in messages if last.get(message.topic) != message.payload]
            last.update({message.topic: message.payload for message in messages})
        yield moment, messages
        heapq.heappush(queue, (moment + device.period / speed, number))


def moved(messages: list[Published], prefix: str) -> list[Published]:
    """The messages with other topics; the names of their numbers stay."""
    return [replace(message, topic=f"{prefix}{message.topic}") for message in messages] if prefix else messages


def publish(
    address: Address,
    seconds: float,
    speed: float,
    heard: Callable[[Published], None] = lambda _: None,
    *,
    prefix: str = "",
    stopped: Event | None = None,
) -> int:
    """Publish to a broker in real time; returns the number of messages.

    Args:
        address: address of the broker.
        seconds: time after which it ends.
        speed: number by which the devices' own periods are divided.
        heard: function called with every message that was handed to the broker.
        prefix: text before every topic.
        stopped: event that ends it earlier.
    """
    stopped = stopped or Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id="simulated-house")
    client.max_queued_messages_set(0)
    client.connect(address.host, address.port)
    client.loop_start()
    sent = 0
    try:
        start = time.time()
        for message in moved(retained(), prefix):
            client.publish(message.topic, message.payload, qos=1, retain=True)
            sent += 1
        for moment, messages in reports(fleet(), start, start + seconds, speed):
            if stopped.wait(max(0.0, moment - time.time())):
                break
            for message in moved(messages, prefix):
                client.publish(message.topic, message.payload, qos=1, retain=message.retained)
                heard(message)
                sent += 1
    except KeyboardInterrupt:
        print("stopped")
    finally:
        client.disconnect()
        client.loop_stop()
    return sent


def main() -> None:
    """Publish, and say how much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", default="mqtt://127.0.0.1:1883", help="address of the broker (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=600.0, help="seconds to publish (default: %(default)g)")
    parser.add_argument("--speed", type=float, default=1.0, help="how much quicker than real devices (default: %(default)g)")
    parser.add_argument("--prefix", default="", help="text before every topic, such as a/b/c/, so that no preset is found")
    options = parser.parse_args()
    sent = publish(Address.parse(options.broker), options.seconds, options.speed, prefix=options.prefix)
    print(f"{sent:,} messages sent")


if __name__ == "__main__":
    main()

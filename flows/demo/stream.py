"""Recorded readings as a live stream: published over MQTT in order of time, as fast as the agent keeps up."""

import json
import time
from collections.abc import Callable

import numpy as np

from edge.broker.address import Address
from edge.broker.client import Subscription, make_client
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND, iso
from edge.errors import BrokerError
from flows.processes.patience import Patience

AHEAD = 8_000  # readings on their way at most


def topics_of(series: SeriesTable) -> tuple[str, str, list[str]]:
    """A topic for every series.

    Returns:
        Topic template and series template for `[[ingest]]`, and the topic of each series: `sensors/{site}/{metric}`
        where every name has exactly one dot, else `sensors/{metric}`.
    """
    if all(name.count(".") == 1 and all(name.split(".")) for name in series.names):
        return "sensors/{site}/{metric}", "{site}.{metric}", [f"sensors/{name.replace('.', '/')}" for name in series.names]
    return "sensors/{metric}", "{metric}", [f"sensors/{name}" for name in series.names]


def topic_safe(series: SeriesTable) -> SeriesTable:
    """The same series with names that can be levels of a topic: `/`, `+`, `#` become `_`."""
    table = SeriesTable()
    for name in series.names:
        clean = "".join("_" if character in "/+#\0" else character for character in name.strip()) or "series"
        while table.get(clean) is not None:
            clean += "_"
        table.add(clean)
    return table


def in_order(readings: Readings) -> Readings:
    """Finite readings in order of time; of several of the same series and time the last one."""
    kept = readings.take(np.isfinite(readings.value))
    order = np.lexsort((kept.series, kept.time))
    ordered = kept.take(order)
    again = (ordered.time[1:] == ordered.time[:-1]) & (ordered.series[1:] == ordered.series[:-1])
    return ordered.take(np.append(~again, np.ones(min(len(ordered), 1), bool)))


def publish(port: int, topics: list[str], readings: Readings, taken: Callable[[], int], advance: Callable[[int], None]) -> None:
    """Send every reading at QoS 1 and wait until the broker has acknowledged all of them.

    Args:
        port: port of the broker on this machine.
        topics: topic of each series.
        readings: readings, in the order in which they are sent.
        taken: function that returns the number of readings that the agent has committed so far.
        advance: function that is called now and then with the number of readings that have been sent.

    Raises:
        BrokerError: the broker is gone, or the agent takes no more.
    """
    broker, visit = Address("127.0.0.1", port, tls=False, user=None), Subscription("gatecast-replay", [])
    client = make_client(broker, None, visit, lambda _: None, clean=True)
    acknowledged = 0

    def count(*_: object) -> None:
        nonlocal acknowledged
        acknowledged += 1

    client.on_publish = count
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        columns = zip(readings.series.tolist(), readings.time.tolist(), readings.value.tolist(), strict=True)
        for number, (series, moment, value) in enumerate(columns):
            if number % 250 == 0:
                advance(number)
                _keep_pace(number, taken)
            stamp = iso(moment) if moment % SECOND == 0 else moment
            client.publish(topics[series], json.dumps({"time": stamp, "value": value}), qos=1)
        patience = Patience()
        while acknowledged < len(readings):
            if patience.lost(acknowledged):
                raise BrokerError(
                    f"the broker has acknowledged {acknowledged} of {len(readings)} readings and no more for "
                    f"{patience.seconds:.0f} s; see its log"
                )
            time.sleep(0.01)
        advance(len(readings))
        _keep_pace(len(readings), taken, ahead=0)
    finally:
        client.disconnect()
        client.loop_stop()


def _keep_pace(sent: int, taken: Callable[[], int], ahead: int = AHEAD) -> None:
    """Wait while the agent is more than `ahead` readings behind."""
    patience = Patience()
    while sent - (now := taken()) > ahead:
        if patience.lost(now):
            raise BrokerError(
                f"the agent has taken {now} of {sent} readings and no more for {patience.seconds:.0f} s; see its log"
            )
        time.sleep(0.05)

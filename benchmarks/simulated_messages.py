"""Messages of simulated devices, and beside each the numbers in it: what a reader of all of them must find."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Document: TypeAlias = Any
Numbers: TypeAlias = Mapping[str, float]

# What a device tells of itself, and what is no measurement at all. Both are counted apart.
HOUSEKEEPING = {
    *("RSSI", "Signal", "UptimeSec", "Heap", "LoadAvg", "Sleep", "MqttCount", "LinkCount", "linkquality", "battery_ok"),
    *("rssi", "snr", "channel_rssi", "srssi", "freeram", "fPort", "fCnt", "f_port", "f_cnt", "dr"),
}
NO_MEASUREMENT = {
    *("id", "ts", "t", "time", "timestamp", "minute_ts", "by_minute"),
    "tF",  # the same again in another unit
    *("frequency", "spreading_factor", "bandwidth", "channel", "Channel", "AP"),
}


@dataclass(frozen=True, slots=True)
class Published:
    """One message, and what is in it.

    Args:
        topic: topic of the message.
        payload: bytes of the message.
        measured: numbers that were measured, by topic and path.
        housekeeping: numbers that a device tells of itself, such as the strength of its signal.
        retained: whether the broker keeps it.
    """

    topic: str
    payload: bytes
    measured: Numbers = field(default_factory=dict)
    housekeeping: Numbers = field(default_factory=dict)
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """One device, or one program that publishes for several.

    Args:
        kind: name of the kind of device.
        name: name in its topics.
        period: simulated seconds between two reports.
        messages: function that gives the messages of a report from the device's name and the Unix time.
        on_change: whether a topic is left out as long as its payload stays the same.
    """

    kind: str
    name: str
    period: float
    messages: Callable[[str, float], Iterator[Published]]
    on_change: bool = False

    def report(self, moment: float) -> list[Published]:
        """The messages of one report; `moment` is a Unix time in seconds."""
        return list(self.messages(self.name, moment))


def numbers(document: Document, path: str = "") -> Iterator[tuple[str, float]]:
    """Path and value of every number in a document; an element of a list goes by its `id` where it has one."""
    if isinstance(document, bool) or document is None or isinstance(document, str):
        return
    if isinstance(document, dict):
        for key, value in document.items():
            yield from numbers(value, f"{path}.{key}")
    elif isinstance(document, list):
        for position, value in enumerate(document):
            own = value.get("id", position) if isinstance(value, dict) else position
            yield from numbers(value, f"{path}[{own}]")
    else:
        yield path, float(document)


def report(topic: str, document: Document, whose: str = "", *, retained: bool = False) -> Published:
    """A JSON message with its numbers.

    Args:
        topic: topic of the message.
        document: content of the payload.
        whose: name of the sensor where one topic carries several.
        retained: whether the broker keeps it.
    """
    measured: dict[str, float] = {}
    housekeeping: dict[str, float] = {}
    for path, value in numbers(document):
        levels = path.replace("[", ".[").split(".")[1:]
        if not NO_MEASUREMENT.intersection(levels):
            (housekeeping if HOUSEKEEPING.intersection(levels) else measured)[f"{topic} {whose}{path}"] = value
    return Published(topic, json.dumps(document).encode(), measured, housekeeping, retained)


def plain(topic: str, value: float, *, retained: bool = False) -> Published:
    """A message that is one number."""
    keep = bool(HOUSEKEEPING.intersection(topic.split("/")))
    one = {topic: float(value)}
    return Published(topic, str(value).encode(), {} if keep else one, one if keep else {}, retained)


def words(topic: str, text: str, *, retained: bool = False) -> Published:
    """A message without a number."""
    return Published(topic, text.encode(), retained=retained)


def utc(moment: float) -> str:
    """A time as programs write it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(moment: float) -> str:
    """The wall clock of a device two hours east of Greenwich, without its zone, as Tasmota writes it."""
    return (datetime.fromtimestamp(moment, UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S")

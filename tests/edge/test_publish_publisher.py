"""The publisher beside a broker that a test plays: what is sent when, and what waits."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.alerts.change import AlertChange
from edge.alerts.rule import AlertRule
from edge.anomalies.change import AnomalyChange
from edge.anomalies.rule import OFF, AnomalyRule
from edge.broker.outgoing import ROOM_BYTES, Outgoing
from edge.contract.columns import Forecasts, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.messages.message import Message
from edge.publish.alerts import Standing
from edge.publish.newest import Newest
from edge.publish.publisher import AT_ONCE, MOST_BRIEF, Publisher, Queue, Told
from edge.publish.record import Record
from edge.publish.settings import Publish
from edge.publish.topics import Plan

CONTRACT = Contract(interval=60 * SECOND, window=4, horizon=2)
SETTINGS = Publish(topic="p", home_assistant=True)


class Played:
    """A broker that reads when a test says so."""

    def __init__(self) -> None:
        self.connection: int | None = 1
        self.has_room = self.is_quiet = True
        self.most = 10_000  # messages until it reads no more
        self.room = 500
        self.pieces: list[int] = []  # number of messages of each call
        self.sent: list[Outgoing] = []
        self.wake: Callable[[], object] = lambda: None

    def send(self, messages: Sequence[Outgoing], connection: int) -> int:
        """Remember; all are small."""
        assert connection == self.connection
        self.sent += messages
        self.pieces.append(len(messages))
        self.has_room = len(self.sent) < self.most
        return 0

    def topics(self) -> list[str]:
        """Topics of what was sent since the last call, without devices."""
        sent, self.sent = self.sent, []
        return [message.topic for message in sent if not message.topic.endswith("/config")]


class Bench:
    """A publisher of so many series.

    Args:
        folder: folder of the record.
        settings: section `[publish]`, or None.
        count: number of series.
        anomaly: section `[anomaly]`.
    """

    def __init__(self, folder: Path, settings: Publish | None = SETTINGS, count: int = 3, anomaly: AnomalyRule = OFF) -> None:
        self.broker, self.record = Played(), Record(folder / "published.json", "b")
        self.series = SeriesTable(f"s{number}" for number in range(count))
        self.numbers: dict[str, int] = {"sent": 0}
        self.said: list[str] = []
        plan = Plan.of(settings, "agent", anomaly=anomaly)
        queue = Queue(Newest(plan.settings, self.series), Standing())
        told = Told(
            sent=lambda number: self.numbers.update(sent=self.numbers["sent"] + number),
            say=lambda _kind, text: self.said.append(text),
        )
        self.publisher = Publisher(plan, queue, self.series, self.broker, self.record, told)

    def offer(self, *series: int, minute: int = 1) -> None:
        """Leave forecasts of these series."""
        count = len(series)
        origin = np.full(count, minute * 60 * SECOND)
        made = Forecasts(np.asarray(series, np.int32), origin, np.full((count, 2, 3), float(minute)), "m")
        self.publisher.offer([made], CONTRACT)


def removed(bench: Bench) -> list[str]:
    """Topics whose messages were removed, in order."""
    return [message.topic for message in bench.broker.sent if not message.payload and message.retained]


def birth(payload: bytes = b"online", topic: str = "homeassistant/status") -> Message:
    """What Home Assistant says when it begins."""
    return Message(topic, payload, 0, False, 0, 0, 1)


def test_nothing_piles_up_while_the_broker_is_away(tmp_path: Path) -> None:
    """After a connection the status comes first, then the newest forecast of each series, once."""
    bench = Bench(tmp_path)
    bench.broker.connection = None
    for minute in range(1, 50):
        bench.offer(0, 1, minute=minute)
        bench.publisher.publish()
    assert bench.broker.sent == []
    bench.broker.connection = 1
    bench.publisher.publish()
    assert [message.payload for message in bench.broker.sent if message.topic == "p/status"] == [b"online"]
    assert b'"next":49.0' in bench.broker.sent[-1].payload
    assert bench.broker.topics() == ["p/status", "p/forecast/s0", "p/forecast/s1"]
    bench.publisher.publish()
    assert bench.broker.topics() == []
    assert bench.numbers == {"sent": 2}


def test_another_connection_brings_all_again(tmp_path: Path) -> None:
    """The broker may keep nothing; devices come before their states."""
    bench = Bench(tmp_path)
    bench.offer(0, 1, 2)
    bench.publisher.publish()
    before = list(bench.broker.sent)
    bench.broker.connection, bench.broker.sent = 2, []
    bench.publisher.publish()
    assert bench.broker.sent == before
    names = [message.topic for message in before]
    assert names[:2] == ["p/status", Plan.of(SETTINGS, "agent").topics.device()]
    assert [name.endswith("/config") for name in names[2:]] == [True, True, True, False, False, False]


def test_a_slow_broker_gets_a_few_at_a_time(tmp_path: Path) -> None:
    """The rest waits, and a newer forecast takes the room of an older one."""
    bench = Bench(tmp_path, Publish(topic="p"), count=3 * AT_ONCE)
    bench.offer(*range(3 * AT_ONCE))
    bench.broker.most = 1 + AT_ONCE
    assert bench.publisher.publish()
    assert bench.numbers["sent"] == AT_ONCE
    bench.offer(*range(3 * AT_ONCE), minute=2)
    bench.broker.most, bench.broker.has_room, bench.broker.sent = 10_000, True, []
    assert not bench.publisher.publish()
    assert len(bench.broker.sent) == 3 * AT_ONCE
    assert all(b'"next":2.0' in message.payload for message in bench.broker.sent)


def test_a_birth_is_answered_once_a_minute(tmp_path: Path) -> None:
    """With all devices and states; a farewell is not."""
    bench = Bench(tmp_path)
    bench.offer(0)
    bench.publisher.publish()
    bench.broker.topics()
    assert bench.publisher.aside(birth(b"offline"))
    bench.publisher.publish()
    assert bench.broker.topics() == []
    for _ in range(5):
        assert bench.publisher.aside(birth())
        bench.publisher.publish()
    assert bench.broker.topics() == ["p/forecast/s0"]


def test_what_is_retained_is_noted_before(tmp_path: Path) -> None:
    """A series that comes just after others waits for the next writing of the record."""
    bench = Bench(tmp_path, Publish(topic="p"))
    bench.offer(0)
    bench.publisher.publish()
    assert bench.record.topics == {"p/status", "p/forecast/s0"}
    bench.offer(0, 1)
    bench.publisher.publish()
    assert bench.broker.topics() == ["p/status", "p/forecast/s0", "p/forecast/s0"]


@pytest.mark.parametrize("settings", [None, Publish(topic="p", series=("s0",))])
def test_what_nobody_publishes_any_more_is_removed(settings: Publish | None, tmp_path: Path) -> None:
    """And forgotten when the broker has read it, not before."""
    device = "homeassistant/device/gatecast_gone/config"
    kept = {"p/status", "p/forecast/s0", "p/forecast/gone", device}
    Bench(tmp_path).record.add(kept)
    bench = Bench(tmp_path, settings)
    assert not bench.publisher.is_idle
    bench.broker.is_quiet = False
    bench.publisher.publish()
    assert removed(bench) == []
    bench.broker.is_quiet = True
    bench.publisher.publish()
    assert removed(bench) == [device]
    assert bench.record.topics == kept
    bench.broker.connection = 2  # it may have been lost on its way
    bench.publisher.publish()
    assert removed(bench) == [device] * 2
    bench.publisher.publish()
    rest = ["p/forecast/gone", "p/forecast/s0", "p/status"] if settings is None else ["p/forecast/gone"]
    assert removed(bench) == [device] * 2 + rest
    assert bench.record.topics == kept - {device}
    bench.publisher.publish()
    assert bench.record.topics == kept - {device} - set(rest)
    assert Bench(tmp_path, None).publisher.is_idle is (settings is None)


def test_without_the_section_nothing_is_published(tmp_path: Path) -> None:
    """But topics of other agents are no readings all the same."""
    bench = Bench(tmp_path, None)
    bench.offer(0)
    bench.publisher.publish()
    assert bench.broker.sent == []
    assert not bench.publisher.aside(birth())
    assert bench.publisher.aside(birth(topic="gatecast/other/forecast/t"))


def test_anomalies_are_sent_while_the_section_is_there(tmp_path: Path) -> None:
    """Those of the series that are watched and published, as they turn, and once more with each connection."""
    raised = [AnomalyChange(name, True, 60 * SECOND, 9.0, 1.0, None, None, 340.0) for name in ("s0", "s1", "s2")]
    bench = Bench(tmp_path, Publish(topic="p", series=("s0", "s1"), home_assistant=True), anomaly=AnomalyRule("100d", "s[02]"))
    bench.offer(0, 1, 2)
    bench.publisher.publish()
    assert bench.broker.topics() == ["p/status", "p/anomaly/s0", "p/forecast/s0", "p/forecast/s1"]
    bench.publisher.offer_anomalies(dict(enumerate(raised)), raised)
    bench.publisher.publish()
    assert bench.broker.topics() == ["p/anomaly/s0"]
    bench.publisher.publish()
    assert bench.broker.topics() == []
    bench.broker.connection = 2
    bench.publisher.publish()
    (state,) = [message for message in bench.broker.sent if message.topic == "p/anomaly/s0"]
    assert (b'"raised":true' in state.payload, state.retained, state.qos) == (True, True, 1)
    without = Bench(tmp_path / "other", None, anomaly=AnomalyRule("100d"))
    without.publisher.offer_anomalies(dict(enumerate(raised)), raised)
    without.publisher.publish()
    assert without.broker.sent == []


def test_the_end_of_an_alert_without_a_rule_brings_its_topic_not_back(tmp_path: Path) -> None:
    """Its message was removed at the start; the change that ends it would be kept by the broker for ever."""
    bench, rule = Bench(tmp_path), AlertRule(name="warm", above=1.0)
    plan = Plan.of(SETTINGS, "agent", [rule])
    queue = Queue(Newest(plan.settings, bench.series), Standing())
    publisher = Publisher(plan, queue, bench.series, bench.broker, bench.record)
    ends = [
        AlertChange(name, "s0", False, None, None, None, None, 60 * SECOND, "none", turned=True, beyond=False)
        for name in ("gone", "warm")
    ]
    publisher.offer([], CONTRACT, ends)
    publisher.publish()
    assert [topic for topic in bench.broker.topics() if "/alert/" in topic] == ["p/alert/warm/s0"]


def test_no_more_is_under_way_than_a_broker_of_mqtt_5_takes(tmp_path: Path) -> None:
    """One that takes two of QoS 1 at once would end the connection at the third: after each start, and so for ever."""
    bench = Bench(tmp_path, count=5)
    bench.broker.room = 2
    bench.offer(*range(5))
    bench.publisher.publish()
    assert max(bench.broker.pieces) == 2
    assert len(bench.broker.sent) == 2 + 5 * 2  # status, agent, and a device and a forecast for each series
    assert bench.numbers == {"sent": 5}


def test_thousands_of_messages_are_removed_a_few_at_a_time(tmp_path: Path) -> None:
    """All at once would be more than may wait for the broker, so that the connection ends, each time."""
    Bench(tmp_path).record.add(f"p/forecast/{number:04}" for number in range(1_200))
    bench = Bench(tmp_path, None)
    while not bench.publisher.is_idle:
        bench.publisher.publish()
    assert bench.broker.pieces[:3] == [500, 500, 200]
    assert removed(bench) == [f"p/forecast/{number:04}" for number in range(1_200)]
    assert not bench.record.topics


def test_large_forecasts_are_sent_one_after_the_other(tmp_path: Path) -> None:
    """Of 96 kB each no third one joins two: more bytes than may wait for the broker would end the connection."""
    bench = Bench(tmp_path, Publish(topic="p"), count=4)
    horizon = 8_000
    values = np.full((4, horizon, 3), 1.25)
    made = Forecasts(np.arange(4, dtype=np.int32), np.full(4, 60 * SECOND), values, "m")
    bench.publisher.offer([made], Contract(interval=60 * SECOND, window=4, horizon=horizon))
    bench.publisher.publish()
    assert all(len(message.payload) > ROOM_BYTES // 2 for message in bench.broker.sent[1:])
    assert bench.broker.pieces == [1, 2, 2]


def test_a_broker_that_ends_the_connection_for_what_is_published_gets_a_rest(tmp_path: Path) -> None:
    """Three times in a row at once, with a line that says what to look at; readings come over the connection meanwhile."""
    bench = Bench(tmp_path)
    bench.offer(0)
    for connection in range(1, MOST_BRIEF + 1):
        assert bench.said == []
        bench.broker.connection = connection
        bench.publisher.publish()
        assert bench.broker.topics() == ["p/status", "p/forecast/s0"]
    bench.broker.connection = None
    bench.publisher.publish()
    bench.broker.connection = MOST_BRIEF + 1
    bench.offer(0, minute=2)
    assert not bench.publisher.publish()
    assert bench.broker.topics() == []
    (line,) = bench.said
    assert line.startswith(
        "3 connections in a row ended within 10 s after something was published; nothing is published for 10 min"
    )
    assert "p/#" in line


@pytest.mark.parametrize("settings", [None, Publish(topic="q")])
def test_what_an_earlier_topic_has_kept_is_no_reading(settings: Publish | None, tmp_path: Path) -> None:
    """Where `[publish] topic` is another one now, a rule that takes `#` gets the old messages before they are removed."""
    Bench(tmp_path).record.add(["p/forecast/s0"])
    bench = Bench(tmp_path, settings)
    assert bench.publisher.aside(birth(topic="p/forecast/s0"))
    assert not bench.publisher.aside(birth(topic="p/forecast/s1"))

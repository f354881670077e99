"""Recorded readings as a stream: order, topics, names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.columns import Readings, SeriesTable
from flows.demo.stream import in_order, publish, topic_safe, topics_of
from tests.support.ingests import ingest, tags
from tests.support.servers import Mosquitto


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.floats(allow_nan=True, allow_infinity=True)), max_size=30))
def test_the_stream_is_in_order_without_repetition(rows: list[tuple[int, int, float]]) -> None:
    """Every finite (series, time) is sent once, with the last value the file has for it, in order of time."""
    series, time, value = zip(*rows, strict=True) if rows else ((), (), ())
    sent = in_order(Readings.of(series, time, value))
    expected = {(s, t): v for s, t, v in rows if abs(v) < float("inf")}
    assert dict(zip(zip(sent.series.tolist(), sent.time.tolist(), strict=True), sent.value.tolist(), strict=True)) == expected
    assert len(sent) == len(expected)
    assert sent.time.tolist() == sorted(sent.time.tolist())


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6, unique=True))
def test_every_name_finds_its_way_through_a_topic(names: list[str]) -> None:
    """Whatever a column is called, its topic leads back to exactly one series."""
    series = topic_safe(SeriesTable(names))
    topic, template, topics = topics_of(series)
    rule = ingest(topic, template)
    assert len(set(topics)) == len(names)
    for name, one in zip(series.names, topics, strict=True):
        assert list(tags(rule, one)) == [name]


@pytest.mark.parametrize(
    ("names", "topic"), [(["ewr.temperature"], "sensors/{site}/{metric}"), (["a.b", "c"], "sensors/{metric}")]
)
def test_dotted_names_become_levels(names: list[str], topic: str) -> None:
    """Names of the form site.metric are spread over two levels, if all are."""
    assert topics_of(SeriesTable(names))[0] == topic


@pytest.mark.servers
def test_a_replay_ends_when_the_broker_has_acknowledged_every_reading(mosquitto: Mosquitto) -> None:
    """However far behind the one who takes them was: 1,500 readings, and the last word is that all were sent."""
    sent: list[int] = []
    readings = Readings.of([0, 1, 2] * 500, range(1500), [1.5] * 1500)
    publish(mosquitto.port, ["sensors/a", "sensors/b", "sensors/c"], readings, lambda: sent[-1], sent.append)
    assert sent == [*range(0, 1500, 250), 1500]


@pytest.mark.servers
def test_no_readings_are_a_replay_too(mosquitto: Mosquitto) -> None:
    """Nothing is waited for."""
    publish(mosquitto.port, [], Readings.empty(), lambda: 0, lambda _: None)

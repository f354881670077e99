"""The simulated house: how many topics there are, and that what is published is what is counted."""

import json
from pathlib import Path

from device_signals import counter
from simulate_broker import reports
from simulated_house import fleet, retained
from simulated_messages import numbers

NOW = 1_790_000_000.0


def test_500_topics_of_at_least_12_kinds() -> None:
    """Every device reports; no two of them share a topic."""
    topics = {(device.kind, message.topic) for device in fleet() for message in device.report(NOW)}
    assert len(topics) == len({topic for _, topic in topics}) == 500
    assert len({kind for kind, _ in topics}) >= 12


def test_no_number_is_counted_twice() -> None:
    """Names of numbers are those of one device each, and stay from report to report."""
    first, second = (
        [name for device in fleet() for message in device.report(moment) for name in [*message.measured, *message.housekeeping]]
        for moment in (NOW, NOW + 7777)
    )
    assert len(first) == len(set(first))
    assert first == second


def test_times_and_addresses_are_no_measurements() -> None:
    """Neither the moment of a reading nor the number of its sensor counts."""
    (device,) = [device for device in fleet() if device.name == "Line0"]
    (message,) = device.report(NOW)
    assert len(message.measured) == 5
    assert len([*numbers(json.loads(message.payload))]) == 5 + 6 + 1  # with the times of the six tags, and the one of the list
    assert [*numbers([{"id": "a", "v": 1}, {"w": True, "x": "2"}])] == [("[a].v", 1.0)]


def test_meters_never_go_back() -> None:
    """A week of a counter, every quarter of an hour."""
    readings = [counter("meter", NOW + 900 * step) for step in range(7 * 96)]
    assert readings == sorted(readings)
    assert readings[0] < readings[-1]


def test_reports_come_in_order_and_on_change_only_where_they_do() -> None:
    """A topic that reports on change never repeats its payload."""
    last: dict[str, bytes] = {}
    before = 0.0
    silent = {device.name for device in fleet() if device.on_change}
    for moment, messages in reports(fleet(), NOW, NOW + 10, speed=100):
        assert moment >= before
        before = moment
        for message in messages:
            if any(message.topic.startswith(f"{name}/") for name in silent):
                assert last.get(message.topic) != message.payload
            last[message.topic] = message.payload
    assert len(last) > 450


def test_what_lies_in_the_broker_holds_no_numbers_to_forecast() -> None:
    """Wills and descriptions are retained, and are not counted."""
    assert all(message.retained and not message.measured for message in retained())
    assert len(retained()) > 200


def test_the_page_tells_how_many_numbers_there_are() -> None:
    """The figures of docs/benchmarks.md are those of the house."""
    messages = [message for device in fleet() for message in device.report(NOW)]
    measured, own = (sum(map(len, found)) for found in zip(*((m.measured, m.housekeeping) for m in messages), strict=True))
    page = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text("utf-8")
    assert f"{measured:,} measured numbers and {own} that devices tell of themselves" in page

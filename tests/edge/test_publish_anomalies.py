"""Anomalies that wait to be published, and those of an agent beside a real broker."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.anomalies.change import AnomalyChange
from edge.contract.times import SECOND
from edge.publish.anomalies import Strange, document
from tests.edge.test_publish_making import MINUTE, PREFIX, configured, told, watching
from tests.support.agent_process import START as FIRST
from tests.support.agent_process import Row, running
from tests.support.servers import Mosquitto, wait_until

START = 1_789_999_200 * SECOND


def change(series: str = "t", *, raised: bool = True, minute: int = 0) -> AnomalyChange:
    """A change with all its numbers."""
    rarity = 340.26 if raised else 0.0
    return AnomalyChange(series, raised, START + minute * 60 * SECOND, 71.2, 55.1, 52.0, None, rarity)


def everything(_series: str) -> bool:
    """Whether a series is published."""
    return True


def test_what_is_raised_and_what_ends_waits_once() -> None:
    """The same mapping is nothing new."""
    strange, standing = Strange(), {3: change()}
    assert strange.put(standing, [change()], everything)
    assert not strange.put(standing, [], everything)
    assert strange.take(5) == ["t"]
    assert strange.take(5) == []
    assert strange.of("t") == change()
    over = change(raised=False, minute=9)
    assert strange.put({}, [over], everything)
    assert (strange.take(5), strange.of("t")) == (["t"], over)
    assert strange.put(standing, [change()], everything)
    assert strange.of("t") == change()


def test_what_stood_and_was_forgotten_is_over() -> None:
    """As where all windows begin anew: there is no change, and nobody knows a number of the end."""
    strange = Strange()
    strange.put({0: change()}, [change()], everything)
    strange.take(5)
    assert strange.put({}, [], everything)
    assert (strange.take(5), strange.of("t")) == (["t"], None)


def test_what_a_restart_brings_back_waits() -> None:
    """Without a change in this run; it waits no longer once it was told with its device."""
    strange = Strange()
    assert strange.put({0: change(), 1: change("u")}, [], everything)
    assert strange.of("t") == change()
    assert strange.take(1) == ["u"]


def test_series_that_nobody_wants_are_left_out() -> None:
    """Neither raised nor cleared."""
    strange = Strange()
    assert not strange.put({0: change()}, [change(), change("v", raised=False)], lambda name: name == "u")
    assert (strange.take(5), strange.of("t"), strange.of("v")) == ([], None, None)


def test_what_ends_within_a_batch_waits_though_nothing_else_is_otherwise() -> None:
    """It was raised and cleared between two looks, so the same anomalies stand; others are asked for by their names."""
    strange, standing = Strange(), {3: change()}
    strange.put(standing, [change()], everything)
    assert strange.take(5) == ["t"]
    over = change("u", raised=False, minute=4)
    assert strange.put(standing, [change("u"), over, change("v", raised=False)], lambda name: name in "tu")
    assert (strange.take(5), strange.of("u"), strange.of("t"), strange.of("v")) == (["u"], over, change(), None)


@given(st.lists(st.sets(st.integers(0, 3)), max_size=8), st.integers(1, 3))
def test_who_reads_all_knows_what_stands(steps: list[set[int]], most: int) -> None:
    """Whatever comes and goes between two looks."""
    strange, told = Strange(), dict[str, bool]()
    for minute, indices in enumerate(steps):
        strange.put({index: change(str(index), minute=minute) for index in indices}, [], everything)
        if minute % 2:
            for series in strange.take(most):
                told[series] = strange.of(series) is not None
    while names := strange.take(most):
        for series in names:
            told[series] = strange.of(series) is not None
    assert {series for series, raised in told.items() if raised} == {str(index) for index in (steps or [set()])[-1]}


def test_an_anomaly_has_numbers_for_people() -> None:
    """A bound that nobody knows is null, and what is over is as rare as anything."""
    assert json.loads(document("t", "°C", change())) == {
        "series": "t",
        "unit": "°C",
        "raised": True,
        "since": "2026-09-21T14:00:00Z",
        "value": 71.2,
        "forecast": 55.1,
        "lower": 52.0,
        "upper": None,
        "rarity": 340.3,
    }
    over = json.loads(document("t", "", change(raised=False, minute=5)))
    assert (over["raised"], over["since"], over["rarity"]) == (False, "2026-09-21T14:05:00Z", None)
    assert json.loads(document("t", "", None)) == {"series": "t", "raised": False}


DAY = 1440  # minutes before anything is said
SECTION = '\n[anomaly]\nevery = "30d"\nseries = "d0.*"\n'
NAME = "Gatecast d0.t Anomaly"
TOPIC = f"{PREFIX}/anomaly/d0.t"


def minutes(first: int, last: int, value: float = 20.0) -> list[Row]:
    """A reading in each minute that hardly moves."""
    return [("d0.t", FIRST + minute * MINUTE, value + minute % 7 / 100) for minute in range(first, last)]


@pytest.mark.servers
def test_an_anomaly_is_on_while_it_stands(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """With its numbers, after `kill -9` and a new broker; what ends while the agent is down is off, and the entity goes."""
    config = configured(tmp_path, mosquitto, f"\n[publish]\nhome_assistant = true\n{SECTION}")
    with running(config) as agent, watching(mosquitto.port) as house:
        told(mosquitto.port, minutes(0, DAY + 60), [("d1.t", FIRST, 1.0), ("d1.t", FIRST + 9 * MINUTE, 1.0)])
        wait_until(lambda: NAME in house.entities and house.value(NAME) == "OFF")
        assert json.loads(house.states[TOPIC]) == {"series": "d0.t", "raised": False}
        told(mosquitto.port, minutes(DAY + 60, DAY + 62, 90.0))
        wait_until(lambda: house.value(NAME) == "ON")
        document = json.loads(house.states[TOPIC])
        assert document["since"] == "2026-09-22T15:00:00Z"
        assert (document["value"], document["forecast"]) == (pytest.approx(90, abs=0.1), pytest.approx(20, abs=0.1))
        assert document["rarity"] == 40  # times one whole day
        assert not any(name.startswith("Gatecast d1.t Anomaly") for name in house.entities)
        agent.kill()
        wait_until(lambda: house.states[f"{PREFIX}/status"] == b"offline")
        agent.start()
        wait_until(lambda: house.states[f"{PREFIX}/status"] == b"online")
        mosquitto.kill()
        house.devices.clear()
        house.states.clear()
        mosquitto.start()
        wait_until(lambda: house.states.get(f"{PREFIX}/status") == b"online")  # this broker may know nothing of our session
        told(mosquitto.port, minutes(DAY + 62, DAY + 64))
        wait_until(lambda: NAME in house.entities and house.value(NAME) == "ON")
        assert json.loads(house.states[TOPIC]) == document
        agent.kill()
        told(mosquitto.port, minutes(DAY + 64, DAY + 64 + 800))
        agent.start()
        wait_until(lambda: house.value(NAME) == "OFF")
        told(mosquitto.port, minutes(DAY + 864, DAY + 866, 900.0))
        wait_until(lambda: house.value(NAME) == "ON")
        agent.stop()
        config.write_text(config.read_text().replace(SECTION, ""))
        agent.start()
        wait_until(lambda: NAME not in house.entities and house.states[TOPIC] == b"")

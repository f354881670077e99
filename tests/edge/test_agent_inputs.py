"""Coming values arrive over MQTT, change forecasts, reach the store, and survive the agent (kind: acknowledged and lost)."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from edge.contract.ahead.known import Known
from edge.contract.columns import Float64, Int32, Readings, SeriesTable
from edge.contract.contract import Context
from edge.contract.times import SECOND
from edge.forecaster.bundle import Bundle
from edge.inputs.recorded import issues_in, on_the_grid
from edge.inputs.rule import InputRule
from edge.messages.message import Message
from edge.messages.rule import IngestRule
from edge.series.engine import Engine
from pipeline.inputs.stored import stored_issues
from tests.support.agent_process import CONTRACT, START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, message, script_of

TOLD = replace(CONTRACT, inputs=(Known("wind"),))


class Telling:
    """Forecasts the coming values of the input themselves, and -1 where none is known."""

    name, contract, intervals = "telling", TOLD, True

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        del series
        assert context is not None
        assert len(context) == len(windows)
        return np.repeat(np.nan_to_num(context.known(TOLD)["wind"][:, TOLD.back :, None], nan=-1.0), 3, axis=2)

    def self_test(self) -> float | None:
        """There are no golden forecasts."""


def bench_of(folder: Path) -> Bench:
    """A device with an input, and a bundle that uses it."""
    bench = Bench(folder)
    bench.config = msgspec.structs.replace(bench.config, input=(InputRule(name="wind", topic="weather/#"),))

    def opened(_: Bundle) -> Telling:
        return Telling()

    bench.open_bundle = opened
    release(bench.registry, baseline_bundle())
    return bench


def readings(first: int, last: int) -> list[Message]:
    """A reading each minute."""
    return [message("a.x", START + minute * MINUTE, 5.0) for minute in range(first, last)]


def weather(arrival: int, values: Sequence[tuple[int, float]], payload: bytes | None = None) -> list[Message]:
    """Coming values, by the minutes that they are for, which arrive at a minute."""
    rows = [{"time": (START + minute * MINUTE) // SECOND, "value": value} for minute, value in values]
    content = json.dumps(rows).encode() if payload is None else payload
    return [Message("weather/home", content, START + arrival * MINUTE, retained=True, mid=7, qos=1, session=1)]


def forecasts(bench: Bench, lead: int = 1) -> dict[int, float]:
    """Median of a lead by the minute of the origin."""
    bench.drain()
    rows = bench.stored()["forecast_lead"].items()
    return {(int(values[3]) - START) // MINUTE: values[1] for (_, _, number), values in rows if number == lead}


def test_forecasts_use_what_had_come_by_their_origins(tmp_path: Path) -> None:
    """And go on without it where nothing is known; the message is acknowledged, and the store has a row for each value."""
    bench = bench_of(tmp_path)
    first, later = weather(30, [(31, 7.0), (32, 8.0)]), weather(32, [(32, 80.0), (33, 90.0)])
    agent = bench.run(readings(0, 30), first, readings(30, 32), later, readings(32, 36))
    made = forecasts(bench)
    assert [made[minute] for minute in (29, 30, 31, 32, 33, 34)] == [-1, -1, 7, 80, 90, -1]
    acknowledged = [each for each in script_of(agent).acknowledged if each.topic == "weather/home"]
    assert acknowledged == [*first, *later]
    issues = stored_issues(bench.open_store())["wind"]
    assert sorted(issues.value.tolist()) == [7, 8, 80, 90]
    assert set(((issues.issued - START) // MINUTE).tolist()) == {30, 32}


def test_what_is_known_survives_the_agent(tmp_path: Path) -> None:
    """The next agent forecasts with it, though the message was acknowledged and does not come again."""
    bench = bench_of(tmp_path)
    bench.run(readings(0, 30), weather(30, [(31, 7.0), (32, 8.0), (33, 9.0)]))
    agent = bench.run(readings(30, 33))
    assert {minute: value for minute, value in forecasts(bench).items() if minute > 30} == {31: 7, 32: 8}
    assert agent.parts.live.engine is not None


def test_a_message_that_is_wrong_costs_only_itself(tmp_path: Path) -> None:
    """It is counted, said and acknowledged, and what was known stays; so the agent goes on without a bundle, too."""
    bench = bench_of(tmp_path)
    wrong = weather(30, [], b'[{"time": "soon", "value": 3}]')
    agent = bench.run(readings(0, 30), weather(29, [(31, 7.0), (32, 8.0)]), wrong, readings(30, 33))
    assert forecasts(bench)[31] == 7
    assert bench.lines("on topic 'weather/home'; skipped") == bench.lines("[[input]] wind: ") == 1
    assert wrong[0] in script_of(agent).acknowledged


def test_missing_values_degrade_the_agent_in_words(tmp_path: Path) -> None:
    """The page names the input; with its values all is well again, unless they are unlike those of the training."""
    bench = bench_of(tmp_path)
    bench.now = START + 31 * MINUTE
    seen: list[dict[str, object]] = []

    def look() -> None:
        _, document = agent.parts.health.health()
        seen.append(document)

    strange = weather(32, [(minute, 5000.0) for minute in range(31, 40)])
    agent = bench.agent([readings(0, 31), look, weather(31, [(31, 7.0), (40, 8.0)]), look, strange, look])
    agent.run()
    assert "inputs_missing" in str(seen[0])
    assert "inputs wind" in str(seen[0])
    assert "inputs_missing" not in str(seen[1])
    assert ["inputs_unusual" in str(each) for each in seen] == [False, False, True]


def test_what_the_store_has_gives_the_same_forecasts_again(tmp_path: Path) -> None:
    """Each origin sees what had been told by then, by a message, a later one, and one that came after a restart."""
    bench = bench_of(tmp_path)
    bench.run(readings(0, 30), weather(30, [(31, 7.0), (32, 8.0)]), readings(30, 32), weather(32, [(32, 80.0), (33, 90.0)]))
    bench.run(readings(32, 36), weather(36, [(37, 1.0)]), readings(36, 40))
    live, store = forecasts(bench), bench.open_store()
    engine = Engine(Telling(), [], SeriesTable(["a.x"]))
    ahead = on_the_grid(issues_in(store), TOLD)
    engine.ahead = lambda _: ahead
    minutes = range(40)
    made = engine.step(Readings.of([0] * 40, [START + minute * MINUTE for minute in minutes], [5.0] * 40)).forecasts
    again = {
        (int(origin) - START) // MINUTE: float(values[0, 1])
        for each in made
        for origin, values in zip(each.origin, each.values, strict=True)
        if each.model == "telling"
    }
    assert again == {minute: live[minute] for minute in again}
    assert [again[minute] for minute in (30, 31, 32, 33, 34, 36, 37, 38)] == [-1, 7, 80, 90, -1, -1, 1, -1]
    store.close()


def test_a_measured_input_may_be_a_series_as_well(tmp_path: Path) -> None:
    """Each of its messages is a reading and an input; what only one of both can read costs the other one nothing."""
    bench = bench_of(tmp_path)
    bench.config = msgspec.structs.replace(
        bench.config, input=(InputRule(name="wind", topic="sensors/a/x", value="speed", fill="hold"),)
    )
    contents = [{"value": 1, "speed": 2}, {"speed": 3}, {"value": 4}, {"value": 5, "speed": 6}]
    sent = [
        Message(
            "sensors/a/x",
            json.dumps({"time": moment // SECOND, **each}).encode(),
            moment,
            retained=False,
            mid=7,
            qos=1,
            session=1,
        )
        for each, moment in zip(contents, range(START, START + 4 * MINUTE, MINUTE), strict=True)
    ]
    agent = bench.run(*([each] for each in sent))
    bench.drain()
    assert sorted(values[0] for values in bench.stored()["reading"].values()) == [1, 4, 5]
    assert sorted(stored_issues(bench.open_store())["wind"].value.tolist()) == [2, 3, 6]
    assert bench.lines("skipped") == 0
    assert bench.lines("[[input]] wind: ") == bench.lines("its readings are taken") == 1
    assert script_of(agent).acknowledged == sent


def test_a_message_may_bring_what_is_now_and_what_is_to_come(tmp_path: Path) -> None:
    """A rule that names its topic reads what is now; one with a wildcard does not mean the forecast."""
    bench = bench_of(tmp_path)
    weather_now = IngestRule(topic="weather/home", series="outside", value="now.wind", time="now.time")
    wild = IngestRule(topic="{place}/other", series="{place}", value="now.wind", time="now.time")
    forecast = InputRule(name="wind", topic="weather/+", each="forecast")
    start = START // SECOND
    contents = {"now": {"time": start, "wind": 2}, "forecast": [{"time": start + 60, "value": 3}]}
    sent = [
        Message(topic, json.dumps(contents).encode(), START, retained=False, mid=mid, qos=1, session=1)
        for mid, topic in enumerate(("weather/home", "weather/other"), 1)
    ]
    bench.config = msgspec.structs.replace(bench.config, input=(forecast,), ingest=(weather_now, wild))
    agent = bench.run(*([each] for each in sent))
    bench.drain()
    assert {(series, values[0]) for (series, _, _), values in bench.stored()["reading"].items()} == {("outside", 2)}
    assert stored_issues(bench.open_store())["wind"].value.tolist() == [3]
    assert script_of(agent).acknowledged == sent
    assert bench.lines("skipped") == 0

"""Coming values are read from what weather services, markets and planners publish, and from nothing else."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from edge.config.reading import read_config
from edge.contract.times import SECOND, parse_time
from edge.errors import ConfigurationError, PayloadError
from edge.inputs.reading import MOST_VALUES, Reader, make_readers
from edge.inputs.rule import InputRule
from tests.support.documented import ROOT

NOW = parse_time("2026-01-31T05:30:00Z")
SIX, SEVEN = parse_time("2026-01-31T06:00Z"), parse_time("2026-01-31T07:00Z")

HOME_ASSISTANT = {"forecast": [{"datetime": "2026-01-31T06:00:00+00:00", "temperature": 3.5, "condition": "sunny"}]}
OPEN_METEO = {"hourly": {"time": ["2026-01-31T07:00", "2026-01-31T08:00"], "temperature_2m": [3.5, None]}}
TIBBER = {
    "today": [{"startsAt": "2026-01-31T07:00:00.000+01:00", "total": 0.25, "energy": 0.2, "level": "CHEAP"}],
    "tomorrow": [{"startsAt": "2026-01-31T08:00:00.000+01:00", "total": 0.5, "energy": 0.4, "level": "NORMAL"}],
}
NORD_POOL = {
    "today": [0.25],
    "raw_today": [{"start": "2026-01-31T07:00:00+01:00", "end": "2026-01-31T08:00:00+01:00", "value": 0.25}],
    "raw_tomorrow": [{"start": "2026-01-31T08:00:00+01:00", "end": "2026-01-31T09:00:00+01:00", "value": 0.5}],
    "tomorrow_valid": True,
}
PLAIN = [{"time": SIX // SECOND, "value": 3.5}]


def read(document: object, rule: Mapping[str, object], arrival: int = NOW) -> list[tuple[int, int, float]]:
    """Moment of issue, time and value of each value."""
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    reader = Reader(msgspec.convert({"name": "a", "topic": "weather/+", **rule}, InputRule))
    issues, _ = reader.read("weather/x", payload, arrival)
    return list(zip(issues.issued.tolist(), issues.time.tolist(), issues.value.tolist(), strict=True))


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (PLAIN, {}),
        (PLAIN[0], {}),
        ({"time": [SIX // SECOND], "value": [3.5]}, {}),
        (HOME_ASSISTANT, {"each": "forecast", "time": "datetime", "value": "temperature"}),
        (
            OPEN_METEO,
            {"time": "hourly.time", "value": "hourly.temperature_2m", "timezone": "Europe/Berlin"},
        ),
        ({"raw_today": [{"start": "2026-01-31T06:00Z", "value": "3.5"}]}, {"each": "raw_today", "time": "start"}),
    ],
    ids=["list", "one value", "two lists", "Home Assistant", "Open-Meteo", "Nord Pool"],
)
def test_forecasts_of_many_services_are_read(document: object, rule: dict[str, str]) -> None:
    """With the paths, times and numbers of readings; what has no value is left out."""
    assert read(document, rule) == [(NOW, SIX, 3.5)]


def test_a_price_is_read_from_a_list_of_a_day() -> None:
    """As Tibber has it, with a zone of its own."""
    assert read(TIBBER, {"each": "today", "time": "startsAt", "value": "total"}) == [(NOW, SIX, 0.25)]


def test_two_lists_of_a_message_are_read_as_one() -> None:
    """Prices of today and tomorrow; before the afternoon those of tomorrow are an empty list, nothing, or left out."""
    rule = {"each": ["today", "tomorrow"], "time": "startsAt", "value": "total"}
    today, tomorrow = TIBBER["today"], [{"startsAt": "2026-01-31T08:00:00.000+01:00", "total": 0.5}]
    both = [(NOW, SIX, 0.25), (NOW, SEVEN, 0.5)]
    assert read({"today": today, "tomorrow": tomorrow}, rule) == both
    lacking: list[dict[str, object]] = [{"tomorrow": []}, {"tomorrow": None}, {}]
    for without in lacking:
        assert read({"today": today, **without}, rule) == both[:1]
    assert read({"tomorrow": tomorrow}, rule) == both[1:]
    inner = {**rule, "each": ["priceInfo.today", "priceInfo.tomorrow"]}
    assert read({"priceInfo": {"today": today, "tomorrow": tomorrow}}, inner) == both
    raw = {"raw_today": [{"start": "2026-01-31T06:00Z", "end": "2026-01-31T07:00Z", "value": 0.25}], "raw_tomorrow": []}
    assert read(raw, {"each": ["raw_today", "raw_tomorrow"], "time": "start"}) == both[:1]
    with pytest.raises(PayloadError, match="expected a value"):
        read({"today": [], "tomorrow": []}, rule)
    with pytest.raises(ConfigurationError, match=r"\[\[input\]\] name 'a': each names no list"):
        make_readers([InputRule(name="a", topic="w", each=())])


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (
            {"data": {"viewer": {"homes": [{"currentSubscription": {"priceInfo": {"current": {"total": 9}, **TIBBER}}}]}}},
            {
                "each": [f"data.viewer.homes.0.currentSubscription.priceInfo.{day}" for day in ("today", "tomorrow")],
                "time": "startsAt",
                "value": "total",
            },
        ),
        (NORD_POOL, {"each": ["raw_today", "raw_tomorrow"], "time": "start"}),
    ],
    ids=["Tibber", "Nord Pool"],
)
def test_prices_of_today_and_tomorrow_are_one_input(document: dict[str, object], rule: dict[str, object]) -> None:
    """In the time before the second list is known it is empty, null or not there, and the first one counts."""
    assert read(document, rule) == [(NOW, SIX, 0.25), (NOW, SEVEN, 0.5)]
    raw = dict(NORD_POOL)
    for tomorrow in ([], None, [{"start": "2026-01-31T08:00:00+01:00", "value": None}]):
        early = {**raw, "raw_tomorrow": tomorrow}
        assert read(early, {"each": ["raw_today", "raw_tomorrow"], "time": "start"}) == [(NOW, SIX, 0.25)]
    del raw["raw_tomorrow"]
    assert read(raw, {"each": ["raw_tomorrow", "raw_today"], "time": "start"}) == [(NOW, SIX, 0.25)]


def test_after_midnight_both_lists_may_be_the_same() -> None:
    """Some publish so for an hour; on the grid each moment has one value."""
    both = {"raw_today": NORD_POOL["raw_today"], "raw_tomorrow": NORD_POOL["raw_today"]}
    rule = msgspec.convert({"name": "a", "topic": "p", "each": ["raw_today", "raw_tomorrow"], "time": "start"}, InputRule)
    issues, reasons = Reader(rule).read("p", json.dumps(both).encode(), NOW)
    assert (len(issues), len(issues.sorted()), reasons) == (2, 1, [])


def test_lists_without_a_value_are_named() -> None:
    """All of them, with the path of the value."""
    rule = {"each": ["today", "tomorrow"], "time": "start", "value": "price"}
    with pytest.raises(PayloadError, match="at 'price' of an element of the list at 'today' or 'tomorrow' in ") as error:
        read(NORD_POOL, rule)
    assert error.value.kind == "no_value"


def test_the_moment_of_issue_is_never_after_the_arrival() -> None:
    """It is rounded up to a second, as the store has it; one that lies in the future is a clock that is wrong."""
    document = {"made": "2026-01-31T04:59:59.2Z", "list": PLAIN}
    rule = {"each": "list", "issued": "made"}
    assert read(document, rule)[0][0] == parse_time("2026-01-31T05:00Z")
    assert read({**document, "made": "2026-02-01"}, rule)[0][0] == NOW
    assert read(document, {"each": "list"}, NOW + 1)[0][0] == NOW + SECOND


@pytest.mark.parametrize(
    ("document", "rule", "kind"),
    [
        (b"{", {}, "bad_json"),
        (b"[]", {}, "no_value"),
        (b"null", {}, "no_value"),
        ([{"time": SIX // SECOND, "value": "high"}], {}, "bad_value"),
        ([{"time": SIX // SECOND, "value": 1e200}], {}, "bad_value"),
        ([{"value": 3}], {}, "no_time"),
        ([{"time": 5, "value": 3}], {"time_unit": "s"}, "bad_time"),
        ({"time": [1, 2], "value": [1]}, {}, "bad_value"),
        ([{"time": SIX // SECOND + number, "value": 1} for number in range(MOST_VALUES + 1)], {}, "too_large"),
        (PLAIN, {"issued": "made"}, "no_time"),
    ],
)
def test_a_message_without_a_value_is_refused(document: object, rule: dict[str, str], kind: str) -> None:
    """For a reason that is counted as those of readings are."""
    with pytest.raises(PayloadError) as error:
        read(document, rule)
    assert error.value.kind == kind


def test_a_value_that_is_wrong_costs_only_itself() -> None:
    """The others of the message count, and the reason is told."""
    document = [{"time": "soon", "value": 1}, {"time": SEVEN // SECOND, "value": 2}, {"time": SIX // SECOND, "value": None}]
    reader = Reader(InputRule(name="a", topic="x"))
    issues, reasons = reader.read("x", json.dumps(document).encode(), NOW)
    assert (issues.time.tolist(), issues.value.tolist()) == ([SEVEN], [2])
    assert reasons[0].kind == "bad_time"


def test_only_inputs_with_a_topic_read_messages() -> None:
    """A path that nothing can have is named with its section."""
    readers = make_readers([InputRule(name="a", topic="w/+"), InputRule(name="b", file="b.csv")])
    assert [(reader.name, reader.filter, reader.takes("w/1"), reader.takes("v")) for reader in readers] == [
        ("a", "w/+", True, False)
    ]
    with pytest.raises(ConfigurationError, match=r"\[\[input\]\] name 'a': "):
        make_readers([InputRule(name="a", topic="w", value='"')])


def test_the_sections_of_the_page_read_the_messages_beside_them(tmp_path: Path) -> None:
    """The forecast of a weather entity, prices of two days, and a sensor that sends a number alone."""
    blocks = re.findall(r"```(toml|json)\n(.*?)```", (ROOT / "docs" / "inputs.md").read_text("utf-8"), re.DOTALL)
    sections, (forecast, prices) = ([text for kind, text in blocks if kind == wanted] for wanted in ("toml", "json"))
    path = tmp_path / "gatecast.toml"
    path.write_text("\n".join(sections))
    rules = read_config(path).input
    weather, price, sensor = make_readers(rules)
    assert price.read("prices/home", prices.encode(), NOW)[0].value.tolist() == [0.21, 0.19]
    assert weather.read("weather/home", forecast.encode(), NOW)[0].value.tolist() == [3.5, 3.9]
    issues, _ = sensor.read("garden/temperature", b"21.5", NOW)
    assert (issues.time.tolist(), issues.value.tolist()) == ([NOW], [21.5])
    assert [rule.held for rule in rules] == [0, 0, 3 * 3600 * SECOND]

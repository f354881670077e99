"""What a value means: numbers, texts that are numbers, words, scales and bounds.

The kind of fault: usual inputs are refused, or a value that is no measurement is taken for one.
"""

from typing import Any

import numpy as np
import pytest

from edge.contract.meaning import Meaning
from edge.contract.times import DAY, SECOND
from edge.errors import ConfigurationError, PayloadError
from edge.messages.number import parse_value
from edge.messages.reading import read_message
from edge.messages.rule import ValueRule
from tests.support.ingests import ingest, left_out, taken


@pytest.mark.parametrize(("value", "number"), [(3, 3.0), ("21.5", 21.5), (" -1e3 ", -1000.0), (0, 0.0)])
def test_numbers_and_text_that_is_one_are_values(value: object, number: float) -> None:
    """Many devices send numbers as text."""
    assert parse_value(value) == number


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        "",
        "on",
        "NaN",
        "inf",
        "-Infinity",
        float("nan"),
        float("inf"),
        "1_000",
        [1],
        {},
        10**400,
        "0x10",
        "٢",
    ],
)
def test_what_is_no_finite_number_is_no_value(value: object) -> None:
    """States, texts, NaN and infinity are refused, never counted as 0 or 1."""
    with pytest.raises(PayloadError) as caught:
        parse_value(value)
    assert caught.value.kind == "bad_value"


@pytest.mark.parametrize(
    ("keys", "payload", "expected"),
    [
        ({"map": {"ON": 1, "OFF": 0}}, " ON\n", 1.0),
        ({"map": {"ON": 1, "OFF": 0}}, "21.5", 21.5),
        ({"decimal": ","}, "21,5", 21.5),
        ({"decimal": ","}, "1.234,5", 1234.5),
        ({"decimal": ","}, "-7", -7.0),
        ({"suffix": True}, "21.5 °C", 21.5),
        ({"suffix": True}, "-3e2W", -300.0),
        ({"suffix": True, "decimal": ","}, "21,5°C", 21.5),
        ({"suffix": True}, "3.2 m3/h", 3.2),
        ({"suffix": True}, "400 ppm CO2", 400.0),
        ({"suffix": True}, "9.81 m·s^-2", 9.81),
        ({"suffix": True}, "9.81 m/s²", 9.81),
        ({"suffix": True}, "7 ²³", 7.0),
        ({"suffix": True}, "21.5", 21.5),
        ({"suffix": True, "unit": "°C"}, "21.5 °C", 21.5),
        ({"suffix": True, "unit": "°C"}, "21.5", 21.5),
        ({"scale": 0.1}, "215", 21.5),
        ({"scale": 1.8, "offset": 32}, "100", 212.0),
        ({"offset": -273.15}, "273.15", 0.0),
        ({"min": -40, "max": 80}, "80", 80.0),
        ({"min": -40, "max": 80}, "-40", -40.0),
        ({"min": 5, "max": 5}, "5", 5.0),
        ({"map": {"open": 5}, "scale": 2}, "open", 10.0),
    ],
)
def test_a_rule_says_what_a_number_means(keys: dict[str, Any], payload: str, expected: float) -> None:
    """Words first, then the bounds, then scale and offset."""
    assert taken(ingest("a", format="plain", **keys), "a", payload) == {"a": expected}


@pytest.mark.parametrize(
    ("keys", "payload", "kind"),
    [
        ({"ignore": (85.0, -127.0)}, "85", "implausible"),
        ({"min": -40}, "-40.1", "implausible"),
        ({"max": 80, "scale": 0.1}, "80.5", "implausible"),
        ({"decimal": ","}, "21.5", "bad_value"),
        ({"decimal": ","}, "1.23,5", "bad_value"),
        ({"suffix": True}, "°C", "bad_value"),
        ({"suffix": True}, "1" * 60_000, "bad_value"),
        ({"suffix": True, "unit": "W"}, "1.2 kW", "bad_value"),
        ({"suffix": True}, f"1m{'²' * 60}!", "bad_value"),
        ({"suffix": True}, "12:30", "bad_value"),
        ({"suffix": True}, "2026-01-15", "bad_value"),
        ({"suffix": True}, "21.5 / 60", "bad_value"),
        ({"suffix": True}, "10x20", "bad_value"),
        ({"suffix": True}, "7h30", "bad_value"),
        ({"map": {"ON": 1}}, "on", "bad_value"),
        ({"scale": 1e300}, "1e300", "bad_value"),
    ],
)
def test_what_is_no_measurement_is_left_out_by_kind(keys: dict[str, Any], payload: str, kind: str) -> None:
    """Bounds and sentinels are compared with what the device sends."""
    assert left_out(ingest("a", format="plain", **keys), "a", payload) == [kind]


@pytest.mark.parametrize(
    ("keys", "payload", "text"),
    [
        ({"ignore": (85.0,)}, "85", "85 stands in [[ingest]] ignore"),
        ({"min": -40.0}, "-40.1", "expected -40 to inf by [[ingest]] min and max, got -40.1"),
        ({"decimal": ","}, "21.5", "expected a number with a decimal comma, got '21.5'"),
        ({"suffix": True, "unit": "W"}, "1 kW", "expected 'W' behind the number, as [[ingest]] unit says; got '1 kW'"),
        ({"scale": 1e300}, "1e300", "expected a finite number, got inf after [[ingest]] scale"),
        ({}, "1e999", "expected a finite number, got inf"),
        ({}, "x", "expected a number, got 'x'"),
        ({}, "1_000", "expected a number, got '1_000'"),
        ({}, "21,5", "expected a number, got '21,5'; for a decimal comma set [[ingest]] decimal = \",\""),
        ({}, "1 °C", "expected a number, got '1 °C'; for a unit behind the number set [[ingest]] suffix = true"),
    ],
)
def test_what_is_left_out_is_explained(keys: dict[str, Any], payload: str, text: str) -> None:
    """With what was expected, what came, and the key that has a say."""
    reading = read_message([ingest("a", format="plain", **keys)], "a", payload.encode(), SECOND)
    assert [str(reason) for reason in reading.reasons] == [text]


def test_truth_values_are_states_that_a_map_makes_numbers() -> None:
    """Without one they are no values."""
    assert taken(ingest("a", time="", map={"true": 1, "false": 0}), "a", '{"value": true}') == {"a": 1.0}
    assert taken(ingest("a", time="", map={"true": 1, "false": 0}), "a", '{"value": 7}') == {"a": 7.0}
    assert taken(ingest("a", time="", suffix=True), "a", '{"value": 7}') == {"a": 7.0}
    assert left_out(ingest("a", time=""), "a", '{"value": true}') == ["bad_value"]


@pytest.mark.parametrize(("payload", "advice"), [('"21,5"', 'decimal = ","'), ('"21.5 °C"', "suffix = true")])
def test_a_refusal_names_the_setting_that_mends_it(payload: str, advice: str) -> None:
    """A decimal comma, a unit behind the number."""
    with pytest.raises(PayloadError, match=advice):
        parse_value(payload.strip('"'))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"min": 2, "max": 1}, "min 2 lies above max 1"),
        ({"min": float("-inf")}, "min: expected a finite number"),
        ({"max": float("inf")}, "max: expected a finite number"),
        ({"scale": float("nan")}, "scale: expected a finite number"),
        ({"scale": 0}, "scale is 0"),
        ({"offset": float("inf")}, "offset: expected a finite number"),
        ({"map": {"ON": float("nan")}}, "map: expected a finite number"),
        ({"hold": "soon", "fill": "hold"}, "hold: 'soon' is no duration"),
        ({"hold": "6h"}, 'fill = "hold" only'),
    ],
)
def test_a_meaning_that_cannot_be_is_refused(keys: dict[str, Any], words: str) -> None:
    """The message names the key."""
    with pytest.raises(ConfigurationError, match=words):
        ingest("a/{b}", **keys)


def test_unit_kind_and_fill_are_kept_for_each_series() -> None:
    """An entry of `values` says them, or else the rule; a name tells which entry it is of."""
    rule = ingest(
        "t/{device}",
        values={"power": "P", "total": ValueRule("E", kind="counter", unit="kWh", hold="6h")},
        unit="W",
        fill="hold",
    )
    assert rule.meaning_of("plug.power") == Meaning("gauge", DAY, "W")
    assert rule.meaning_of("plug.total") == Meaning("counter", 6 * 3600 * SECOND, "kWh")
    assert rule.meaning_of("plug.other") is None


@pytest.mark.parametrize(
    ("keys", "meaning"),
    [
        ({}, None),
        ({"unit": "W"}, Meaning("gauge", 0, "W")),
        ({"kind": "counter"}, Meaning("counter", 0, "")),
        ({"fill": "hold"}, Meaning("gauge", DAY, "")),
        ({"fill": "missing", "unit": "W"}, Meaning("gauge", 0, "W")),
    ],
)
def test_each_key_alone_gives_a_meaning(keys: dict[str, Any], meaning: Meaning | None) -> None:
    """What a rule does not say is as usual; nothing at all is no meaning."""
    assert ingest("{room}", **keys).meaning_of("hall") == meaning


@pytest.mark.parametrize(
    ("keys", "payload", "kept"),
    [
        ({"min": 0.0, "max": 100.0}, 50, True),
        ({"min": 0.0, "max": 100.0}, 101, False),
        ({"ignore": (85.0,)}, 85, False),
        ({"ignore": (85.0,), "scale": 0.1, "offset": 3.0}, 85, False),
        ({"ignore": (85.0,), "scale": 0.1, "offset": 3.0}, 84, True),
        ({"min": 0.0, "max": 100.0, "scale": 0.1, "offset": 3.0}, 100, True),
        ({"min": 0.0, "max": 10.0, "scale": -2.0}, 11, False),
        ({"min": 0.0, "max": 10.0, "scale": -2.0}, 10, True),
    ],
)
def test_bounds_of_the_history_are_those_of_the_live_values(keys: dict[str, Any], payload: int, kept: bool) -> None:
    """What the rule leaves out live, its bounds for stored readings leave out too, after `scale` and `offset`."""
    rule = ingest("{room}", **keys)
    bounds = rule.plausible_of("hall")
    assert bounds is not None
    assert bool(taken(rule, "hall", f'{{"value": {payload}, "time": 1768478400}}')) == kept
    stored = payload * keys.get("scale", 1.0) + keys.get("offset", 0.0)
    assert bool(bounds.holds(np.array([stored]))[0]) == kept
    assert ingest("{room}").plausible_of("hall") is None

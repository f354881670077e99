"""What a line says to set does help: each advice is followed, and the message is read."""

import json
import tomllib
from typing import Any

import msgspec
import pytest

from edge.contract.times import SECOND, parse_time
from edge.errors import PayloadError
from edge.inputs.advice import LONGEST_PATH, MOST_LOOKED_AT, NUMBERS_ONLY
from edge.inputs.reading import Reader
from edge.inputs.rule import InputRule

NOW = parse_time("2026-01-31T06:00Z")
TIME = NOW // SECOND


def reader_of(keys: dict[str, Any]) -> Reader:
    """A section of the name `price`."""
    return Reader(msgspec.convert({"name": "price", "topic": "p", **keys}, InputRule))


def refusal(payload: object, keys: dict[str, Any]) -> str:
    """Why a section with these keys does not read a message."""
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    try:
        _, reasons = reader_of(keys).read("p", content, NOW)
    except PayloadError as error:
        reasons = [error]
    return str(reasons[0])


@pytest.mark.parametrize(
    ("payload", "keys", "advice"),
    [
        (21.5, {}, {"value": "", "time": ""}),
        (21.5, {"value": ""}, {"time": ""}),
        ({"forecast": [{"time": TIME, "value": 2}]}, {}, {"each": "forecast"}),
        ({"a": {"b": [{"time": TIME, "value": 2}]}, "c": [{"time": TIME, "value": 2}]}, {}, {"each": ["c", "a.b"]}),
        ({"value": [{"time": TIME, "value": 2}]}, {}, {"each": "value"}),
        ({"value": 3}, {}, {"time": ""}),
        ({"time": TIME, "data": {"t": 3}}, {}, {"value": "data.t"}),
        ([{"time": TIME, "t": 3}], {"value": ""}, {"value": "t"}),
    ],
)
def test_who_follows_the_advice_has_the_value(payload: object, keys: dict[str, Any], advice: dict[str, Any]) -> None:
    """The words are settings of the section as they stand in the file."""
    told = refusal(payload, keys)
    assert told.startswith("[[input]] price: ")
    assert tomllib.loads(told.rpartition("set [[input]] ")[2].replace(" and ", "\n")) == advice
    issues, _ = reader_of({**keys, **advice}).read("p", json.dumps(payload).encode(), NOW)
    assert len(issues) > 0


@pytest.mark.parametrize(
    "payload",
    [b"21,5", b"ON", b"21.5 EUR", [{"time": TIME, "value": "0,25"}], [{"time": TIME, "value": True}]],
    ids=["comma", "state", "unit", "comma in a list", "truth value"],
)
def test_keys_that_only_readings_have_are_not_advised(payload: object) -> None:
    """The section has no `decimal`, `map` or `suffix`: the message has to bring numbers."""
    told = refusal(payload, {})
    assert told.startswith("[[input]] price: ")
    assert told.endswith(NUMBERS_ONLY)
    assert "[[ingest]]" not in told


def test_a_list_without_times_needs_the_path_of_them() -> None:
    """The time of arrival would be that of all its values."""
    assert refusal([{"value": 3, "start": TIME}], {}).endswith(
        "set [[input]] time to the path of the time that a value is for, from the element of the list"
    )


def test_only_the_beginning_of_a_document_is_looked_at() -> None:
    """And no path is named that is long, or that is written with quotation marks."""
    rows = [{"time": TIME, "value": 2}]
    for names in ([*map(str, range(MOST_LOOKED_AT)), "z"], ["x" * (LONGEST_PATH + 1)], ["a.b"]):
        document = {**dict.fromkeys(names[:-1], "x"), names[-1]: rows}
        assert "each" not in refusal(document, {}).rpartition(" in ")[2]


def test_a_list_under_another_name_is_named() -> None:
    """A path that is misspelt, and a value that is called otherwise than the section says."""
    rows = [{"time": TIME, "value": 2}]
    misspelt = refusal({"forecast": rows}, {"each": "forcast"})
    assert misspelt.endswith('; for a list of values set [[input]] each = "forecast"')
    assert "set [[input]] value to the path" in refusal({"forecast": rows}, {"each": "forecast", "value": "temperature"})
    assert "; " not in refusal({"forecast": []}, {"each": "forecast"})

"""What a line says to set does help: each advice is followed, and the payload is read."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages.advice import LONGEST, MOST_LOOKED_AT, for_document, for_text
from edge.messages.reading import read_message
from tests.support.ingests import NOON, ingest, taken

Keys = dict[str, Any]


def refusal(payload: str, keys: Keys) -> str:
    """Why a rule with these keys, and without a time, does not read a payload."""
    (reason,) = read_message([ingest("a/{x}", time="", **keys)], "a/b", payload.encode(), NOON).reasons
    return str(reason)


@pytest.mark.parametrize(
    ("payload", "keys", "advice", "value"),
    [
        ("21,5", {}, {"format": "plain", "decimal": ","}, 21.5),
        ("21,5", {"format": "plain"}, {"decimal": ","}, 21.5),
        ('{"value": "21,5"}', {}, {"decimal": ","}, 21.5),
        ("21.5 °C", {}, {"format": "plain", "suffix": True}, 21.5),
        ('{"value": "3 m3/h"}', {}, {"suffix": True}, 3.0),
        ("ON", {}, {"format": "plain", "map": {"ON": 1}}, 1.0),
        ("open", {"format": "plain"}, {"map": {"open": 1}}, 1.0),
        ('{"value": true}', {}, {"map": {"true": 1, "false": 0}}, 1.0),
        ("21.5", {}, {"format": "plain"}, 21.5),
        ('"21.5"', {}, {"value": ""}, 21.5),
        ('{"value": 1.5}', {"format": "plain"}, {"format": "json"}, 1.5),
        ('{"data": {"t": 21.5}, "ts": 1790000000}', {}, {"value": "data.t"}, 21.5),
        ('{"value": {"Outside Temp": 21.5}}', {}, {"value": "value.Outside Temp"}, 21.5),
        ("[21.5]", {}, {"value": "0"}, 21.5),
        ('[{"value": 21.5}]', {}, {"each": "*"}, 21.5),
        ('{"value": [{"value": 21.5}]}', {}, {"each": "value"}, 21.5),
    ],
)
def test_who_follows_the_advice_has_the_value(payload: str, keys: Keys, advice: Keys, value: float) -> None:
    """The words are settings as they stand in the file."""
    told = refusal(payload, keys).rpartition("set [[ingest]] ")[2].partition(", with")[0].replace(" and ", "\n")
    assert tomllib.loads(told) == advice
    assert list(taken(ingest("a/{x}", time="", **{**keys, **advice}), "a/b", payload).values()) == [value]


def test_several_numbers_can_be_taken_at_once() -> None:
    """The nearest are named, and the setting for all of them."""
    assert refusal('{"data": {"t": 1, "h": 2, "p": 3, "q": 4}, "n": 5}', {}).endswith(
        """; there are numbers at 'n', 'data.t', 'data.h': set [[ingest]] value = "n", or "*" for all of them"""
    )
    assert str(for_document({"t": 1.5, "h": 2.5}, "data")).endswith('value = "data.t", or "data.*" for all of them')


@pytest.mark.parametrize("length", range(1, 12))
def test_an_advice_stays_short_however_long_the_paths_are(length: int) -> None:
    """It names fewer of them, then none, and always the setting."""
    key = "%" + "-" * (length - 1)
    advice = str(for_document({key: {key: {key: [1, 2, 3, 4]}}}))
    path = f"{key}.{key}.{key}"
    assert advice.endswith(f'set [[ingest]] value = "{path}.0", or "{path}.*" for all of them')
    assert len(advice) <= LONGEST


@pytest.mark.parametrize("text", ["unavailable", "", "2026-01-15", "12:30", "a b c", "x" * 10_000, "{", "NaN"])
def test_nothing_is_advised_where_nothing_helps(text: str) -> None:
    """A word that stands for no value is none of a state."""
    assert for_text(text, '"plain"') is None


@pytest.mark.parametrize("document", [None, True, "x", [], {}, {"a": "x"}, {"time": 1790000000, "ms": 1790000000123}])
def test_times_and_texts_are_no_numbers(document: object) -> None:
    """A value that is a time would be a series that rises for ever."""
    assert for_document(document) is None


def test_only_the_beginning_of_a_document_is_looked_at() -> None:
    """It may be as long and as deep as a payload can be."""
    assert for_document([*[None] * MOST_LOOKED_AT, 1]) is None
    deep: object = 1
    for _ in range(1000):
        deep = {"a": deep}
    assert for_document(deep) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_path_that_is_named_can_be_written(document: object) -> None:
    """It is TOML, and short."""
    if advice := for_document(document):
        (path,) = tomllib.loads(str(advice).rpartition("set [[ingest]] ")[2].partition(", or")[0]).values()
        assert len(path) <= 40

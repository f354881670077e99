"""Which keys a rule's values can have, and what is said where none is there."""

import pytest

from edge.contract.meaning import Meaning
from edge.errors import ConfigurationError
from edge.messages.rule import ValueRule
from tests.support.ingests import ingest, left_out, taken


def test_keys_are_known_where_the_rule_names_them() -> None:
    """Then a series' name can be read back whatever the device is called."""
    assert ingest("a/{x}", values={"t": "T", "h": "H"}, rename={"t": "temp"}).selection.keys == ["temp", "h"]
    assert ingest("a/{x}", value="*").selection.keys is None
    assert ingest("a/{x}", each="*", value="v").selection.keys is None
    rule = ingest("a/{x}", values={"t": "T"}, time="")
    assert taken(rule, "a/10.0.0.1", '{"T":1}') == {"10.0.0.1.t": 1.0}
    assert rule.tags_of("10.0.0.1.t") == {"x": "10.0.0.1"}


def test_a_message_without_any_value_says_what_was_looked_for() -> None:
    """Up to three paths by name."""
    rule = ingest("a", values={str(number): f"v{number}" for number in range(5)})
    assert str(rule.selection.nothing({}, b"{}")) == "expected a value at one of 'v0', 'v1', 'v2' and 2 more in '{}'"
    walked = ingest("a", each="list", value="*")
    assert str(walked.selection.nothing({}, b"{}")) == "expected a number at '*' of an element in '{}'"
    texts = str(ingest("a", value="*").selection.nothing({"v": "21,5"}, b"..."))
    assert texts == "expected a number at '*' (a * takes no texts: name those that are numbers in [[ingest]] values) in '...'"


def test_words_are_numbers_in_a_star_where_the_rule_says_so() -> None:
    """Other texts are none there."""
    rule = ingest("a", value="*", map={"ON": 1, "true": 2}, time="")
    assert taken(rule, "a", '{"p":"ON","q":"OFF","r":true,"s":3}') == {"a.p": 1.0, "a.r": 2.0, "a.s": 3.0}


def test_an_entry_without_a_path_says_what_numbers_of_its_name_mean() -> None:
    """The first one that fits; a series that is known by its name only has the same meaning."""
    values = {
        "*.total": ValueRule(kind="counter", unit="kWh"),
        "a.*": ValueRule(unit="W", map={"on": 1}),
        "*": ValueRule(scale=2),
    }
    rule = ingest("t", value="*", values=values, time="", rename={"a.total": "meter"})
    assert taken(rule, "t", '{"a":{"total":5,"p":7,"s":"on"},"b":3}') == {
        "t.meter": 5.0,
        "t.a.p": 7.0,
        "t.a.s": 1.0,
        "t.b": 6.0,
    }
    assert rule.meaning_of("t.meter") == Meaning("counter", unit="kWh")
    assert rule.meaning_of("t.a.p") == Meaning(unit="W")
    assert rule.meaning_of("t.b") is None


def test_an_entry_without_a_path_needs_a_star() -> None:
    """Else it says something of nothing."""
    with pytest.raises(ConfigurationError, match="'total' has no path; write one"):
        ingest("t", values={"v": "v", "total": ValueRule(unit="kWh")})


def test_a_message_of_which_all_is_dropped_is_unwanted() -> None:
    """One that has no number lacks a value all the same."""
    rule = ingest("t", value="*", drop=("Wifi.*",), time="")
    assert rule.selection.nothing({"Wifi": {"RSSI": 7}}, b"").kind == "unwanted"
    assert rule.selection.nothing({"Wifi": "away"}, b"").kind == "no_value"
    named = ingest("t", values={"r": "Wifi.RSSI"}, drop=("r",), time="")
    assert named.selection.nothing({"Wifi": {"RSSI": 7}}, b"").kind == "unwanted"


def test_no_pattern_is_tried_on_a_key_that_no_series_can_have() -> None:
    """Each star more multiplies the time with the length of the key, which may be that of the payload."""
    values = {"*z*z*z*b": ValueRule(unit="W")}
    rule = ingest("t", value="*", time="", values=values, drop=("*x*y*x*a", "q"))
    assert left_out(rule, "t", '{"%s": 1}' % ("xyz" * 5_000)) == ["no_name"]
    assert taken(rule, "t", '{"%s": 1, "q": 2, "r": 3}' % ("x" * 1_025)) == {"t.r": 3.0}

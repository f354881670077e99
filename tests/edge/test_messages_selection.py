"""Which keys a rule's values can have, and what is said where none is there."""

from tests.support.ingests import ingest, taken


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


def test_words_are_numbers_in_a_star_where_the_rule_says_so() -> None:
    """Other texts are none there."""
    rule = ingest("a", value="*", map={"ON": 1, "true": 2}, time="")
    assert taken(rule, "a", '{"p":"ON","q":"OFF","r":true,"s":3}') == {"a.p": 1.0, "a.r": 2.0, "a.s": 3.0}

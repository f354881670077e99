"""Times, names and quality as a document says them."""

import pytest

from edge.messages.content import is_text, text_of
from tests.support.ingests import ingest, left_out, tags, taken


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), ("", None), (5, "5"), (5.0, "5"), (0.5, "0.5"), (True, "true"), (None, None), ([1], None), (10**60, None)],
)
def test_scalars_of_the_payload_are_parts_of_names(value: object, text: str | None) -> None:
    """The same number is the same name, whether it is written as 5 or as 5.0."""
    assert text_of(value) == text


def test_a_name_must_be_storable() -> None:
    """No zero character, no half of a pair, not empty."""
    assert [is_text(name) for name in ("ü", "a\0", "\ud800", "")] == [True, False, False, False]


def test_a_value_of_bad_quality_is_none() -> None:
    """Where the rule names the key that says so."""
    rule = ingest("a", value="v", time="", valid="q")
    assert taken(rule, "a", '{"v":1,"q":true}') == taken(rule, "a", '{"v":1}') == {"a": 1.0}
    assert left_out(rule, "a", '{"v":1,"q":false}') == ["implausible"]


def test_what_the_message_says_counts_for_every_element_that_does_not_say_it_itself() -> None:
    """It is looked up once, however many elements there are, and not kept for the next message."""
    rule = ingest("a", "{$.id}.{$.n}", each="l", value="v", time="", tags={"*": "{$.tags}"})
    payload = '{"id":"%s","tags":{"x":"y"},"l":[{"n":1,"v":1},{"n":2,"v":2,"id":"own","tags":null},{"n":3,"v":3}]}'
    for name in ("one", "two"):
        assert taken(rule, "a", payload % name) == {f"{name}.1": 1.0, "own.2": 2.0, f"{name}.3": 3.0}
        found = tags(rule, "a", (payload % name).encode())
        assert found == {f"{name}.1": {"x": "y"}, "own.2": {}, f"{name}.3": {"x": "y"}}

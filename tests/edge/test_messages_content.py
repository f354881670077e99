"""Times, names and quality as a document says them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.times import EARLIEST, TimeUnit, parse_time
from edge.errors import PayloadError
from edge.messages.content import FIRST_SECOND, LAST_SECOND, is_text, text_of
from edge.messages.reading import read_message
from tests.support.ingests import NOON, ingest, left_out, tags, taken


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


@given(st.floats(FIRST_SECOND - 2, LAST_SECOND + 2), st.sampled_from(["s", None]))
def test_a_unix_time_with_digits_behind_the_point_is_read_as_any_other(seconds: float, unit: TimeUnit | None) -> None:
    """To the nanosecond, and with the same bounds."""
    moment = ingest("a", value="v", time="t", time_unit=unit).moment
    assert moment is not None
    document = {"t": seconds}
    try:
        expected = parse_time(seconds, unit or "auto")
    except PayloadError:
        with pytest.raises(PayloadError, match="2000 and 2100"):
            moment(document, document, b"", EARLIEST)
    else:
        assert moment(document, document, b"", EARLIEST) == expected


def test_what_the_message_says_counts_for_every_element_that_does_not_say_it_itself() -> None:
    """It is looked up once, however many elements there are, and not kept for the next message."""
    rule = ingest("a", "{$.id}.{$.n}", each="l", value="v", time="", tags={"*": "{$.tags}"})
    payload = '{"id":"%s","tags":{"x":"y"},"l":[{"n":1,"v":1},{"n":2,"v":2,"id":"own","tags":null},{"n":3,"v":3}]}'
    for name in ("one", "two"):
        assert taken(rule, "a", payload % name) == {f"{name}.1": 1.0, "own.2": 2.0, f"{name}.3": 3.0}
        found = tags(rule, "a", (payload % name).encode())
        assert found == {f"{name}.1": {"x": "y"}, "own.2": {}, f"{name}.3": {"x": "y"}}


def test_more_tags_than_a_series_may_have_are_refused_once_for_all_values() -> None:
    """Before they are copied for each of them: one message of 64 kB took nine seconds and 2 GB."""
    rule = ingest("t/{x}", value="values.*", time="", tags={"*": "{$.tags}"})
    for told, values in ((128, 5), (129, 0)):
        message = {"tags": {f"t{number}": "x" for number in range(told)}, "values": dict.fromkeys("abcde", 1)}
        reading = read_message([rule], "t/a", msgspec.json.encode(message), NOON)
        assert (len(reading.rows), len(reading.reasons)) == (values, 0 if values else 1)

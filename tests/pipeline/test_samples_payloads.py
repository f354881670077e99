"""The format of a payload is told from its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.samples.payloads import Content, content_of, word_of


@pytest.mark.parametrize(
    ("payload", "content"),
    [
        (b"21.5", Content("plain", "21.5")),
        (b" -3e2\n", Content("plain", "-3e2")),
        (b"21,5", Content("plain", "21,5", decimal=",")),
        (b"21.5 \xc2\xb0C", Content("plain", "21.5 °C", suffix=True)),
        (b"1.234,5 kWh", Content("plain", "1.234,5 kWh", decimal=",", suffix=True)),
        (b'{"a": 1}', Content("json", {"a": 1})),
        (b'[{"a": 1}]', Content("json", [{"a": 1}])),
        (b"ON", Content("plain", "ON")),
        (b"online", None),
        (b"", None),
        (b"2026-01-01T00:00:00Z", None),
        (b"\x00\x01\x02\x03", None),
        (b"{broken", None),
        (b"hello world", None),
        (b"door 3, opened", None),
        (b"1 234,5", None),
        (b"one, two\nthree, four", None),
    ],
)
def test_formats_are_recognised(payload: bytes, content: Content | None) -> None:
    """A number with what may stand around it, JSON, or nothing that is known."""
    assert content_of("t", payload) == content


@pytest.mark.parametrize(
    ("name", "topic", "payload"),
    [
        ("line_protocol", "telegraf/h/cpu", b"cpu,host=a usage=1.5,user=2i 1780000000000000000\n"),
        ("senml", "s", b'[{"bn":"dev:","bt":1.78e9,"n":"temp","v":23.5},{"n":"hum","v":48}]'),
        ("sparkplug", "spBv1.0/plant/DDATA/edge/device", b"\x08\x01"),
        ("csv", "log", b"time,temp\n2026-01-01T00:00:00Z,21.5\n"),
        ("csv", "log", b"2026-01-01T00:00:00Z;21,5;40\n"),
        ("csv", "log", b"21.5\t40\t1013"),
    ],
)
def test_further_formats_are_recognised(name: str, topic: str, payload: bytes) -> None:
    """Those of the table of formats."""
    content = content_of(topic, payload)
    assert content is not None
    assert content.format == name


@pytest.mark.parametrize(
    ("payload", "word"), [(b"ON", "ON"), (b"", None), (b"21", None), (b'{"a":"b"}', None), (b"x" * 200, None)]
)
def test_a_word_is_short_and_holds_no_number(payload: bytes, word: str | None) -> None:
    """A state such as on and off."""
    assert word_of(payload) == word


@given(st.text(max_size=20), st.binary(max_size=200))
def test_any_bytes_are_looked_at(topic: str, payload: bytes) -> None:
    """Nothing that is published ends the search."""
    content_of(topic, payload)
    word_of(payload)

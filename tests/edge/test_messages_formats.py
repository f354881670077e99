"""Every payload format keeps to one list of checks; what one of them alone does stands below."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.contract.times import EARLIEST, LATEST, SECOND
from edge.errors import ConfigurationError, PayloadError
from edge.messages.formats.payload import LARGEST_PAYLOAD, Fields, Format, parse_value
from edge.messages.formats.table import FORMATS, open_format
from edge.messages.ingest import Ingest

NOON = 1_768_478_400 * SECOND  # 2026-01-15T12:00:00Z
PAGE = Path(__file__).parents[2] / "docs" / "readings.md"
JSON = Ingest("sensors/{site}/{metric}")


@dataclass(frozen=True, slots=True)
class Case:
    """A format, and how a sensor writes it.

    Args:
        name: name of the format in the table.
        write: payload of a value and a time in Unix seconds, both as text.
        fields: where the two stand.
    """

    name: str
    write: Callable[[str, str], str]
    fields: Fields = field(default_factory=Fields)

    @property
    def format(self) -> Format:
        """The format itself."""
        return open_format(self.name, self.fields)


# A new format gets a line here.
CASES = [
    Case("json", lambda value, time: f'{{"value": {value}, "time": {time}}}'),
    Case("json", lambda value, time: f'{{"v": "{value}", "meta": {{"t": "{time}"}}}}', Fields("v", "meta.t")),
    Case("json", lambda value, _: f'{{"value": {value}}}', Fields(time=None)),
    Case("plain", lambda value, _: value),
]


def read_values(case: Case) -> None:
    """A finite number is read exactly, with its own time or that of its arrival."""
    for value in ("0", "-12.5", "21", "1e3", "0.1"):
        moment, number = case.format.decode(case.write(value, "1768478401.5").encode(), NOON)
        assert number == float(value)
        assert moment == (NOON + 1_500_000_000 if case.format.timed else NOON)


def refuse_values(case: Case) -> None:
    """States, words and what is not finite are refused by a kind that has a counter."""
    for value in ("on", "true", "NaN", "1e999", "1_000", "0x10", ""):
        assert kind_of(case.format, case.write(value, "1768478400").encode()) in {"bad_value", "bad_json"}


def refuse_times(case: Case) -> None:
    """A time that is none, or of a clock that was never set, is `bad_time`; without a time there is nothing to refuse."""
    for time in ("0", "4102444800", "-1"):
        payload = case.write("1", time).encode()
        if case.format.timed:
            assert kind_of(case.format, payload) == "bad_time"
        else:
            assert case.format.decode(payload, NOON) == (NOON, 1.0)


def refuse_rubbish(case: Case) -> None:
    """Nothing but a `PayloadError` comes of bytes that are no payload at all."""
    for payload in (b"", b"\xff\xfe", b"\0", b"[" * 60_000, b"{}", b"[]", b'"', b"9" * 60_000, " \u0662".encode()):
        assert kind_of(case.format, payload) in {"bad_value", "bad_json", "no_value", "no_time", "bad_time"}


def forget(case: Case) -> None:
    """One payload leaves no trace in the next one."""
    decoder, payload = case.format, case.write("1", "1768478400").encode()
    first = decoder.decode(payload, NOON)
    kind_of(decoder, b"\xff")
    assert decoder.decode(payload, NOON) == first


def stand_in_the_documentation(case: Case) -> None:
    """The page of formats has a heading with its name."""
    assert f"## `{case.name}`\n" in PAGE.read_text("utf-8")


CHECKS = [read_values, refuse_values, refuse_times, refuse_rubbish, forget, stand_in_the_documentation]


def kind_of(decoder: Format | Ingest, payload: bytes) -> str:
    """Kind of the error a payload leads to."""
    with pytest.raises(PayloadError) as caught:
        decoder.decode(payload, NOON)
    assert len(str(caught.value)) < 250
    return caught.value.kind


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.write('1', '2')}")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_format_keeps_to_the_list(case: Case, check: Callable[[Case], None]) -> None:
    """One list of checks for all formats."""
    check(case)


def test_the_list_has_every_format() -> None:
    """A format without a line in the list of cases is not checked."""
    assert {case.name for case in CASES} == set(FORMATS)


def test_a_format_that_is_not_there_is_refused_with_those_that_are() -> None:
    """The message names them."""
    with pytest.raises(ConfigurationError, match=f"expected one of {', '.join(FORMATS)}; got 'xml'"):
        Ingest("a/{b}", payload="xml")


@given(st.one_of(st.binary(), st.text().map(str.encode), st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.sampled_from(["value", "time", "x"]), inner)),
).map(lambda document: json.dumps(document).encode())))  # fmt: skip
@example(b"[" * 60_000)
@example(b'{"value": ' + b"9" * 5000 + b', "time": 1}')
@example(b'{"value": 1, "time": ' + b"9" * 60 + b"}")
@example(b'{"value": 1, "time": 1e308}')
@example(b'{"value": "\xff", "time": 1}')
@example(b'{"value": ' + b"[" * 987 + b"]" * 987 + b', "time": 1}')
@example(b'{"value": 1, "time": ' + b'{"a":' * 987 + b"1" + b"}" * 987 + b"}")
def test_any_bytes_are_a_reading_or_a_payload_error(payload: bytes) -> None:
    """JSON, plain and nested rules raise nothing else, and what they return is within reason."""
    rules = [Ingest("a", value=value, time=time) for value in ("value", "value.value") for time in ("time", "time.time", None)]
    units = [Ingest("a", time_unit=unit) for unit in ("iso", "s", "ns")]
    for ingest in (Ingest("a", payload="plain"), *rules, *units):
        try:
            moment, value = ingest.decode(payload, NOON)
        except PayloadError as error:
            text = str(error)
        else:
            text = ""
            assert EARLIEST <= moment < LATEST
            assert value - value == 0
        assert text.isprintable()
        assert len(text) < 250


@pytest.mark.parametrize(("value", "number"), [(3, 3.0), ("21.5", 21.5), (" -1e3 ", -1000.0), (0, 0.0)])
def test_numbers_and_text_that_is_one_are_values(value: object, number: float) -> None:
    """Many devices send numbers as text."""
    assert parse_value(value) == number


@pytest.mark.parametrize(
    "value",
    [True, False, None, "", "on", "NaN", "inf", "-Infinity", float("nan"), float("inf"), "1_000", [1], {}, 10**400, "0x10"],
)
def test_what_is_no_finite_number_is_no_value(value: object) -> None:
    """States, texts, NaN and infinity are refused, never counted as 0 or 1."""
    with pytest.raises(PayloadError) as caught:
        parse_value(value)
    assert caught.value.kind == "bad_value"


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "bad_json"),
        (b"21.5C", "bad_json"),
        (b'{"value": NaN, "time": 1768478400}', "bad_json"),
        (b'{"value": 1e999, "time": 1768478400}', "bad_json"),
        (b'{"value": true, "time": 1768478400}', "bad_value"),
        (b'{"value": null, "time": 1768478400}', "bad_value"),
        (b'{"value": {"x": 1}, "time": 1768478400}', "bad_value"),
        (b'{"v": 1}', "no_value"),
        (b"21.5", "no_value"),
        (b'{"value": 1}', "no_time"),
        (b'{"value": 1, "time": "yesterday"}', "bad_time"),
        (b'{"value": 1, "time": 0}', "bad_time"),
        (b'{"value": 1, "x": "' + b"x" * LARGEST_PAYLOAD + b'"}', "too_large"),
        (b"[" * LARGEST_PAYLOAD, "bad_json"),
    ],
)
def test_every_kind_of_bad_payload_has_a_name(payload: bytes, kind: str) -> None:
    """The kind is the counter it belongs to, and the message stays short."""
    assert kind_of(JSON, payload) == kind


def test_a_number_alone_says_which_format_takes_it() -> None:
    """The commonest payload after JSON; an object without the value gets no such hint."""
    hint = 'for a number alone set [[ingest]] format = "plain"'
    for payload, expected in ((b"21.5", True), (b'{"v": 1}', False)):
        with pytest.raises(PayloadError) as caught:
            JSON.decode(payload, NOON)
        assert (hint in str(caught.value)) is expected


def test_plain_payload_is_the_number() -> None:
    """It counts from its arrival."""
    plain = Ingest("a/{b}", payload="plain")
    assert plain.decode(b" 21.5\n", NOON) == (NOON, 21.5)
    assert not plain.timed
    assert kind_of(plain, b"on") == kind_of(plain, "٢".encode()) == "bad_value"


def test_paths_reach_into_the_document() -> None:
    """Value and time may lie at any depth; without a time path the arrival counts."""
    deep = Ingest("a", value="data.t.v", time="meta.ts", time_unit="ms")
    assert deep.decode(b'{"data": {"t": {"v": 4}}, "meta": {"ts": 1768478400001}}', 7) == (NOON + 1_000_000, 4.0)
    assert kind_of(deep, b'{"data": [1]}') == "no_value"
    untimed = Ingest("a", time=None)
    assert untimed.decode(b'{"value": 4, "time": 0}', NOON) == (NOON, 4.0)
    assert not untimed.timed


@pytest.mark.parametrize(
    ("fields", "payload", "kind", "text"),
    [
        (Fields(), "{", "bad_json", "expected JSON, got '{'"),
        (
            Fields("a.b"),
            '{"a": 1}',
            "no_value",
            "expected a value at 'a.b' in '{\"a\": 1}'",
        ),
        (
            Fields("a.b"),
            "21.5",
            "no_value",
            "expected a value at 'a.b' in '21.5'; for a number alone set [[ingest]] format = \"plain\"",
        ),
        (
            Fields("v", "a.b"),
            '{"v": 1, "a": {}}',
            "no_time",
            'expected a time at \'a.b\' in \'{"v": 1, "a": {}}\'; for payloads without a time set [[ingest]] time = ""',
        ),
        (Fields(), '{"value": true, "time": 1}', "bad_value", "expected a number, got true"),
        (Fields(), '{"value": "on", "time": 1}', "bad_value", "expected a number, got 'on'"),
        (Fields(), '{"value": "inf", "time": 1}', "bad_value", "expected a finite number, got inf"),
    ],
)
def test_a_refusal_says_what_was_expected_and_what_came(fields: Fields, payload: str, kind: str, text: str) -> None:
    """Where it was looked for stands in it as it stands in the configuration."""
    with pytest.raises(PayloadError) as caught:
        open_format("json", fields).decode(payload.encode(), NOON)
    assert (caught.value.kind, str(caught.value)) == (kind, text)


def test_a_number_is_a_time_in_the_unit_of_the_rule() -> None:
    """Where the rule names none, the size of the number tells; a number of another size or kind is refused."""
    moment = NOON // SECOND
    for unit, number in (("s", moment), ("ms", moment * 1000), ("us", moment * 10**6), ("ns", NOON)):
        for named in (unit, "auto"):
            decoder = open_format("json", Fields(time_unit=named))  # type: ignore[arg-type] # the units are text here
            assert decoder.decode(f'{{"value": 1, "time": {number}}}'.encode(), 0) == (NOON, 1.0)
    assert kind_of(open_format("json", Fields(time_unit="ms")), f'{{"value": 1, "time": {moment}}}'.encode()) == "bad_time"
    assert kind_of(open_format("json", Fields(time_unit="iso")), f'{{"value": 1, "time": {moment}}}'.encode()) == "bad_time"

"""Every payload format keeps to one list of checks; what one of them alone does stands below.

The kind of fault: payloads as devices write them are refused though their good values can be read.
"""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.contract.times import EARLIEST, LATEST, SECOND
from edge.errors import ConfigurationError, PayloadError
from edge.messages.formats.json_object import read_json
from edge.messages.formats.payload import LARGEST_PAYLOAD
from edge.messages.formats.table import FORMATS
from edge.messages.ingest import Ingest
from edge.messages.reading import read_message
from edge.quoting import quoted
from tests.support.ingests import ingest, left_out, taken
from tests.support.payloads import sparkplug

NOON = 1_768_478_400 * SECOND  # 2026-01-15T12:00:00Z
PAGE = Path(__file__).parents[2] / "docs" / "readings.md"
JSON = ingest("sensors")


@dataclass(frozen=True, slots=True)
class Case:
    """A format, and how a sensor writes it.

    Args:
        name: name of the format in the table.
        write: payload of a value and a time in Unix seconds, both as text.
        keys: keys of the rule.
        topic: topic of the message.
        no_times: times that are none, or of a clock that was never set.
    """

    name: str
    write: Callable[[str, str], str | bytes]
    keys: dict[str, Any] = field(default_factory=dict)
    topic: str = "sensors"
    no_times: tuple[str, ...] = ("0", "4102444800", "-1")

    @property
    def rule(self) -> Ingest:
        """A rule with this format."""
        return ingest(self.topic, format=self.name, **self.keys)

    def payload(self, value: str, time: str) -> bytes:
        """The payload of a value and a time."""
        payload = self.write(value, time)
        return payload if isinstance(payload, bytes) else payload.encode()

    def decode(self, payload: bytes) -> tuple[int, float]:
        """As `decode`, on the topic of the case."""
        return decode(self.rule, payload, self.topic)

    def kind_of(self, payload: bytes) -> str:
        """As `kind_of`, on the topic of the case."""
        return kind_of(self.rule, payload, self.topic)


def metric(value: str, time: str) -> bytes:
    """A birth of one metric: a number, or a text where the value is none."""
    fields: dict[str, object] = {"datatype": 12, "string_value": value}
    with suppress(ValueError):
        fields = {"datatype": 10, "double_value": float("on" if "_" in value else value)}
    return sparkplug(0, {"name": "value", "timestamp": round(float(time) * 1000), **fields})


# A new format gets a line here.
CASES = [
    Case("json", lambda value, time: f'{{"value": {value}, "time": {time}}}'),
    Case("json", lambda value, time: f'{{"v": "{value}", "meta": {{"t": "{time}"}}}}', {"value": "v", "time": "meta.t"}),
    Case("json", lambda value, _: f'{{"value": {value}}}', {"time": ""}),
    Case("plain", lambda value, _: value),
    Case("csv", lambda value, time: f"time;value\n{time};{value}", {"value": "value"}),
    Case("csv", lambda value, time: f"{time}\t{value}", {"value": "v", "time": "t", "columns": ("t", "v")}),
    Case("line_protocol", lambda value, time: f"m,a=b v={value} {float(time) * 1e9:.0f}", {"value": "fields.v"}),
    Case("line_protocol", lambda value, time: f"m v={value} {float(time) * 1e3:.0f}", {"value": "fields.v", "time_unit": "ms"}),
    Case("senml", lambda value, time: f'[{{"n": "a", "v": {value}, "t": {time}}}]', no_times=("946684799", "4102444800")),
    Case("sparkplug", metric, topic="spBv1.0/group/NBIRTH/node", no_times=("0", "4102444800")),
]


def decode(rule: Ingest, payload: bytes, topic: str = "sensors") -> tuple[int, float]:
    """Time and value of the one reading of a payload.

    Raises:
        PayloadError: it gives none.
    """
    reading = read_message([rule], topic, payload, NOON)
    if not reading.rows:
        raise reading.reasons[0]
    ((_, moment, value),) = reading.rows
    return moment, value


def read_values(case: Case) -> None:
    """A finite number is read exactly, with its own time or that of its arrival."""
    for value in ("0", "-12.5", "21", "1e3", "0.1"):
        moment, number = case.decode(case.payload(value, "1768478401.5"))
        assert number == float(value)
        assert moment == (NOON + 1_500_000_000 if case.rule.timed else NOON)


def refuse_values(case: Case) -> None:
    """States, words and what is not finite are refused by a kind that has a counter."""
    for value in ("on", "true", "NaN", "1e999", "1_000", "0x10", ""):
        assert case.kind_of(case.payload(value, "1768478400")) in {"bad_value", "bad_json", "bad_payload"}


def refuse_times(case: Case) -> None:
    """A time that is none, or of a clock that was never set, is `bad_time`; without a time there is nothing to refuse."""
    for time in case.no_times:
        payload = case.payload("1", time)
        if case.rule.timed:
            assert case.kind_of(payload) == "bad_time"
        else:
            assert case.decode(payload) == (NOON, 1.0)


def refuse_rubbish(case: Case) -> None:
    """Nothing but a `PayloadError` comes of bytes that are no payload at all."""
    for payload in (b"", b"\xff\xfe", b"\0", b"[" * 60_000, b"{}", b"[]", b'"', b"9" * 60_000, " \u0662".encode()):
        assert case.kind_of(payload) in {"bad_value", "bad_json", "bad_payload", "no_value", "no_time", "bad_time", "unwanted"}


def forget(case: Case) -> None:
    """One payload leaves no trace in the next one."""
    rule, payload = case.rule, case.payload("1", "1768478400")
    first = decode(rule, payload, case.topic)
    kind_of(rule, b"\xff", case.topic)
    assert decode(rule, payload, case.topic) == first


def stand_in_the_documentation(case: Case) -> None:
    """The page of formats has a heading with its name."""
    assert f"## `{case.name}`\n" in PAGE.read_text("utf-8")


CHECKS = [read_values, refuse_values, refuse_times, refuse_rubbish, forget, stand_in_the_documentation]


def kind_of(rule: Ingest, payload: bytes, topic: str = "sensors") -> str:
    """Kind of the error a payload leads to."""
    with pytest.raises(PayloadError) as caught:
        decode(rule, payload, topic)
    assert len(str(caught.value)) < 250
    return caught.value.kind


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.write('1', '2')!r}")
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
        ingest("a/{b}", format="xml")


RULES = [
    ingest("sensors", format="plain"),
    *(
        ingest("sensors", value=value, time=time)
        for value in ("value", "value.value", "*")
        for time in ("time", "time.time", "")
    ),
    *(ingest("sensors", time_unit=unit) for unit in ("iso", "s", "ns")),
    ingest("sensors", each="*", value="*", series="{$.x}.{key}"),
]


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
    for rule in RULES:
        reading = read_message([rule], "sensors", payload, NOON)
        assert reading.rows or reading.reasons
        for _, moment, value in reading.rows:
            assert EARLIEST <= moment < LATEST
            assert value - value == 0
        for reason in reading.reasons:
            assert str(reason).isprintable()
            assert len(str(reason)) < 250


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "bad_json"),
        (b"21.5C", "bad_json"),
        (b'{"value": NaN, "time": 1768478400}', "bad_value"),
        (b'{"value": -inf, "time": 1768478400}', "bad_value"),
        (b'{"value": 1e999, "time": 1768478400}', "bad_value"),
        (b'{"value": 1, "time": 17684', "bad_json"),
        (b'{"value": 1, "time": 1768478400}{"value": 2, "time": 1768478401}', "bad_json"),
        (b'{"value": 1, "time": 1768478400},\n{"value": 2, "time": 1768478401}', "bad_json"),
        (b'{"value": 1, "time": 1768478400, "x": infinite}', "bad_json"),
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
            decode(JSON, payload)
        assert (hint in str(caught.value)) is expected


def test_plain_payload_is_the_number() -> None:
    """It counts from its arrival."""
    plain = ingest("sensors", format="plain")
    assert decode(plain, b" 21.5\n") == (NOON, 21.5)
    assert not plain.timed
    assert kind_of(plain, b"on") == kind_of(plain, "٢".encode()) == "bad_value"


def test_paths_reach_into_the_document() -> None:
    """Value and time may lie at any depth; without a time path the arrival counts."""
    deep = ingest("sensors", value="data.t.v", time="meta.ts", time_unit="ms")
    assert decode(deep, b'{"data": {"t": {"v": 4}}, "meta": {"ts": 1768478400001}}') == (NOON + 1_000_000, 4.0)
    assert kind_of(deep, b'{"data": [1]}') == "no_value"
    untimed = ingest("sensors", time="")
    assert decode(untimed, b'{"value": 4, "time": 0}') == (NOON, 4.0)
    assert not untimed.timed


@pytest.mark.parametrize(
    ("keys", "payload", "kind", "text"),
    [
        ({}, "{", "bad_json", "expected JSON, got '{'"),
        (
            {"value": "a.b"},
            '{"a": 1}',
            "no_value",
            "expected a value at 'a.b' in '{\"a\": 1}'; there are numbers at 'a': set [[ingest]] value = \"a\"",
        ),
        (
            {"value": "a.b"},
            "21.5",
            "no_value",
            "expected a value at 'a.b' in '21.5'; for a number alone set [[ingest]] format = \"plain\"",
        ),
        (
            {"value": "v", "time": "a.b"},
            '{"v": 1, "a": {}}',
            "no_time",
            'expected a time at \'a.b\' in \'{"v": 1, "a": {}}\'; for payloads without a time set [[ingest]] time = ""',
        ),
        ({}, '{"value": null, "time": 1}', "bad_value", "expected a number, got null"),
        ({}, '{"value": "x", "time": 1}', "bad_value", "expected a number, got 'x'"),
        ({}, '{"value": "inf", "time": 1}', "bad_value", "expected a finite number, got inf"),
    ],
)
def test_a_refusal_says_what_was_expected_and_what_came(keys: dict[str, str], payload: str, kind: str, text: str) -> None:
    """Where it was looked for stands in it as it stands in the configuration."""
    with pytest.raises(PayloadError) as caught:
        decode(ingest("sensors", **keys), payload.encode())
    assert (caught.value.kind, str(caught.value)) == (kind, text)


def test_a_number_is_a_time_in_the_unit_of_the_rule() -> None:
    """Where the rule names none, the size of the number tells; a number of another size or kind is refused."""
    moment = NOON // SECOND
    for unit, number in (("s", moment), ("ms", moment * 1000), ("us", moment * 10**6), ("ns", NOON)):
        for named in (unit, "auto"):
            assert decode(ingest("sensors", time_unit=named), f'{{"value": 1, "time": {number}}}'.encode()) == (NOON, 1.0)
    for named in ("ms", "iso"):
        assert kind_of(ingest("sensors", time_unit=named), f'{{"value": 1, "time": {moment}}}'.encode()) == "bad_time"


TIMED = '{"value": 21.6, "time": "2026-01-15T12:00:00Z", "h": %s}'


@pytest.mark.parametrize(
    "payload",
    [
        *((TIMED % word).encode() for word in ("nan", "NaN", "-nan", "inf", "-INF", "Infinity", "+inf")),
        b"\xef\xbb\xbf" + (TIMED % 1).encode(),
        (TIMED % 1).encode() + b"\0\0\r\n\0",
        b"\0" + (TIMED % 1).encode(),
        (TIMED % 1).encode() + b'00:00Z", "h": 1}',
        (TIMED % '"20 °C"').encode("latin-1"),
        (TIMED % '"20 °C"').encode("utf-16"),
        (TIMED % '"20 °C"').encode("utf-16-le"),
        (TIMED % '"20 °C"').encode("utf-16-be"),
        (TIMED % '"a\tb: nan, inf"').encode(),
        b'{"value": 1, "value": 21.6, "time": "2026-01-15T12:00:00Z"}',
        b'{"value": 21.6, "value": null, "time": "2026-01-15T12:00:00Z"}',
        b'{"value": 21.6, "value": nan, "time": "2026-01-15T12:00:00Z"}',
        b'{"value": null, "value": 21.6, "time": "2026-01-15T12:00:00Z"}',
        (TIMED % 1).encode() + b', "old": {"x": [1]}}',
    ],
)
def test_payload_as_devices_write_it_gives_its_good_values(payload: bytes) -> None:
    """A bare nan beside them, bytes around them, another encoding, a key that stands twice."""
    assert decode(JSON, payload) == (NOON, 21.6)


def test_bare_words_are_the_numbers_that_they_name() -> None:
    """In any case and with a sign; within a text they are letters."""
    document = read_json(b'{"a": -INF, "b": +inf, "c": Infinity, "d": inf, "e": "nan", "f": NaN}')
    assert isinstance(document, dict)
    assert math.isnan(document.pop("f"))
    assert document == {"a": -math.inf, "b": math.inf, "c": math.inf, "d": math.inf, "e": "nan"}


def test_what_is_left_of_a_longer_payload_is_no_part_of_the_document() -> None:
    """A second document is one, and a number has nothing but blanks and zero bytes behind it."""
    assert read_json(b"21.5\0 \0") == 21.5
    for payload in (b'{"a": 1}[2]', b'{"a": 1}, {"b": 2}', b"21.5X", b"21.5 2"):
        with pytest.raises(PayloadError, match="expected JSON, got"):
            read_json(payload)


@pytest.mark.parametrize(
    "payload", [b"[" * 60_000 + b"]" * 60_000, b"[nan, " + b"[" * 60_000], ids=["plain", "with a bare word"]
)
def test_a_nesting_that_is_too_deep_is_called_that(payload: bytes) -> None:
    """Whoever reads it."""
    with pytest.raises(PayloadError) as caught:
        read_json(payload)
    assert str(caught.value) == f"expected JSON of at most some hundred levels, got {quoted(payload)}"


def test_good_values_beside_bad_ones_are_taken_and_these_are_counted() -> None:
    """The message is used, and each value that is left out has its reason."""
    rule = ingest("sensors", value="*", time="")
    reading = read_message([rule], "sensors", b'{"a": 21.6, "b": nan, "c": "on", "d": null, "e": 2}', NOON)
    assert {source.name: value for source, _, value in reading.rows} == {"sensors.a": 21.6, "sensors.e": 2.0}
    assert [reason.kind for reason in reading.reasons] == ["bad_value"]


def test_texts_of_other_encodings_are_numbers_too() -> None:
    """A plain payload with a mark, with zero bytes, in UTF-16."""
    for payload in (b"\xef\xbb\xbf21.5", b"21.5\0", "21.5".encode("utf-16"), "21.5".encode("utf-16-le"), b"\r\n21.5"):
        assert taken(ingest("a", format="plain"), "a", payload.decode("latin-1").encode("latin-1")) == {"a": 21.5}


@pytest.mark.parametrize("start", [b"", b'{"value": '])
def test_a_text_that_ends_in_a_backslash_costs_no_more_than_others(start: bytes) -> None:
    """None of the quotation marks in it begins a text that is looked at to the end: 32,000 of them took 20 seconds."""
    assert left_out(ingest("a"), "a", start + b'"' + b'\\"' * 32_000 + b"\\") == ["bad_json"]


def test_a_nesting_that_is_too_deep_is_not_said_to_be_no_json() -> None:
    """It is JSON."""
    (reason,) = read_message(
        [ingest("a", value="v", time="")], "a", b'{"v":1,"d":' + b"[" * 32_000 + b"]" * 32_000 + b"}", 1
    ).reasons
    assert (reason.kind, str(reason)[:40]) == ("bad_json", "expected JSON of at most some hundred le")

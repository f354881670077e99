"""Whatever arrives becomes a reading or a named error, never anything else."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.contract.times import EARLIEST, LATEST, LONGEST_TIME, NANOSECONDS, SECOND, TimeUnit, parse_time
from edge.errors import ConfigurationError, PayloadError
from edge.messages.payloads import LARGEST_PAYLOAD, Ingest, parse_value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = 1_768_478_400 * SECOND  # 2026-01-15T12:00:00Z
JSON = Ingest("sensors/{site}/{metric}")


def kind_of(ingest: Ingest, payload: bytes) -> str:
    """Kind of the error a payload leads to."""
    with pytest.raises(PayloadError) as caught:
        ingest.decode(payload, NOON)
    assert len(str(caught.value)) < 250
    return caught.value.kind


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


@given(st.text())
def test_any_text_as_time_is_a_time_or_a_payload_error(text: str) -> None:
    """Every unit is as robust as the others."""
    for unit in ("auto", "iso", *NANOSECONDS):
        try:
            moment = parse_time(text, unit)  # type: ignore[arg-type] # all of them are units
        except PayloadError:
            continue
        assert EARLIEST <= moment < LATEST


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),  # noqa: DTZ001 - the zone comes with the offset
    st.integers(-24 * 60 + 1, 24 * 60 - 1),
    st.sampled_from(["T", " "]),
)
def test_iso_times_agree_with_datetime(moment: datetime, east: int, separator: str) -> None:
    """With an offset, with Z and without a zone, to the microsecond."""
    expected = (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1000
    local = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=east)))
    assert parse_time(local.isoformat(separator)) == expected
    assert parse_time(moment.isoformat(separator)) == expected
    assert parse_time(moment.isoformat(separator) + "Z") == expected


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("2026-01-15T12:00:00.123456789Z", 123_456_789),
        ("2026-01-15T12:00:00.1234567891234Z", 123_456_789),
        ("2026-01-15T12:00:00,5Z", SECOND // 2),
        ("20260115T120000.25Z", SECOND // 4),
        ("20260115T120000Z", 0),
        ("2026-01-15T13:30:00.000000001+01:30", 1),
        (" 2026-01-15 12:00 ", 0),
    ],
)
def test_iso_fractions_count_to_the_nanosecond(text: str, rest: int) -> None:
    """Digits beyond nanoseconds are dropped."""
    assert parse_time(text) == NOON + rest


@given(st.integers(EARLIEST, LATEST - 1), st.sampled_from(["s", "ms", "us", "ns"]))
def test_unix_times_are_told_apart_by_their_size(time: int, unit: TimeUnit) -> None:
    """Whole numbers of any unit, named or not, as number or text, are exact."""
    number = time // NANOSECONDS[unit]
    for value in (number, str(number)):
        assert parse_time(value, unit) == number * NANOSECONDS[unit] or number * NANOSECONDS[unit] < EARLIEST
        assert parse_time(value) == number * NANOSECONDS[unit] or number * NANOSECONDS[unit] < EARLIEST


def test_fractions_of_unix_times_count() -> None:
    """Half a second is half a second, as number and as text."""
    assert parse_time(1_768_478_400.5) == parse_time("1768478400.5") == NOON + SECOND // 2
    assert parse_time(1_768_478_400_000.5) == NOON + 500_000


@pytest.mark.parametrize(
    "value",
    [0, "1970-01-01T00:00:00Z", 946_684_799, 4_102_444_800, "2100-01-01", "1999-12-31T23:59:59Z", -1, 10**40, True, None, [],
     {}, "", "noon", "12:00", float("nan"), float("inf"), "2026-02-30", "9999-12-31T23:59:59-23:59", "1" * 5000],
)  # fmt: skip
def test_time_beyond_reason_is_refused(value: object) -> None:
    """1970 and 2100 are clocks that were never set, and booleans are no times."""
    with pytest.raises(PayloadError, match=r"no time|between the years"):
        parse_time(value)


def test_a_long_text_is_no_time_however_it_looks() -> None:
    """Two kilobytes like these would keep a search for a fraction busy for a second, and 64 for minutes."""
    for text in ("000000.1" + "1" * 2000 + "\nx", "12:00:00." * 7000 + "\n", " " * LONGEST_TIME + "1768478400"):
        with pytest.raises(PayloadError) as caught:
            parse_time(text)
        assert caught.value.kind == "bad_time"
    assert parse_time("1768478400".rjust(LONGEST_TIME)) == NOON


def test_number_is_refused_where_iso_is_expected() -> None:
    """A named unit is taken at its word."""
    with pytest.raises(PayloadError):
        parse_time(1_768_478_400, "iso")
    assert parse_time("2026-01-15T12:00:00Z", "iso") == NOON


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


def test_topic_names_and_tags_its_series() -> None:
    """Placeholders become tags; the name is theirs joined with dots, or what the template says."""
    source = JSON.source("sensors/dach süd/температура")
    assert source is not None
    assert (source.name, source.tags) == ("dach süd.температура", {"site": "dach süd", "metric": "температура"})
    assert JSON.filter == "sensors/+/+"
    named = Ingest("a/{x}/b/{y}", series="{y} of {x}").source("a/1/b/2")
    assert named is not None
    assert named.name == "2 of 1"
    fixed = Ingest("plant/boiler").source("plant/boiler")
    assert fixed is not None
    assert (fixed.name, fixed.tags) == ("plant.boiler", {})


@pytest.mark.parametrize(
    "topic", ["", "sensors", "sensors/a", "sensors/a/b/c", "sensors//b", "Sensors/a/b", "sensors/a/b/", "\0"]
)
def test_other_topics_do_not_match(topic: str) -> None:
    """A placeholder is exactly one level that is not empty."""
    assert JSON.source(topic) is None


LEVEL = st.text(st.sampled_from("a0.-/ü\n").filter(lambda one: one != "/"), min_size=1, max_size=6)
NAMED = [
    Ingest("x/{site}/{ip}/{metric}", series)
    for series in (None, "{site}.{ip}.{metric}", "{metric}{ip}{site}", "{site}/{ip}.{metric}//", "{ip}-{site}-{ip}.{metric}")
]


@given(LEVEL, LEVEL, LEVEL)
def test_tags_of_a_name_are_those_of_its_topic(site: str, ip: str, metric: str) -> None:
    """So no two topics share a name, and history that was imported by name gets the tags live readings get."""
    for ingest in NAMED:
        source = ingest.source(f"x/{site}/{ip}/{metric}")
        assert source is not None
        assert ingest.tags_of(source.name) == source.tags == {"site": site, "ip": ip, "metric": metric}


def test_topics_that_differ_only_in_dots_are_two_series() -> None:
    """Read back, a name gives the last levels as short as can be; one that would give other levels has its own apart."""
    rule = Ingest("sensors/{site}/{ip}/{metric}")
    names = [rule.source(f"sensors/{levels}/temp").name for levels in ("10.0/0.1", "10/0.0.1", "roof/a")]  # type: ignore[union-attr]
    assert names == ["10.0/0.1/temp", "10/0.0.1/temp", "roof.a.temp"]
    assert Ingest("{x}/{y}", "{x}").source("a/b").name == Ingest("{x}/{y}", "{x}").source("a/c").name == "a"  # type: ignore[union-attr]


def test_name_of_another_form_has_no_tags() -> None:
    """Too few parts, or a template that leaves a placeholder out."""
    assert JSON.tags_of("roof") is None
    assert Ingest("a/{x}/{y}", series="{x}").tags_of("roof") is None


@pytest.mark.parametrize(
    ("topic", "series", "words"),
    [
        ("", None, "whole level"),
        ("a/{x}/{x}", None, "whole level"),
        ("a/pre{x}", None, "whole level"),
        ("a/+", None, "whole level"),
        ("a/#", None, "whole level"),
        ("a/{}", None, "letters, digits"),
        ("a/{b c}", None, "letters, digits"),
        ("a/{1x}", None, "letters, digits"),
        ("a/{series}", None, "name of ours"),
        ("a/{value}", None, "name of ours"),
        ("a/{x}", "{y}", r"\(\{x\}\) only"),
        ("a/{x}", "{", r"\(\{x\}\) only"),
        ("a/{x}", "{}", r"\(\{x\}\) only"),
        ("a", "{y}", r"\(none\) only"),
        ("a/{x}", "", "is empty"),
    ],
)
def test_template_that_cannot_be_used_is_refused(topic: str, series: str | None, words: str) -> None:
    """The message names the topic and what to write instead."""
    with pytest.raises(ConfigurationError, match=words):
        Ingest(topic, series)

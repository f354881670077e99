"""`line_protocol` reads what InfluxDB takes and Telegraf publishes (kind: several values, and usual inputs, in one payload)."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from influxdb_client import Point

from edge.errors import PayloadError
from edge.messages.formats.line_protocol import read_lines
from edge.messages.reading import read_message
from edge.quoting import quoted
from tests.support.ingests import ingest, tags, taken
from tests.support.payloads import NOON, line

# A backslash before a sign that it escapes cannot be written in line protocol.
NAMES = st.text(st.characters(exclude_characters='\n\r\t\\"#\0', exclude_categories=("Cs", "Zs", "Cc")), min_size=1, max_size=8)
FIELDS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12),
)


@settings(max_examples=60, deadline=None)
@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), st.dictionaries(NAMES, FIELDS, min_size=1, max_size=4), st.booleans())
def test_what_was_written_is_read(measurement: str, tags: dict[str, str], fields: dict[str, object], timed: bool) -> None:
    """Whatever signs names and texts hold; numbers exactly."""
    written = line(measurement, tags, fields, NOON if timed else None)
    source = read_lines(written.encode())[0]["source"]  # type: ignore[index] # a line
    expected = {"source": source, "measurement": measurement, "tags": tags, "fields": fields}
    expected |= {"time": NOON} if timed else {}
    assert read_lines(written.encode()) == [expected]
    assert read_lines(f"{written}\n{written}\r\n".encode()) == [expected, expected]


def test_what_the_client_of_influxdb_writes_is_read() -> None:
    """Its points, with all types of fields and the signs that have to be escaped."""
    fields = {"temp": 21.5, "n": -3, "ok": True, "note": 'a "b", \\ c=d', "a b": 0.1}
    point = Point.from_dict(
        {"measurement": "air quality, roof", "tags": {"site=": "north, 1", "room": "A=B"}, "fields": fields, "time": NOON}
    )
    (read,) = read_lines(point.to_line_protocol().encode())
    assert isinstance(read, dict)
    assert read["measurement"] == "air quality, roof"
    assert read["tags"] == {"site=": "north, 1", "room": "A=B"}
    assert (read["fields"], read["time"]) == (fields, NOON)


def test_telegraf_publishes_several_lines() -> None:
    """With comments, blank lines, spaces in names, unsigned numbers and states, and a line break within a text."""
    lines = read_lines(
        b"# of the gateway\n\n"
        b"cpu,cpu=cpu-total,host=gw\\ 1 usage_idle=92.4,usage_user=3.1 1768478400000000000\n"
        b'weather\\,\\ roof,site=north temp=-3.5,count=4i,total=18446744073709551615u,ok=t,off=FALSE,note="a, \\"b\\"\nc"\n'
    )
    assert lines == [
        {
            "source": "cpu.cpu-total.gw 1",
            "measurement": "cpu",
            "tags": {"cpu": "cpu-total", "host": "gw 1"},
            "fields": {"usage_idle": 92.4, "usage_user": 3.1},
            "time": NOON,
        },
        {
            "source": "weather\\,\\ roof,site=north",
            "measurement": "weather, roof",
            "tags": {"site": "north"},
            "fields": {"temp": -3.5, "count": 4, "total": 18446744073709551615, "ok": True, "off": False, "note": 'a, "b"\nc'},
        },
    ]


BROKEN = [
    "nonsense",
    "m value=",
    "m,tag value=1",
    "m value=1,",
    "m value=1 soon",
    "m value=1 1 1",
    ",a=b value=1",
    'm value="open',
]


@pytest.mark.parametrize("broken", [*BROKEN, "m,a=1,a=2 value=1"])
def test_a_broken_line_costs_only_itself(broken: str) -> None:
    """What stands before and after it counts, and the error shows the line."""
    before, fault, *after = read_lines(f"m v=1 1\n{broken}\nm v=2 2\nm v=3 3".encode())
    line_of = {"source": "m", "measurement": "m", "tags": {}}
    assert [before, *after] == [{**line_of, "fields": {"v": float(number)}, "time": number} for number in (1, 2, 3)]
    (last,) = read_lines(broken.encode())
    for error in (fault, last):
        assert isinstance(error, PayloadError)
        assert (error.kind, str(error)) == ("bad_payload", f"expected measurement, tags, fields and time, got {quoted(broken)}")


def test_a_field_without_a_value_costs_only_itself() -> None:
    """A number that is not finite is null; what is no value at all is named."""
    good, fault = read_lines(b"m a=nan,b=2,c=-Inf,d=9223372036854775808i,e=4")
    assert isinstance(good, dict)
    assert good["fields"] == {"a": None, "b": 2.0, "c": None, "e": 4.0}
    assert isinstance(fault, PayloadError)
    assert (fault.kind, str(fault)) == ("bad_value", "expected a value of field 'd', got '9223372036854775808i'")


def test_a_line_without_one_good_field_is_no_line() -> None:
    """Only its errors are left."""
    (fault,) = read_lines(b"m a=one")
    assert isinstance(fault, PayloadError)


@pytest.mark.parametrize("payload", [b"", b" \n", b"# nothing", b"\xff\xfe"])
def test_a_payload_without_a_line_is_refused(payload: bytes) -> None:
    """It is broken as a whole."""
    with pytest.raises(PayloadError) as caught:
        read_lines(payload)
    words = f"expected lines of measurement, tags, fields and time, got {quoted(payload)}"
    assert (caught.value.kind, str(caught.value)) == ("bad_payload", words)


def test_zero_bytes_around_the_lines_are_no_part_of_them() -> None:
    """Devices send them behind a text; whatever else stands there counts."""
    (line_of,) = read_lines(b"\0Xm v=1\0\0")
    assert isinstance(line_of, dict)
    assert (line_of["measurement"], line_of["fields"]) == ("Xm", {"v": 1.0})


LONG = {
    "a backslash": "\\",
    "a backslash at the end": "m\\",
    "an escaped blank": "m\\ v=1",
    "a long measurement": "a" * 60_000,
    "many tags": "a,b=" * 15_000,
    "many fields": "m " + "v=1," * 15_000,
    "many escaped commas": "\\," * 30_000,
    "many quotation marks": '"' * 60_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_no_line_takes_long(text: str) -> None:
    """No text is tried in several ways; this ends at once, whatever it gives."""
    assert len(read_lines(text.encode())) == 1


def test_a_large_number_stays_one() -> None:
    """Beyond what a float holds it is not finite, which whoever reads the value refuses."""
    (good,) = read_lines(b"m a=1e999")
    assert isinstance(good, dict)
    assert good["fields"] == {"a": math.inf}


def test_no_two_sets_of_tags_have_one_source() -> None:
    """It is short where that is unambiguous; the order of the tags does not count."""
    written = [
        "m,a=x,b=y v=1",
        "m,b=y,a=x v=1",
        "m,a=x.y v=1",
        "m.x,a=y v=1",
        "m.x v=1",
        "m,a=x\\,b\\=y v=1",
        "m,a=x\\ y v=1",
        "m,b=z,a=x.y v=1",
    ]
    sources = [line["source"] for line in read_lines("\n".join(written).encode()) if isinstance(line, dict)]
    assert sources == ["m.x.y", "m.x.y", "m,a=x.y", "m.x,a=y", "m.x", "m,a=x\\,b\\=y", "m.x y", "m,a=x.y,b=z"]


def test_a_series_is_called_by_measurement_tags_and_field() -> None:
    """The tags are those of the series; a topic gives none, and a line without a time counts from its arrival."""
    rule = ingest("telegraf/#", format="line_protocol")
    payload = 'cpu,host=gw,cpu=cpu0 idle=1.5,busy=2i,note="x" 1768478400000000001\nping,url=10.0.0.1 ms=3\nm v=4'
    assert taken(rule, "telegraf/gw/cpu", payload) == {
        "cpu.cpu0.gw.idle": 1.5,
        "cpu.cpu0.gw.busy": 2.0,
        "ping,url=10.0.0.1.ms": 3.0,
        "m.v": 4.0,
    }
    assert tags(rule, "telegraf/gw/cpu", payload.encode())["cpu.cpu0.gw.idle"] == {"cpu": "cpu0", "host": "gw"}
    times = [moment for _, moment, _ in read_message([rule], "telegraf/x", payload.encode(), NOON).rows]
    assert times == [NOON + 1, NOON + 1, NOON, NOON]

"""`senml` resolves packs as RFC 8428 has it (kind: the sensor's name, and several values, inside one payload)."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import PayloadError
from edge.messages.formats.senml import read_senml
from edge.messages.reading import read_message
from tests.support.ingests import ingest, taken
from tests.support.payloads import NOON, pack

SECOND = 1_000_000_000
NAMES = st.text("abcXYZ019-:./_", min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES, st.integers(1 << 29, 1 << 32), st.integers(-1000, 1000), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_bases_are_added(base: str, name: str, start: int, later: int, offset: float, value: float) -> None:
    """Names are joined, times and values are summed, and the unit counts until another one comes."""
    bases = {"bn": base, "bt": start, "bv": offset, "bu": "Cel"}
    first, second = read_senml(pack({**bases, "n": name, "v": value}, {"n": "b", "t": later, "u": "%RH", "v": 1}))
    assert first == {"name": base + name, "time": start * SECOND, "value": offset + value, "unit": "Cel"}
    assert second == {"name": f"{base}b", "time": (start + later) * SECOND, "value": offset + 1, "unit": "%RH"}


def test_a_pack_of_several_values() -> None:
    """Times relative to the base, a unit of its own, states, texts and sums; a record of base values alone gives nothing."""
    records = read_senml(
        pack(
            {"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1768478400.75, "bu": "A", "bver": 5},
            {"n": "voltage", "u": "V", "v": 120.1},
            {"n": "current", "t": -5, "v": 1.2},
            {"n": "on", "vb": True},
            {"n": "note", "vs": "ok"},
            {"n": "energy", "u": "J", "s": 7200, "t": 1},
            {"n": "power", "v": 3, "s": 5},
        )
    )
    start, name = NOON + 3 * SECOND // 4, "urn:dev:ow:10e2073a01080063:"
    assert records == [
        {"name": f"{name}voltage", "time": start, "value": 120.1, "unit": "V"},
        {"name": f"{name}current", "time": start - 5 * SECOND, "value": 1.2, "unit": "A"},
        {"name": f"{name}on", "time": start, "value": True, "unit": "A"},
        {"name": f"{name}note", "time": start, "value": "ok", "unit": "A"},
        {"name": f"{name}energy", "time": start + SECOND, "sum": 7200, "unit": "J"},
        {"name": f"{name}power", "time": start, "value": 3, "sum": 5, "unit": "A"},
    ]


def test_bases_stand_in_for_what_is_missing() -> None:
    """A base sum and a base value count for a record without; a base name alone can be the name."""
    records = read_senml(pack({"bn": "m", "bs": 100, "bv": 20, "v": 1}, {"n": "x"}, {"s": 5}, {"vs": "a"}))
    assert records == [
        {"name": "m", "time": 0, "value": 21, "sum": 100},
        {"name": "mx", "time": 0, "value": 20, "sum": 100},
        {"name": "m", "time": 0, "sum": 105},
        {"name": "m", "time": 0, "value": "a", "sum": 100},
    ]


def test_a_broken_record_costs_only_itself() -> None:
    """A text for a number, a number for a text, and a record without a name; the bases before them stay."""
    good, *faults, last = read_senml(
        pack({"bn": "d:", "n": "a", "v": 1}, {"n": "b", "v": "2"}, {"n": 3, "v": 3}, {"bn": "", "v": 4}, {"n": "c", "v": 5})
    )
    assert (good, last) == ({"name": "d:a", "time": 0, "value": 1}, {"name": "c", "time": 0, "value": 5})
    assert [(fault.kind, str(fault)) for fault in faults if isinstance(fault, PayloadError)] == [
        ("bad_payload", "expected a number in field 'v', got '2'"),
        ("bad_payload", "expected a text in field 'n', got 3"),
        ("bad_payload", "expected a name in field 'n' or 'bn'"),
    ]


def test_a_base_name_that_no_series_can_have_is_in_no_record() -> None:
    """It would be copied into the name of each; the next base name counts as ever."""
    *faults, last = read_senml(pack({"bn": "k" * 1025, "v": 1}, {"n": "a", "v": 2}, {"bn": "k" * 1023, "n": "b", "v": 3}))
    assert [fault.kind for fault in faults if isinstance(fault, PayloadError)] == ["no_name", "no_name"]
    assert last == {"name": "k" * 1023 + "b", "time": 0, "value": 3}


def test_a_null_is_a_value_that_is_missing() -> None:
    """As devices write it that have none."""
    assert read_senml(b'{"n": "a", "v": null}') == [{"name": "a", "time": 0, "value": None}]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"[]", "expected a list of SenML records, got a list of 0"),
        (b"21.5", "expected a list of SenML records, got 21.5"),
        (b'[{"n": "a"}, 2]', "expected a list of SenML records, got a list of 2"),
        (pack({"bver": 11, "n": "a", "v": 1}), "expected SenML of version 10 or below, got 11"),
        (pack({"n": "a", "v": 1, "at_": "roof"}), "expected fields of RFC 8428, got 'at_', which has to be understood"),
    ],
)
def test_a_pack_that_cannot_be_understood_is_refused(payload: bytes, text: str) -> None:
    """No pack, a later version, or a field that has to be understood."""
    with pytest.raises(PayloadError) as caught:
        read_senml(payload)
    assert (caught.value.kind, str(caught.value)) == ("bad_payload", text)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"t": 1e300}, None),
        ({"t": math.inf}, ("bad_time", "expected a time in seconds, got inf")),
        ({"bt": math.nan, "t": 1}, ("bad_time", "expected a time in seconds, got 1")),
        ({"bv": 10**400, "v": 1.5}, ("bad_value", "expected a number, got 1.5")),
    ],
)
def test_numbers_beyond_all_bounds_are_no_crash(fields: dict[str, object], refusal: tuple[str, str] | None) -> None:
    """A time that is a number is refused by whoever compares it with the calendar, all else here."""
    (record,) = read_senml(pack({"n": "a", "v": 1, **fields}))
    assert ((record.kind, str(record)) if isinstance(record, PayloadError) else None) == refusal


def test_a_time_below_two_to_the_28th_counts_from_the_arrival() -> None:
    """Also one that lies before it."""
    rule = ingest("senml/{box}", format="senml")
    payload = pack({"n": "a", "v": 1}, {"n": "b", "t": -30, "v": 2}, {"n": "c", "t": 1768478400, "v": 3})
    rows = read_message([rule], "senml/box", payload, NOON + SECOND).rows
    assert {source.name: (moment - NOON) // SECOND for source, moment, _ in rows} == {"a": 1, "b": -29, "c": 0}


def test_sums_are_taken_where_the_rule_wants_them() -> None:
    """Names of records are names of series, of which `drop` leaves some out."""
    rule = ingest("senml", format="senml", value="sum", drop=("*:b",), rename={"dev:a": "meter"})
    payload = pack({"bn": "dev:", "n": "a", "v": 1, "s": 2}, {"n": "b", "s": 3}, {"n": "c", "v": 4}, {"n": "d", "s": 5})
    assert taken(rule, "senml", payload) == {"meter": 2.0, "dev:d": 5.0}

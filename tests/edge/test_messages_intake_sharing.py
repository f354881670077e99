"""Series that two sources share, and topics in local time, are named.

The kind of fault: an identity that is ambiguous, or a time without its zone, mixes or moves readings in silence.
"""

import pytest

from edge.contract.times import SECOND
from tests.support.desk import GOOD, NOW, Desk
from tests.support.ingests import ingest
from tests.support.payloads import sparkplug


@pytest.mark.parametrize(
    ("hours", "words"), [(1, '01:00 h ahead of their arrival; set [[ingest]] timezone = "+01:00"'), (-8, "08:00 h behind")]
)
def test_a_topic_in_local_time_is_said_once_with_the_setting_that_mends_it(hours: int, words: str) -> None:
    """Whether its readings are refused as the future, or taken for old ones."""
    desk = Desk(ingest("tele/{plug}", value="T", time="Time"))
    for minute in range(9):
        local = f"2026-01-15T{12 + hours:02}:{minute:02}:00"
        desk.take(("tele/a", f'{{"Time": "{local}", "T": 1}}'.encode()), arrival=NOW + minute * 60 * SECOND)
    (line,) = [line for line in desk.lines if line.startswith("time_offset")]
    assert words in line


@pytest.mark.parametrize("payload", ['{{"Time": "{}", "T": 1}}', '{{"Time": "{}", "T": 1, "U": 2}}'])
def test_a_sensor_that_sends_its_last_hour_again_is_in_no_other_zone(payload: str) -> None:
    """Beside each new reading it repeats the one before; the new ones say that its clock is right."""
    desk = Desk(ingest("tele/{plug}", value="T", time="Time"))
    for hour in range(12):
        for sent in (hour, max(hour - 1, 0)):
            text = payload.format(f"2026-01-15T{12 + sent:02}:00:00Z")
            desk.take(("tele/a", text.encode()), arrival=NOW + hour * 3600 * SECOND)
    assert [line for line in desk.lines if line.startswith("time_offset")] == []


def test_a_time_that_stands_still_is_named() -> None:
    """All readings of a day would be one in the store, and each of them be counted as used."""
    desk = Desk(ingest("log/{x}", value="v", time="date"))
    for n in range(9):
        desk.take(("log/roof", f'{{"date": "2026-01-15", "v": {n}}}'.encode()))
    (line,) = [line for line in desk.lines if line.startswith("same_time")]
    assert (
        "series 'roof' has one value after the other for the same moment, and the last one stays; set [[ingest]] time" in line
    )


def test_what_is_said_once_waits_for_its_minute() -> None:
    """Three sensors whose times stand still, found in one batch: each is named, one a minute, without a further sign."""
    desk = Desk(ingest("log/{x}", value="v", time="date"))
    for n in range(9):
        desk.take(*[(f"log/{name}", f'{{"date": "2026-01-15", "v": {n}}}'.encode()) for name in ("roof", "attic", "cellar")])
    for minute in range(4):
        desk.seconds = 61.0 * minute
        desk.take()
        told = [line.split("'")[1] for line in desk.lines if line.startswith("same_time")]
        assert told == ["roof", "attic", "cellar"][: minute + 1]


def test_a_known_topic_whose_series_another_one_takes_is_looked_at_again() -> None:
    """Each change from one to the other is counted, however often both were seen."""
    desk = Desk(ingest("a/{x}"), ingest("b/{x}"))
    desk.take(*[("a/roof", GOOD)] * 4)
    desk.take(*[("b/roof", GOOD)] * 4)
    assert desk.intake.shared == 1
    desk.take(*[("a/roof", GOOD), ("b/roof", GOOD)] * 3)
    assert desk.intake.shared == 6


def test_two_sensors_that_share_a_topic_and_a_name_are_named() -> None:
    """What tells them apart stands in the payload."""
    desk = Desk(ingest("rtl_433/{host}/events", value="temperature_C"))
    rows = [
        (
            "rtl_433/pi/events",
            f'{{"time": "2026-01-15T11:{50 + minute}:00Z", "id": {sensor}, "temperature_C": {value}}}'.encode(),
        )
        for minute in range(4)
        for sensor, value in ((5, 15.1), (9, -2.1))
    ]
    desk.take(*rows)
    assert "series 'pi' has two values within milliseconds again and again" in desk.lines[-1]
    assert "such as {$.id}" in desk.lines[-1]


def test_two_sources_of_one_series_are_named() -> None:
    """Their readings mix, which is said and counted: two rules, or two topics of one rule."""
    desk = Desk(ingest("a/{x}", format="plain"), ingest("b/{x}", format="plain"))
    desk.take(("a/roof", b"1"), ("a/yard", b"1"))
    assert (desk.lines, desk.intake.shared) == ([], 0)
    assert desk.take(("b/roof", b"2"), ("b/roof", b"3"), ("a/roof", b"4")) == [(0, NOW, 2.0), (0, NOW, 3.0), (0, NOW, 4.0)]
    assert desk.intake.shared == 2
    (line,) = desk.lines
    assert line.startswith("shared_series: the [[ingest]] rules 'a/{x}' and 'b/{x}' both give series 'roof'")
    assert not desk.counts
    desk = Desk(ingest("c/{x}/{y}", "{x}", format="plain"))
    desk.take(("c/yard/1", b"1"), ("c/yard/2", b"1"))
    assert desk.lines[0].startswith("shared_series: the topics 'c/yard/1' and 'c/yard/2' both give series 'yard'")


def test_lines_with_other_tags_share_no_series_in_silence() -> None:
    """A name is made of the tags' values; where their names differ it is said. Topics of one Sparkplug node say nothing."""
    desk = Desk(ingest("lines/#", format="line_protocol"), ingest("spBv1.0/#", format="sparkplug"))
    desk.take(("lines/x", b"m,a=1 v=1 1768478400000000000\nm,b=1 v=1 1768478400000000000"))
    assert desk.intake.shared == 1
    assert "several sets of tags on topic 'lines/x' give series 'm.1.v'" in desk.lines[-1]
    metric = {"name": "x", "datatype": 9, "float_value": 1.0}
    desk.take(("spBv1.0/g/NBIRTH/n", sparkplug(0, metric)), ("spBv1.0/g/NDATA/n", sparkplug(1, metric)))
    assert desk.intake.shared == 0

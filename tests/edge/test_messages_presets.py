"""Presets: what they make of payloads of several kinds of devices each, and that the page tells the same.

The kinds of fault that are closed here: more than one value in a payload, or the sensor's name in it; a wall clock without its
zone; usual inputs that were not supported.
"""

import re
from pathlib import Path

import pytest

from edge.contract.meaning import GAUGE
from edge.errors import ConfigurationError
from edge.messages.presets.table import PRESETS, expand
from edge.messages.reading import Reading, make_ingests, read_message
from edge.messages.rule import IngestRule, ValueRule
from tests.support import home_payloads, network_payloads, plain_payloads, shelly_payloads
from tests.support.payload_sample import Sample

ARRIVAL = 1_795_715_720_000_000_000  # 2026-11-26T17:55:20Z
PAGE = (Path(__file__).parents[2] / "docs" / "devices.md").read_text("utf-8")
SAMPLES = [
    sample
    for module in (home_payloads, shelly_payloads, plain_payloads, network_payloads)
    for name, samples in vars(module).items()
    if name.isupper() and not name.startswith("_")
    for sample in samples
]


def read(preset: str, topic: str, payload: bytes) -> Reading:
    """What the rules of a preset make of a message."""
    return read_message(make_ingests([IngestRule(preset=preset)]), topic, payload, ARRIVAL)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.preset}: {sample.device}")
def test_a_preset_reads_all_of_a_payload_and_nothing_else(sample: Sample) -> None:
    """Names, values and time of the readings; kind, unit and fill of their series."""
    rows = read(sample.preset, sample.topic, sample.bytes).rows
    assert {source.name: value for source, _, value in rows} == pytest.approx(dict(sample.readings))
    assert len(rows) == len(sample.readings)
    assert {moment for _, moment, _ in rows} <= (
        {sample.time} if sample.time is not None else {moment for _, moment, _ in rows}
    )
    meanings = {source.name: source.meaning or GAUGE for source, _, _ in rows}
    assert {name for name, known in meanings.items() if known.kind == "counter"} == sample.counters
    assert {name: meanings[name].unit for name in sample.units} == dict(sample.units)
    if sample.held is not None:
        assert {known.hold > 0 for known in meanings.values()} == {sample.held}


def test_every_preset_is_tried() -> None:
    """By at least one payload; those of many devices by several."""
    tried = [sample.preset for sample in SAMPLES if sample.readings]
    assert set(tried) == set(PRESETS)
    assert all(tried.count(preset) >= 4 for preset in ("tasmota", "zigbee2mqtt", "shelly", "shelly_gen1", "rtl_433"))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_page_has_a_section_with_an_example_that_is_read(preset: str) -> None:
    """A message in the first line of the example, and below it all that the preset makes of it."""
    section = re.search(rf"^## `{preset}`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    example = re.search(r"^```text\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    assert example is not None
    first, *lines = example[1].splitlines()
    topic, _, payload = first.partition(" ")
    rows = read(preset, topic, payload.encode()).rows
    assert {source.name: value for source, _, value in rows} == pytest.approx(
        {name: float(value) for name, value in (line.split(" = ") for line in lines)}
    )


def test_the_page_names_no_preset_that_is_not_there() -> None:
    """Every section that is called by a name in code is a preset."""
    assert re.findall(r"^## `(\w+)`$", PAGE, re.MULTILINE) == list(PRESETS)


def test_own_keys_win() -> None:
    """Another topic, other names, and values that are left out."""
    rule = IngestRule(preset="zigbee2mqtt", topic="home/{device}", series="{device}/{key}", drop=("battery", "linkquality"))
    payload = b'{"battery":97,"linkquality":120,"temperature":21.58}'
    ((source, _, value),) = read_message(make_ingests([rule]), "home/hall", payload, ARRIVAL).rows
    assert (source.name, value, (source.meaning or GAUGE).unit) == ("hall/temperature", 21.58, "°C")


def test_an_own_topic_stands_for_the_rule_whose_topic_is_most_like_it() -> None:
    """Of the two of Tasmota; so no value is taken twice. Two rules of one topic stay two."""
    rules = [IngestRule(preset="tasmota", topic=f"{{device}}/tele/{last}") for last in ("SENSOR", "STATE")]
    ingests = make_ingests(rules)
    assert [(ingest.topic, "Heap" in ingest.rule.drop) for ingest in ingests] == [
        ("{device}/tele/SENSOR", False),
        ("{device}/tele/STATE", True),
    ]
    assert len(make_ingests([IngestRule(preset="telegraf_json", topic="hosts/{path...}")])) == 2


@pytest.mark.parametrize(
    ("preset", "topics", "skipped"),
    [
        ("zigbee2mqtt", {"home/x/{device...}"}, "home/x/bridge/#"),
        ("shelly", {"home/x/{device}/status/{component}"}, "home/x/+/status/sys"),
        ("tasmota", {"home/x/{device}/SENSOR", "home/x/{device}/STATE"}, None),
        ("kepserver", {"home/x", "home/x/{source...}"}, None),
    ],
)
def test_an_own_root_stands_for_the_first_level_of_all_topics(preset: str, topics: set[str], skipped: str | None) -> None:
    """Also in what is skipped; before a topic that begins with the device."""
    rules = expand(IngestRule(preset=preset, topic="home/x/#"), PRESETS)
    assert {rule.topic for rule in rules} == topics
    assert skipped is None or skipped in rules[0].skip


def test_what_a_name_means_is_added_and_other_values_replace_those_of_the_preset() -> None:
    """The user's word counts first."""
    payload = b'{"Time":"2026-11-26T17:55:10","AM2301":{"Temperature":70.6,"Humidity":48.3}}'
    said = IngestRule(preset="tasmota", values={"*.Temperature": ValueRule(unit="°F"), "*.Humidity": ValueRule(scale=0.01)})
    rows = read_message(make_ingests([said]), "tele/hall/SENSOR", payload, ARRIVAL).rows
    assert {source.name: (value, (source.meaning or GAUGE).unit) for source, _, value in rows} == {
        "hall.AM2301.Temperature": (70.6, "°F"),
        "hall.AM2301.Humidity": (pytest.approx(0.483), ""),
    }
    taken = IngestRule(preset="tasmota", values={"warm": "AM2301.Temperature"})
    rows = read_message(make_ingests([taken]), "tele/hall/SENSOR", payload, ARRIVAL).rows
    assert [(source.name, value) for source, _, value in rows] == [("hall.warm", 70.6)]


def test_the_wall_clock_of_a_device_is_used_where_its_zone_is_named() -> None:
    """Berlin is an hour ahead of UTC in November."""
    rule = IngestRule(preset="tasmota", time="Time", timezone="Europe/Berlin")
    payload = b'{"Time":"2026-11-26T18:55:10","AM2301":{"Temperature":21.6}}'
    ((_, moment, _),) = read_message(make_ingests([rule]), "tele/hall/SENSOR", payload, ARRIVAL).rows
    assert moment == ARRIVAL - 10 * 10**9


def test_a_rule_without_a_preset_stands_for_itself() -> None:
    """Nothing is changed in it."""
    rule = IngestRule("a/{b}", value="v")
    assert expand(rule, PRESETS) == (rule,)


def test_an_own_topic_makes_one_rule_of_those_that_differ_by_theirs() -> None:
    """Else every reading would be there twice."""
    presets = {"x": (IngestRule("a/{b}", value="v"), IngestRule("c/{b}", value="v"))}
    assert expand(IngestRule("d/{b}", preset="x"), presets) == (IngestRule("d/{b}", value="v"),)


def test_an_unknown_preset_is_refused() -> None:
    """The line has those that are there."""
    with pytest.raises(ConfigurationError, match="expected one of tasmota, zigbee2mqtt"):
        make_ingests([IngestRule(preset="tasmoto")])


def test_what_holds_only_housekeeping_is_unwanted_and_no_trouble() -> None:
    """A message of which every value is left out is named so."""
    (reason,) = read("tasmota", "tele/hall/STATE", b'{"Time":"2026-11-26T17:55:10","Heap":25,"Wifi":{"RSSI":66}}').reasons
    assert reason.kind == "unwanted"

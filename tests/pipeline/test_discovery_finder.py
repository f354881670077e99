"""What a broker carries becomes a configuration that reads it.

Kinds: K3 (several values, lists, names inside), K5 (local time), K7 (counters), K9 (what is not read is said),
K10 (usual inputs).
"""

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.reading import read_config
from edge.contract.times import SECOND, iso
from edge.messages.formats.sparkplug.schema import payload_class
from edge.messages.presets.table import PRESETS
from edge.messages.reading import make_ingests, read_message
from edge.messages.rule import IngestRule, ValueRule
from pipeline.discovery.finder import Count, Discovery, discover
from pipeline.discovery.toml_text import section
from pipeline.samples.heard import Heard, Limits
from tests.support.heard_topics import NOW, Payload, heard

MINUTE = 60.0


def birth() -> bytes:
    """A Sparkplug node that measures one temperature."""
    message = payload_class()(timestamp=NOW // 10**6, seq=0)
    message.metrics.add(name=b"temperature", alias=1, datatype=10, double_value=60.5)
    return bytes(message.SerializeToString())


def found(collected: Heard) -> Discovery:
    """What is found in a minute, on a machine whose zone is not known, without presets."""
    return discover(collected, MINUTE, lambda _: None, {})


def readings_of(discovery: Discovery, collected: Heard, folder: Path) -> dict[str, float]:
    """The last value of every series that the written configuration reads from the samples."""
    path = folder / "gatecast.toml"
    path.write_text(
        "\n".join(section(finding.proposal.rule, finding.proposal.notes) for finding in discovery.findings), "utf-8"
    )
    ingests = make_ingests(read_config(path).ingest)
    messages = [(topic.name, sample) for topic in collected for sample in topic.samples]
    rows = [row for name, sample in messages for row in read_message(ingests, name, sample.payload, sample.arrival).rows]
    return {source.name: value for source, _, value in rows}


HOUSE: dict[str, list[Payload]] = {
    "zigbee2mqtt/Room One": [{"battery": 97, "humidity": 45.07, "temperature": 21.58}],
    "zigbee2mqtt/Room Two": [{"battery": 50, "humidity": 40.0, "temperature": 20.0}],
    "iotgateway/line": [
        {
            "timestamp": NOW // 10**6,
            "values": [
                {"id": "PLC1.T1", "v": 63.5, "q": True, "t": NOW // 10**6},
                {"id": "PLC1.T2", "v": 7, "q": True, "t": NOW // 10**6},
            ],
        }
    ],
    "rtl_433/pi/events": [
        {"time": "2026-09-21 14:00:00Z", "model": "P", "id": 5, "channel": 1, "temperature_C": 15.1},
        {"time": "2026-09-21 14:00:00Z", "model": "P", "id": 9, "channel": 1, "temperature_C": -2.1},
        {"time": "2026-09-21 14:00:10Z", "model": "P", "id": 5, "channel": 1, "temperature_C": 15.2},
    ],
    "tele/heat/SENSOR": [{"Time": iso(NOW + 7200 * SECOND)[:-1], "AM2301": {"Temperature": 21.6, "Humidity": 40}}],
    "meters/main/total_kwh": ["1234,5"],
    "door/state": ["open"],
}


def test_a_house_is_read_as_it_is(tmp_path: Path) -> None:
    """Every number and every state under a name of its own."""
    collected = heard(HOUSE)
    discovery = found(collected)
    readings = readings_of(discovery, collected, tmp_path)
    expected = {97.0, 45.07, 21.58, 50.0, 40.0, 20.0, 63.5, 7.0, 15.2, -2.1, 21.6, 1234.5, 1.0}
    assert set(readings.values()) == expected
    assert len(readings) == len(expected) + 1  # 40 stands there twice
    assert discovery.count.unread == 0
    assert discovery.unread == ()
    kinds = {finding.proposal.rule.topic: finding.proposal.rule.kind for finding in discovery.findings}
    assert kinds["meters/main/total_kwh"] == "counter"


def test_further_formats_are_read(tmp_path: Path) -> None:
    """Line protocol, SenML of which two devices say the same names, tables, and Sparkplug with its births."""
    collected = heard(
        {
            "telegraf/h1/cpu": [f"cpu,host=h1 usage=1.5,user=2i {NOW}"],
            "senml/a": [[{"n": "temp", "v": 23.5}]],
            "senml/b": [[{"n": "temp", "v": 24.5}]],
            "loggers/x": [f"time;level\n{iso(NOW)};31,5"],
            "spBv1.0/Plant/NBIRTH/Line1": [birth()],
        }
    )
    discovery = found(collected)
    readings = readings_of(discovery, collected, tmp_path)
    assert set(readings.values()) == {1.5, 2.0, 23.5, 24.5, 31.5, 60.5}
    assert len(readings) == 6
    assert discovery.unread == ()


def test_sparkplug_is_proposed_before_its_births_are_heard() -> None:
    """The agent asks for them."""
    collected = heard({"spBv1.0/Plant/NDATA/Line1": [b"\x08\x01"]})
    (finding,) = found(collected).findings
    assert (finding.proposal.rule.topic, finding.proposal.rule.format) == ("spBv1.0/#", "sparkplug")


def test_rates_are_those_of_live_messages() -> None:
    """A message that the broker had kept is none."""
    discovery = found(heard({"a/x/v": ["1", "2", "3"], "a/y/v": ["4"]}, {"a/x/v": "0"}))
    (finding,) = discovery.findings
    assert (finding.messages, finding.readings, finding.series) == (4.0, 4.0, 2)
    assert (discovery.topics, discovery.messages, discovery.count) == (2, 5, Count(read=5))


def test_shares_are_of_what_is_not_left_out() -> None:
    """Nothing heard is nothing missed."""
    assert Count(read=3, left_out=10, unread=1).share == 0.75
    assert (Count().share, Count(unread=1).share) == (1.0, 0.0)


def test_nothing_and_too_much() -> None:
    """No rule, and a number of messages that were not looked at."""
    assert found(Heard()).findings == ()
    collected = Heard(Limits(topics=1))
    for name in ("a", "b", "b"):
        collected.hear(name, b"1", NOW, retained=False)
    assert (found(collected).further, found(collected).topics) == (2, 1)


def test_values_that_stand_for_none_are_left_out() -> None:
    """Where it is certain, by the name of the value; of what can be measured as well a comment says what to add."""
    live: dict[str, list[Payload]] = {
        "s/a/t": ["20.5", "21", "85", "21.5", "-127"],
        "s/b/t": ["19", "19.5", "85"],
        "x/a": [{"temp": t, "hum": h} for t, h in ((20, 60), (-127, 61), (21, 85), (22, 70), (22.1, -999))],
    }
    by_topic = {finding.proposal.rule.topic: finding for finding in found(heard(live)).findings}
    plain, values = by_topic["s/{device}/t"], by_topic["x/a"]
    assert plain.proposal.rule.ignore == (-127.0,)
    assert any("85 came 2 times" in note and "add ignore = [85] to the rule" in note for note in plain.proposal.notes)
    assert values.proposal.rule.values == {"temp": ValueRule(ignore=(-127.0,)), "hum": ValueRule(ignore=(-999.0,))}
    assert values.count.share == 1.0


def test_what_a_preset_says_of_a_value_stays_where_an_error_is_left_out() -> None:
    """Unit, kind and hold; where an entry would change the values a comment says what was seen."""
    collected = heard({"zigbee2mqtt/t": [{"temperature": t, "linkquality": 9} for t in (20, 21, -999.0, 20)]})
    (finding,) = discover(collected, MINUTE, lambda _: None, PRESETS).findings
    values = finding.proposal.rule.values
    assert values == {"temperature": ValueRule(ignore=(-999.0,), unit="°C", fill="hold", hold="1d")}
    scaled = {
        "s": (IngestRule("s/{device}", value="*", values={"t": ValueRule(scale=0.1), "u": ValueRule(unit="K")}, time=""),)
    }
    collected = heard({"s/a": [{"t": t} for t in (200, 210, -9990, 200)]})
    (finding,) = discover(collected, MINUTE, lambda _: None, scaled).findings
    assert finding.proposal.rule == IngestRule(preset="s")
    assert any("-999 came once" in note for note in finding.proposal.notes)


def test_presets_are_preferred() -> None:
    """They know units and meters."""
    collected = heard({"zigbee2mqtt/plug": [{"power": 5, "energy": 1.5, "linkquality": 90}]})
    (finding,) = discover(collected, MINUTE, lambda _: None, PRESETS).findings
    assert finding.proposal.rule.preset == "zigbee2mqtt"


def test_many_topics_have_few_rules(tmp_path: Path) -> None:
    """One for each way in which they are read, however many they are."""
    messages: dict[str, list[Payload]] = {}
    for device in range(200):
        messages |= {
            f"plant/hall{device % 7}/m{device}/data": [{"ts": NOW // 10**6, "temp": 20.5, "x": {"y": 1}}],
            f"z/{device:06x}/temperature": ["20.5"],
            f"z/{device:06x}/power": ["100"],
            f"z/{device:06x}/state": ["on"],
        }
    collected = heard(messages)
    discovery = found(collected)
    assert (discovery.topics, len(discovery.findings), discovery.count.share) == (800, 2, 1.0)
    assert len(readings_of(discovery, collected, tmp_path)) == 1000


def test_a_device_with_a_wrong_clock_is_read_by_arrival() -> None:
    """It is named, and the others keep their times."""
    rows = {
        device: [{"temp": 20.5, "time": (NOW // SECOND if device else 0) + 10 * n} for n in range(3)] for device in range(9)
    }
    discovery = found(heard({f"plant/esp{device}/data": payloads for device, payloads in rows.items()}))
    rules = {finding.proposal.rule.topic: finding for finding in discovery.findings}
    assert rules["plant/{device}/data"].proposal.rule.skip == ("plant/esp0/data",)
    assert rules["plant/{device}/data"].proposal.rule.time is None
    assert rules["plant/esp0/data"].proposal.rule.time == ""
    assert "set the clock of the device" in rules["plant/esp0/data"].proposal.notes[-1]
    assert (discovery.count.read, discovery.count.unread) == (27, 0)


def test_a_time_that_stands_still_is_not_that_of_the_readings() -> None:
    """A date beside the time of day, and when a device was installed: all readings would stand in one moment."""
    fixed = [{"temp": 20.5 + n, "date": iso(NOW)[:10], "time": f"14:0{n}:00"} for n in range(3)]
    installed = [{"temp": 20.5 + n, "created_at": iso(NOW - 86_400 * SECOND)} for n in range(3)]
    repeated = [{"temp": 20.5, "time": iso(NOW)} for _ in range(3)]
    daily: list[Payload] = [{"kwh": 5.5, "date": iso(NOW)[:10]}]
    discovery = found(heard({"a/x": fixed, "bb/y/v": installed, "ccc/z/v/w": repeated, "d/d/d/d/d": daily}))
    times = {finding.proposal.rule.topic: finding.proposal.rule.time for finding in discovery.findings}
    assert times == {"a/x": "", "bb/y/v": "", "ccc/z/v/w": None, "d/d/d/d/d": ""}


def test_numbers_that_are_texts_are_read(tmp_path: Path) -> None:
    """With a decimal comma or a unit, beside numbers, in a list, and one alone."""
    collected = heard(
        {
            "esp/kitchen": [{"temperature": "20.5", "rssi": -60, "fw": "1.40"}],
            "flow/room": [{"payload": {"t": "21,9", "h": "55,1"}}],
            "esp/attic": [{"temp": "22.5 °C", "hum": "56 %"}],
            "plc/x": [{"vars": [{"name": "a", "value": "3.5"}, {"name": "b", "value": "4.5"}]}],
            "one/x": [{"temp": "23.5"}],
        }
    )
    discovery = found(collected)
    readings = readings_of(discovery, collected, tmp_path)
    assert set(readings.values()) == {20.5, -60.0, 21.9, 55.1, 22.5, 56.0, 3.5, 4.5, 23.5}
    assert discovery.count == Count(read=9)


NUMBERS = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False))
LEAVES = st.one_of(NUMBERS, st.booleans(), st.none(), st.text(max_size=5), st.just("2026-09-21T14:00:00"))
KEYS = st.sampled_from(["a", "b.c", "time", "ts", "id", "name", "v", "Total", '"', "*", "é", ""])
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
PAYLOADS = st.one_of(DOCUMENTS.map(json.dumps).map(str.encode), st.binary(max_size=20), NUMBERS.map(str).map(str.encode))
TOPICS = st.lists(st.sampled_from(["a", "b1", "b2", "c", "{x}", "état", "power", "a.b"]), min_size=1, max_size=3).map("/".join)


@settings(max_examples=30)
@given(st.lists(st.tuples(TOPICS, PAYLOADS, st.booleans()), max_size=14))
def test_any_stream_gives_a_configuration_that_reads_what_it_says(messages: list[tuple[str, bytes, bool]]) -> None:
    """It is accepted, every rule reads something, and no series comes from two rules."""
    collected = Heard()
    for number, (topic, payload, retained) in enumerate(messages):
        collected.hear(topic, payload, NOW + number * SECOND, retained=retained)
    discovery = found(collected)
    if not discovery.findings:
        return
    with tempfile.TemporaryDirectory() as folder:
        readings = readings_of(discovery, collected, Path(folder))
    assert sum(finding.series for finding in discovery.findings) >= len(readings) > 0
    owners = [make_ingests([finding.proposal.rule], {}) for finding in discovery.findings]
    seen: dict[str, int] = {}
    for heard_topic in collected:
        for sample in heard_topic.samples:
            for number, ingests in enumerate(owners):
                for source, _, _ in read_message(ingests, heard_topic.name, sample.payload, sample.arrival).rows:
                    assert seen.setdefault(source.name, number) == number

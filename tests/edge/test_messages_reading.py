"""A message gives all its readings: several values, lists, names inside the payload, several rules.

The kind of fault: more than one value, or the sensor's name, in one payload. Cases of public reports stand below.
"""

import re
from typing import Any

import pytest

from edge.contract.columns import SeriesTable
from edge.contract.meaning import Meaning
from edge.contract.times import DAY
from edge.errors import ConfigurationError, PayloadError
from edge.messages.ingest import Source
from edge.messages.reading import Naming, make_ingests, meaning_of, read_message
from edge.messages.rule import IngestRule, ValueRule
from tests.support.ingests import NOON, ingest, left_out, tags, taken

ZIGBEE = '{"battery":97,"humidity":45.07,"temperature":21.58}'
PLC = (
    '{"timestamp":1780000000000,"values":[{"id":"PLC1.T1","v":63.5,"q":true,"t":1780000000000},'
    '{"id":"PLC1.T2","v":7,"q":true,"t":1780000001000}]}'
)
TASMOTA = (
    '{"Time":"2026-01-15T12:00:00","AM2301":{"Temperature":21.6,"Humidity":nan},"ENERGY":{"Total":1.5,"Power":7},"RSSI":-60}'
)


def test_two_rules_of_one_topic_take_their_parts() -> None:
    """A value that is in one message and not in the next is no error of the topic."""
    rules = [
        ingest("zigbee2mqtt/{device}", "{device}.temperature", value="temperature", time=""),
        ingest("zigbee2mqtt/{device}", "{device}.humidity", value="humidity", time=""),
    ]
    assert taken(rules, "zigbee2mqtt/Room One", ZIGBEE) == {"Room One.temperature": 21.58, "Room One.humidity": 45.07}
    assert taken(rules, "zigbee2mqtt/Room One", '{"humidity":45}') == {"Room One.humidity": 45.0}
    assert left_out(rules, "zigbee2mqtt/Room One", '{"humidity":45}') == []
    assert left_out(rules, "zigbee2mqtt/Room One", '{"battery":45}') == ["no_value", "no_value"]


def test_one_rule_takes_several_values_or_all() -> None:
    """By name, or every number; texts and nulls are no numbers."""
    named = ingest("zigbee2mqtt/{device}", values={"t": "temperature", "h": "humidity"}, time="")
    assert taken(named, "zigbee2mqtt/Hall", ZIGBEE) == {"Hall.t": 21.58, "Hall.h": 45.07}
    every = ingest("tele/{device}/SENSOR", value="*", time="Time")
    assert taken(every, "tele/plug/SENSOR", TASMOTA) == {
        "plug.AM2301.Temperature": 21.6,
        "plug.ENERGY.Total": 1.5,
        "plug.ENERGY.Power": 7.0,
        "plug.RSSI": -60.0,
    }
    assert left_out(every, "tele/plug/SENSOR", TASMOTA) == ["bad_value"]  # the bare nan


def test_entries_beside_a_star_say_more_of_their_values_and_names_can_be_changed() -> None:
    """Such a value is taken once; keys are renamed and dropped."""
    rule = ingest(
        "tele/{device}/SENSOR",
        value="*",
        values={"total": ValueRule("ENERGY.Total", kind="counter", unit="kWh"), "t": "*.Temperature"},
        rename={"ENERGY.Power": "power"},
        drop=("RSSI", "*.Humidity"),
        time="Time",
    )
    assert taken(rule, "tele/plug/SENSOR", TASMOTA) == {
        "plug.total": 1.5,
        "plug.AM2301.t": 21.6,
        "plug.AM2301.Temperature": 21.6,
        "plug.power": 7.0,
    }
    naming = Naming(SeriesTable(), [rule], 10)
    for name in ("plug.total", "plug.AM2301.t", "plug.power"):
        naming.index(name)
    assert naming.series.meanings == [Meaning("counter", 0, "kWh"), None, None]


def test_a_list_is_walked_and_its_elements_name_their_series() -> None:
    """Paths are looked up in the element first, then in the message."""
    rule = ingest("plc/{host}", "{host}.{$.id}", each="values", value="v", time="t")
    assert taken(rule, "plc/gw", PLC) == {"gw.PLC1.T1": 63.5, "gw.PLC1.T2": 7.0}
    times = [moment for _, moment, _ in read_message([rule], "plc/gw", PLC.encode(), NOON).rows]
    assert times == [1_780_000_000 * 10**9, 1_780_000_001 * 10**9]
    whole = ingest("plc/{host}", "{$.id}", each="values", value="v", time="timestamp")
    times = [moment for _, moment, _ in read_message([whole], "plc/gw", PLC.encode(), NOON).rows]
    assert times == [1_780_000_000 * 10**9] * 2


def test_a_list_as_the_whole_message_and_an_object_are_walked() -> None:
    """Without a name of their own elements are called by number or key."""
    assert taken(ingest("s/{x}", each="*", value="v", time=""), "s/a", '[{"v":1},{"v":2},{"w":3}]') == {"a.0": 1.0, "a.1": 2.0}
    assert taken(ingest("s/{x}", each="ch", value="", time=""), "s/a", '{"ch":{"t1":1,"t2":2}}') == {"a.t1": 1.0, "a.t2": 2.0}
    several = ingest("s/{x}", each="ch", values={"v": "v", "w": "w"}, time="")
    assert taken(several, "s/a", '{"ch":{"t1":{"v":1,"w":2}}}') == {"a.t1.v": 1.0, "a.t1.w": 2.0}


def test_sensors_of_one_topic_are_told_apart_by_their_payload() -> None:
    """Two sensors that a receiver hears are two series, with the tags that the rule names."""
    rule = ingest("rtl_433/{host}/events", "{host}.{$.model}.{$.id}", value="temperature_C", tags={"channel": "{$.channel}"})
    first = '{"time":"2026-04-22 21:28:12Z","model":"P","id":5,"channel":1,"temperature_C":15.1}'
    second = '{"time":"2026-04-22 21:28:12Z","model":"P","id":9,"temperature_C":-2.1}'
    assert taken(rule, "rtl_433/pi/events", first) == {"pi.P.5": 15.1}
    assert taken(rule, "rtl_433/pi/events", second) == {"pi.P.9": -2.1}
    assert tags(rule, "rtl_433/pi/events", first) == {"pi.P.5": {"host": "pi", "channel": "1"}}
    assert tags(rule, "rtl_433/pi/events", second) == {"pi.P.9": {"host": "pi"}}
    assert left_out(rule, "rtl_433/pi/events", '{"time":"2026-04-22 21:28:12Z","temperature_C":1}') == ["no_name"]


def test_what_names_or_dates_a_reading_is_no_reading() -> None:
    """A number that stands in `series`, `tags` or `time` is left out of `*`."""
    rule = ingest("a", "{$.id}.{key}", value="*", tags={"ch": "{$.channel}"}, time="ts")
    assert taken(rule, "a", '{"id":5,"channel":1,"ts":1768478400,"t":2}') == {"5.t": 2.0}


def test_topics_of_any_depth_are_taken() -> None:
    """The rest of the topic is one name, and topics that are named in `skip` are left alone."""
    rule = ingest("zigbee2mqtt/{device...}", value="*", time="", skip=("zigbee2mqtt/bridge/#", "zigbee2mqtt/+/availability"))
    assert taken(rule, "zigbee2mqtt/kitchen/sensor", '{"t":1}') == {"kitchen/sensor.t": 1.0}
    assert taken(rule, "zigbee2mqtt/hall", '{"t":1}') == {"hall.t": 1.0}
    assert left_out(rule, "zigbee2mqtt/bridge/info", '{"t":1}') == ["unwanted"]
    assert left_out(rule, "other", '{"t":1}') == ["unknown_topic"]


@pytest.mark.parametrize(
    "payload", ['{"id":"a\\u0000b","v":1}', '{"id":"\\ud800","v":nan,"v":1}', '{"id":"' + "x" * 2000 + '","v":1}']
)
def test_a_name_that_no_store_takes_is_no_name(payload: str) -> None:
    """A zero character, half of a pair, more than a thousand characters."""
    assert left_out(ingest("a", "{$.id}", value="v", time=""), "a", payload) == ["no_name"]


def test_a_name_that_no_store_takes_costs_its_own_value() -> None:
    """The other values of the message are taken."""
    rule = ingest("a", value="*", time="")
    payload = '{"a\\u0000":1,"b":2}'
    assert (taken(rule, "a", payload), left_out(rule, "a", payload)) == ({"a.b": 2.0}, ["no_name"])


@pytest.mark.parametrize(
    ("keys", "payload"),
    [
        ({}, "{"),
        ({"time": ""}, '{"value":[1]}'),
        ({"time": "", "format": "plain"}, "x"),
        ({"value": "*"}, '{"a":1,"time":"x"}'),
        ({"values": {"a": "a", "b": "b"}, "time": ""}, '{"a":1,"b":"x"}'),
        ({"value": "*", "time": ""}, '{"%s":1}' % ("k" * 1_024)),
        ({"value": "*", "time": ""}, '{"%s":1}' % ("k" * 1_025)),
        ({"value": "v", "each": "*", "series": "{$.n}", "time": ""}, '[{"v":1},{"v":2,"n":"a"}]'),
        ({"format": "senml"}, '[{"n":"a","v":"1"},{"n":"b","v":1}]'),
        ({"format": "line_protocol", "series": "{d}.{key}"}, "m v=x,w=1 1"),
    ],
)
def test_a_reason_that_is_kept_holds_nothing_of_the_message(keys: dict[str, Any], payload: str) -> None:
    """The frames that an error came through hold names, tags and documents; thousands of errors made gigabytes of them."""
    rule, other = ingest("s/{d}", **keys), ingest("s/{d}", "other.{d}", value="other", time="")
    for rules in ([rule], [rule, other], [rule, rule]):
        reasons = read_message(rules, "s/a", payload.encode(), NOON).reasons
        assert reasons
        assert {(reason.__traceback__, reason.__cause__, reason.__context__) for reason in reasons} == {(None, None, None)}


def test_local_times_are_those_of_the_rules_zone() -> None:
    """In the hour that comes twice the reading nearest to the arrival counts."""
    rule = ingest("a", time="Time", value="v", timezone="Europe/Berlin")
    for text, arrival, moment in (
        ("2026-01-15T13:00:00", NOON, NOON),
        ("2026-01-15T12:00:00Z", NOON, NOON),
        ("2026-10-25T02:30:00", 1_792_888_200 * 10**9, 1_792_888_200 * 10**9),
        ("2026-10-25T02:30:00", 1_792_891_800 * 10**9, 1_792_891_800 * 10**9),
    ):
        (row,) = read_message([rule], "a", f'{{"Time":"{text}","v":1}}'.encode(), arrival).rows
        assert row[1] == moment
    with pytest.raises(ConfigurationError, match="is no time zone"):
        ingest("a", timezone="Berlin/Europe")


def test_a_preset_gives_values_to_the_keys_that_are_left_out() -> None:
    """Own keys win, and a rule with an own value has no others."""
    presets = {
        "plug": (
            IngestRule("tele/{d}/SENSOR", value="*", time="Time", tags={"maker": "T"}),
            IngestRule("tele/{d}/STATE", value="*", time="Time"),
        )
    }
    both = make_ingests([IngestRule(preset="plug", timezone="UTC", tags={"site": "home"})], presets)
    assert [rule.filter for rule in both] == ["tele/+/SENSOR", "tele/+/STATE"]
    assert [sorted(rule.tags) for rule in both] == [["maker", "site"], ["site"]]
    (own,) = make_ingests([IngestRule("t/{d}", preset="plug", values={"t": "T"}, tags={"maker": "X"})], presets)[:1]
    assert taken(own, "t/a", '{"T":1,"U":2,"Time":1768478400}') == {"a.t": 1.0}
    with pytest.raises(ConfigurationError, match="expected one of plug; got 'x'"):
        make_ingests([IngestRule(preset="x")], presets)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        (IngestRule("z/{device}", value="t"), IngestRule("z/{device}", value="h"), True),
        (IngestRule("z/{device}", value="t"), IngestRule("z/{name}", value="h"), True),
        (IngestRule("z/{x}/{y}", "{x}.{y}"), IngestRule("z/{y}/{x}", "{x}.{y}"), False),
        (IngestRule("z/{device}", value="t"), IngestRule("z/{device}", "{device}.h", value="h"), False),
        (IngestRule("z/{d}", values={"t": "T"}), IngestRule("z/{d}", values={"h": "H"}), False),
        (IngestRule("z/{d}", values={"t": "T"}), IngestRule("z/{d}", values={"t": "U"}), True),
        (IngestRule("z/{d}", value="*"), IngestRule("z/{d}", value="*"), True),
        (IngestRule("z/{d}", value="*"), IngestRule("z/{d}", value="ENERGY.*"), False),
        (IngestRule("a/b", "boiler"), IngestRule("c/d", "boiler"), True),
        (IngestRule("a/{x}"), IngestRule("b/{x}"), False),
    ],
)
def test_rules_that_give_one_series_are_refused_where_that_can_be_seen(
    first: IngestRule, second: IngestRule, *, shared: bool
) -> None:
    """Else the second one would mix with the first in silence."""
    if shared:
        with pytest.raises(ConfigurationError, match="give the same series"):
            make_ingests([first, second])
    else:
        assert len(make_ingests([first, second])) == 2


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"values": {"t": "T", "h": "H"}}, "add {key}"),
        ({"value": "*"}, "add {key}"),
        ({"each": "list", "values": {"t": "T"}}, "add {key}"),
    ],
)
def test_one_name_for_several_values_of_a_message_is_refused(keys: dict[str, Any], words: str) -> None:
    """The message says what tells them apart."""
    with pytest.raises(ConfigurationError, match=words):
        ingest("a/{x}", "{x}", **keys)


def test_names_of_the_store_get_their_tags_and_their_meaning_back() -> None:
    """As far as the name tells them; so rows of the store and live readings are one series."""
    rule = ingest("t/{device}/{key1}", "{device}.{key1}.{key}", value="*", time="", tags={"site": "home"}, fill="hold")
    naming = Naming(SeriesTable(), [rule], 2)
    given = tags(rule, "t/plug/SENSOR", '{"ENERGY":{"Total":1}}')
    (name,) = given
    assert naming.index(name) == 0
    assert naming.series.meanings == [Meaning(hold=DAY)]
    assert naming.series.tags[0] == given[name] == {"device": "plug", "key1": "SENSOR", "site": "home"}
    assert (naming.index("strange"), naming.index("beyond")) == (1, -1)
    assert naming.series.tags[1] == {}


def brought(naming: Naming, topic: str, *names: str) -> tuple[int, list[str]]:
    """A message of readings of these series: how many there is room for, and why there is none for the others."""
    rule, reasons = ingest("x", value="*"), list[PayloadError]()
    rows = [(Source(name, {}, None, rule), NOON, 1.0) for name in names]
    kept, _ = naming.within_room(topic, rows, reasons)
    for source, _, _ in kept:
        if naming.series.get(source.name) is None:
            naming.add(source, topic)
    return len(kept), [str(reason) for reason in reasons]


def test_a_message_whose_series_do_not_all_find_room_brings_none() -> None:
    """Its readings of known series count, and so does a smaller message of the same topic, or one of another topic."""
    naming = Naming(SeriesTable(), [], 1000, few=100)
    assert brought(naming, "a", "known", *map(str, range(99))) == (100, [])
    kept, reasons = brought(naming, "a", "known", *(f"x{number}" for number in range(501)))
    assert (kept, len(reasons)) == (1, 501)
    assert reasons[0].startswith("501 new series, such as 'x0': one topic may not take the room of all others; raise [agent]")
    assert "max_series to 1202 if they are real" in reasons[0]
    assert brought(naming, "a", *(f"y{number}" for number in range(400))) == (400, [])
    assert brought(naming, "a", "z")[0] == 0, "500 places of 1000 are left for all other topics"
    given = [brought(naming, f"t{topic}", *(f"{topic}.{number}" for number in range(50))) for topic in [*range(10), 8, 9]]
    assert given == [(50, [])] * 8 + [(0, [])] * 2 + [(50, [])] * 2, "the last tenth is for series that come again"
    assert brought(naming, "other", "z") == (0, []), "it is stored without a slot"
    assert brought(naming, "a", "known", "y1") == (2, [])


def test_the_limit_that_a_refused_message_asks_for_is_enough() -> None:
    """Once it is set the message brings all of its series, and with one less it does not."""
    names = [str(number) for number in range(700)]
    _, (reason, *_) = brought(Naming(SeriesTable(), [], 1000, few=100), "a", *names)
    needed = int(re.findall(r"max_series to (\d+)", reason)[0])
    assert [brought(Naming(SeriesTable(), [], most, few=100), "a", *names)[0] for most in (needed - 1, needed)] == [0, 700]


@pytest.mark.parametrize(
    ("others", "line"),
    [
        ((), "series 'real.t' is stored without a forecast, as [agent] max_series = 2 gives no room for it; "),
        (("3", "4"), "readings of series 'real.t' are left out, as [agent] max_series = 2 gives no room for it; "),
    ],
)
def test_a_series_without_room_is_named_for_ten_minutes(others: tuple[str, ...], line: str) -> None:
    """It has no forecast, or its readings are acknowledged and nowhere: health must not call that well."""
    now = [0.0]
    naming = Naming(SeriesTable(), [], 2, moment=lambda: now[0])
    brought(naming, "a", "1", "2")
    assert naming.problem is None
    for name in (*others, "real.t"):
        brought(naming, name, name)
    assert naming.problem == line + "raise max_series if it is real, else leave it out with [[ingest]] skip or drop"
    now[0] = 601.0
    assert naming.problem is None


def test_a_series_that_was_left_out_once_and_is_stored_now_is_no_trouble_of_that_kind() -> None:
    """Its first reading came amid a flood of names; the line says what becomes of the next ones."""
    naming = Naming(SeriesTable(), [], 2)
    for name in ("1", "2", "made up", "real.t"):
        brought(naming, name, name)
    assert "readings of series 'real.t' are left out" in (naming.problem or "")
    brought(naming, "real.t", "real.t")
    assert "series 'real.t' is stored without a forecast" in (naming.problem or "")


def test_gateways_bring_hundreds_of_series_in_a_message_until_there_is_no_room() -> None:
    """Of any size up to the few that every topic may bring, and so does a broker with a retained message for each series."""
    naming = Naming(SeriesTable(), [], 2000)
    for gateway in range(4):
        assert brought(naming, f"g{gateway}", *(f"{gateway}.{number}" for number in range(450))) == (450, [])
    for number in range(200):
        assert 1 in (brought(naming, f"r{number}", f"r{number}")[0] for _ in range(2)), "of the last slots the second time"
    assert [brought(naming, "more", "more")[0] for _ in range(2)] == [0, 0]


def test_what_a_name_means_is_told_by_the_rule_that_names_its_value() -> None:
    """A rule that takes every number comes after those that name theirs, whatever their order is."""
    every, named = ingest("a/{x}", value="*", unit="?"), ingest("b/{x}", values={"t": "T"}, unit="K")
    assert meaning_of([every, named], "roof.t") == Meaning(unit="K")
    assert meaning_of([every, named], "roof.u") == Meaning(unit="?")
    assert meaning_of([named], "roof.u") is None


def test_an_agent_that_took_the_messages_knows_which_rule_it_was() -> None:
    """What it told decides among the rules that give the name; where none says the same the rules were changed since."""
    held = ingest("a/{device}", "{device}.{key}", value="*", fill="hold")
    gauge = ingest("b/{device}", "{device}.{key}", values={"t": ValueRule("t", unit="K")})
    name = "roof.t"
    assert meaning_of([held, gauge], name) == meaning_of([held, gauge], name, Meaning()) == Meaning(unit="K")
    assert meaning_of([held, gauge], name, Meaning(hold=DAY)) == Meaning(hold=DAY)
    assert meaning_of([held, gauge], name, Meaning("counter")) == Meaning(unit="K")
    assert meaning_of([gauge], name, Meaning(hold=DAY)) == Meaning(unit="K")
    assert meaning_of([], name, Meaning(hold=DAY)) is None


def test_a_name_tells_nothing_where_rules_disagree() -> None:
    """Two rules that take every number give such a name; an entry of that very name, or one voice, decides."""
    held = ingest("a/{device}", "{device}.{key}", value="*", fill="hold", unit="W")
    plain = ingest("b/{device}", "{device}.{key}", value="*")
    again = ingest("c/{device}", "{device}.{key}", value="*", fill="hold", unit="kW")
    named = ingest("d/{device}", "{device}.{key}", values={"total": ValueRule("t", kind="counter")})
    assert meaning_of([held, plain], "roof.power") is None
    assert meaning_of([held, again], "roof.power") == Meaning(hold=DAY)
    assert meaning_of([held, plain, named], "roof.total") == Meaning("counter")
    assert meaning_of([held], "roof.power") == Meaning(hold=DAY, unit="W")
    deeper = ingest("e/{device}/{part}", "{device}.{part}.{key}", value="*", fill="hold")
    assert meaning_of([deeper, plain], "roof.sensor.power") is None
    general = ingest("{device}/{metric}")
    special = ingest("energy/{device}", "{device}.energy", value="total", kind="counter")
    assert meaning_of([general, special], "roof.energy") == Meaning("counter")
    assert meaning_of([general, special], "roof.power") is None
    assert meaning_of([general, special], "roof") is None

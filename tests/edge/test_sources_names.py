"""Names of history are those of live readings, or the model does not know its series."""

from edge.contract.columns import Readings
from edge.messages.reading import make_ingests
from edge.messages.rule import IngestRule
from edge.sources.names import Live, as_live, comes_live, filled, final_name, matches, named_line, named_live
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from tests.support.ingests import ingest, taken

RULES = [ingest("sensors/{site}/{device}/{metric}")]


def test_a_template_takes_tags_of_any_name() -> None:
    """Also with dots and blanks; without a word of it there is no name."""
    assert filled("{my.tag}-{a b}.{field}", {"my.tag": "x", "a b": "y", "field": "v"}) == "x-y.v"
    assert filled("{host}.{field}", {"host": "", "field": "v"}) is None


def test_only_a_star_stands_for_other_characters() -> None:
    """Names of measurements have brackets and question marks."""
    assert matches("µg/m³ [1]", "µg* [1]")
    assert not matches("a1", "a[1]")
    assert not matches("cpu2", "cpu")


def test_names_are_dropped_and_renamed() -> None:
    """By the names in the database."""
    settings = HistorySource("sqlite:///a", rename={"sensor.living": "living.temperature"}, drop=("*_rssi",))
    assert final_name(settings, "sensor.living") == "living.temperature"
    assert final_name(settings, "sensor.other") == "sensor.other"
    assert final_name(settings, "sensor.a_rssi") is None


def test_a_topic_is_named_by_the_rules() -> None:
    """As its live readings are."""
    assert named_live(RULES, "sensors/hall/p1/temp", "value") == Live("hall.p1.temp")
    assert named_live(RULES, "sensors/hall/p1/temp", "battery") is None
    assert named_live(RULES, "other/hall", "value") is None


def test_a_field_is_found_at_its_path() -> None:
    """Whose levels the database joined; where a rule takes all values, the section says how, or a field is one level."""
    chosen = ingest("tele/{d}/SENSOR", values={"t": "AM2301.Temperature"})
    found = named_live([chosen], "tele/plug/SENSOR", "AM2301_Temperature")
    assert found is not None
    assert found.name == "plug.t"
    everything = [ingest("tele/{d}/SENSOR", value="*", rename={"soil_moisture": "soil"})]
    names = [named_live(everything, "tele/plug/SENSOR", "AM2301_Temperature", separator) for separator in (None, "_")]
    assert [live and live.name for live in names] == ["plug.AM2301_Temperature", "plug.AM2301.Temperature"]
    assert named_live(everything, "tele/plug/SENSOR", "soil_moisture") == Live("plug.soil")


def test_a_row_is_named_as_its_line_would_be() -> None:
    """Where a rule takes what Telegraf publishes in line protocol."""
    rules = [ingest("telegraf/#", format="line_protocol", scale=2.0)]
    live = named_line(rules, "cpu", {"host": "pi", "cpu": "cpu 0"}, "usage_idle")
    assert live is not None
    assert live.name in taken(rules, "telegraf/pi/cpu", "cpu,cpu=cpu\\ 0,host=pi usage_idle=1 1767225600000000000")
    assert live.number is not None
    assert named_line(RULES, "cpu", {}, "usage_idle") is None


def test_a_preset_says_what_numbers_of_a_name_mean() -> None:
    """A DS18B20 without a measurement sends 85, which counts as little in the history as live."""
    rules = make_ingests([IngestRule(preset="tasmota")])
    names = [named_live(rules, "tele/plug/SENSOR", field, "_") for field in ("ENERGY_Total", "DS18B20_Temperature")]
    assert [live and live.name for live in names] == list(
        taken(rules, "tele/plug/SENSOR", '{"ENERGY": {"Total": 1.5}, "DS18B20": {"Temperature": 21.5}}')
    )
    assert names[1] is not None
    assert not len(as_live(Readings.of([0], [1], [85.0]), {0: names[1]}, Notes()))


def test_elements_of_a_list_have_no_name_in_a_database() -> None:
    """Their place in the document is lost."""
    assert named_live([ingest("plc/{d}", "{d}.{$.id}", each="values", value="v")], "plc/a", "values_0_v") is None


def test_numbers_are_those_of_live_readings() -> None:
    """Scaled and bounded by the rule; what it does not take is left out with a line."""
    live = named_live([ingest("s/{d}", scale=0.1, ignore=[850])], "s/a", "value")
    assert live is not None
    notes = Notes()
    readings = as_live(Readings.of([0, 1, 1], [1, 2, 3], [215.0, 850.0, 225.0]), {1: live}, notes)
    assert readings.value.tolist() == [215.0, 22.5]
    assert notes.lines() == ["values that [[ingest]] does not take, left out: 1, such as a: 850 stands in [[ingest]] ignore"]


def test_what_can_come_live_is_told_by_the_form_of_the_name() -> None:
    """A name of another form never comes."""
    assert comes_live(RULES, "hall.p1.temp")
    assert not comes_live(RULES, "cpu")

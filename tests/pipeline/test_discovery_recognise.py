"""Presets are believed where topic or payload says enough (kind K9: what is taken for something else is misread in silence)."""

from edge.messages.rule import IngestRule, ValueRule
from pipeline.discovery.recognise import left_alone, recognise
from pipeline.samples.plans import Plan
from tests.support.heard_topics import heard

CHARGER = tuple(IngestRule(f"{{device}}/{key}", format="plain", scale=0.1) for key in ("amp", "temp", "volt", "pilot", "wh"))
RELAY = (IngestRule("{device}/status/{part}", value="*", values={"apower": ValueRule("apower", unit="W")}, time=""),)
BRIDGE = (IngestRule("bridge/{device}", value="*", time="", skip=("bridge/info",)),)
BRIDGE_TIMED = (IngestRule("bridge/{device}", value="*", time="time"),)
PRESETS = {"charger": CHARGER, "relay": RELAY, "bridge": BRIDGE, "bridge_timed": BRIDGE_TIMED}


def test_a_fixed_beginning_of_the_topic_is_enough() -> None:
    """If the rule reads something; the payload's own time is preferred."""
    live: dict[str, list[object]] = {
        "bridge/a": [{"t": 1}],
        "bridge/b": [{"t": 1, "time": "2026-09-21T14:00:00Z"}],
        "bridge/c": ["on"],
        "bridge/info": [{"v": 1}],
    }
    assert recognise(heard(live), PRESETS) == {"bridge/a": "bridge", "bridge/b": "bridge_timed"}


def test_general_topics_need_several_of_a_device() -> None:
    """One `temp` is anybody's, and would be scaled."""
    keys = ("amp", "temp", "volt", "pilot", "wh")
    live = {"oven/temp": ["215"], **{f"meter/{key}": ["7"] for key in keys[:4]}, **{f"car/{key}": ["7"] for key in keys}}
    assert recognise(heard(live), PRESETS) == {f"car/{key}": "charger" for key in keys}


def test_general_topics_of_json_need_a_value_that_is_known() -> None:
    """By its name in the preset."""
    live = {"a/status/switch": [{"apower": 5}], "b/status/pump": [{"rpm": 5}]}
    assert recognise(heard(live), PRESETS) == {"a/status/switch": "relay"}


def test_what_the_preset_of_a_device_skips_is_left_alone() -> None:
    """Also below another root; what another device publishes under such a name is not."""
    recognised = {"bridge/a": Plan("", preset="bridge"), "home/x/b": Plan("", preset="bridge", root="home/x")}
    topics = ["bridge/a", "bridge/info", "home/x/b", "home/x/info", "home/info", "other/info"]
    assert left_alone(topics, recognised, PRESETS) == {"bridge/info": "bridge", "home/x/info": "bridge"}

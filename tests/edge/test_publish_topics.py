"""Topics and identifiers: safe for any name, another one for each, and known again when they come back."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.rule import AlertRule
from edge.anomalies.rule import AnomalyRule
from edge.publish.settings import Publish
from edge.publish.topics import ANOMALY_OF, Plan, identifier, is_published, level

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("freezer.temperature", "freezer.temperature"),
        ("a/b", "a%2Fb"),
        ("a+b#c", "a%2Bb%23c"),
        ("a b", "a%20b"),
        ("100%", "100%25"),
        ("Küche", "K%C3%BCche"),
        ("温度", "%E6%B8%A9%E5%BA%A6"),
    ],
)
def test_a_name_is_one_level(name: str, topic: str) -> None:
    """As it would be one level of a URL."""
    assert level(name) == topic


@given(NAMES)
def test_a_name_can_be_read_back(name: str) -> None:
    """So no two series share a topic, and no broker refuses one."""
    assert unquote(level(name)) == name
    assert re.fullmatch(r"[A-Za-z0-9_.~%-]+", level(name))


@given(NAMES, NAMES)
def test_identifiers_are_those_of_their_names(one: str, other: str) -> None:
    """Home Assistant takes them, and another name has another one."""
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", identifier("agent", one))
    assert (identifier("agent", one) == identifier("agent", other)) == (one == other)
    assert identifier("agent", one) != identifier("other", one)


def test_an_identifier_stays() -> None:
    """What Home Assistant knows by it, it knows after an update of ours."""
    assert identifier("gatecast-agent", "freezer.temperature") == "gatecast_freezer_temperature_9bf0362d0519"


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("gatecast/agent/forecast/t", True),
        ("gatecast/agent/alert/warm/t", True),
        ("gatecast/agent/anomaly/t", True),
        ("gatecast/agent/status", True),
        ("gatecast/agent/temperature", False),
        ("gatecast/t", False),
        ("home/forecast/t", False),
        ("homeassistant/sensor/gatecast_t_next/state", True),
        ("homeassistant/binary_sensor/gatecast_t_warm/state", True),
        ("homeassistant/device/gatecast_t_0/config", True),
        ("homeassistant/sensor/kitchen_gatecast_t/state", False),
        ("sensors/freezer/t", False),
    ],
)
def test_forecasts_of_any_agent_are_known(topic: str, expected: bool) -> None:
    """With the usual settings, and what Home Assistant says of its entities of ours."""
    assert is_published(topic) is expected


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("home/x/forecast/t", True),
        ("home/x/status", True),
        ("home/x/t", False),
        ("home/x/status/battery", False),  # of a sensor that is called so: its readings count
        ("home/x/forecast/rain/tomorrow", False),
        ("home/x/alert/warm/t", True),
        ("home/x/alert/smoke", False),
        ("home/x/anomaly/t", True),
        ("home/xy/forecast/t", False),
        ("ha/device/gatecast_t_0/config", True),
        ("ha/device/kitchen/config", False),
    ],
)
def test_our_own_topics_are_known(topic: str, expected: bool) -> None:
    """Whatever the settings are; without the section those are that any agent may have."""
    assert Plan.of(Publish(topic="home/x", discovery="ha"), "agent").is_ours(topic) is expected
    assert Plan.of(None, "agent").is_ours(topic) is is_published(topic)


def test_a_plan_knows_all_that_the_broker_keeps() -> None:
    """Status, device of the agent, and of each wanted series forecast, alerts and devices."""
    settings, rules = Publish(topic="p", series=("a*",), home_assistant=True), [AlertRule(name="warm", series="a", above=1.0)]
    topics = Plan.of(settings, "agent").topics
    kept = {"p/status", topics.device(), "p/forecast/a", topics.device("a"), "p/forecast/ab", topics.device("ab")}
    assert Plan.of(settings, "agent", rules).kept_of(["a", "ab", "b"]) == kept | {"p/alert/warm/a", topics.device("warm", "a")}
    quiet = Publish(topic="p", retain=False)
    assert Plan.of(quiet, "agent").kept_of(["a"]) == {"p/status"}
    assert Plan.of(None, "agent", rules).kept_of(["a"]) == set()


def test_anomalies_are_kept_of_series_that_are_watched() -> None:
    """Of none while `[anomaly]` is off; a rule of any name has another device."""
    settings, rules = Publish(topic="p", home_assistant=True), [AlertRule(name="anomaly", above=1.0)]
    topics = Plan.of(settings, "agent").topics
    without = Plan.of(settings, "agent", rules)
    plan = Plan.of(settings, "agent", rules, anomaly=AnomalyRule("100d", "a*"))
    device = topics.device(*ANOMALY_OF, "a")
    assert plan.kept_of(["a", "b"]) - without.kept_of(["a", "b"]) == {"p/anomaly/a", device}
    assert plan.publishes_anomaly("a")
    assert not plan.publishes_anomaly("b")
    assert not Plan.of(Publish(series=("b",)), "agent", anomaly=AnomalyRule("100d")).publishes_anomaly("a")


def test_the_client_id_is_one_level() -> None:
    """Whatever is in it."""
    assert Plan.of(Publish(), "line/1").topics.status == "gatecast/line%2F1/status"


def test_forecasts_of_another_agent_are_read_where_they_are_named() -> None:
    """As an input, such as its forecast of the next hour; a filter that takes all does not mean them."""
    filters = ["#", "gatecast/roof/forecast/+"]
    plan = Plan.of(Publish(topic="gatecast/cellar"), "cellar", (), filters)
    assert not plan.is_ours("gatecast/roof/forecast/sun")
    assert plan.is_ours("gatecast/barn/forecast/sun")
    assert Plan.of(Publish(topic="gatecast/roof"), "roof", (), filters).is_ours("gatecast/roof/forecast/sun")


def test_an_alert_is_published_of_a_rule_that_takes_the_series() -> None:
    """Not of another rule, of a series that it does not take, or of one that is not published."""
    rules = [AlertRule(name="warm", series="*.t", above=1.0), AlertRule(name="cold", series="a.*", below=1.0)]
    plan = Plan.of(Publish(series=("a.*",), discovery="ha"), "gw", rules)
    published = {(rule, series) for rule in ("warm", "cold", "gone") for series in ("a.t", "a.u", "b.t")}
    published = {pair for pair in published if plan.publishes_alert(*pair)}
    assert published == {("warm", "a.t"), ("cold", "a.t"), ("cold", "a.u")}
    assert plan.topics.birth == "ha/status"

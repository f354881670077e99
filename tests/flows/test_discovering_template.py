"""The configuration that is written is the template with other rules."""

from pathlib import Path

import pytest

from edge.config.reading import read_config
from edge.errors import HistoryError
from flows.commands.init import TEMPLATE
from flows.discovering.template import with_rules
from pipeline.discovery.finder import discover
from pipeline.samples.heard import Heard
from tests.support.heard_topics import heard


def test_broker_and_rules_are_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    """Also where names hold signs of regular expressions."""
    discovery = discover(heard({"s/a\\1/t": ["1"], "s/b/t": ["2"], "x/y": [{"a\\g<0>": 1}]}), 60, lambda _: None, {})
    path = tmp_path / "gatecast.toml"
    path.write_text(with_rules(TEMPLATE.read_text("utf-8"), discovery, "mqtt://house"), encoding="utf-8")
    config = read_config(path)
    assert config.mqtt.url == "mqtt://house"
    assert {rule.topic for rule in config.ingest} == {"s/{device}/t", "x/y"}
    path.write_text(TEMPLATE.read_text("utf-8"))
    assert read_config(path).train == config.train


def test_without_a_rule_nothing_is_written() -> None:
    """It says what to do instead."""
    with pytest.raises(HistoryError, match="--seconds"):
        with_rules("", discover(Heard(), 60, lambda _: None, {}), "mqtt://house")

"""The table of the flows that `gatecast serve` runs."""

import importlib
import inspect
from pathlib import Path

import pytest

pytest.importorskip("prefect")

import msgspec

from edge.config.sections import Config
from edge.config.training_sections import Schedule
from edge.cron import check_cron
from flows.serving.served import served

pytestmark = pytest.mark.training


def test_every_flow_can_be_started_by_its_parameters(tmp_path: Path) -> None:
    """It is found by its module and name, as the process of a run finds it, takes the parameters, and has a name of its own."""
    flows = served(Config())
    for flow in flows:
        assert getattr(importlib.import_module(flow.flow.fn.__module__), flow.flow.fn.__name__) is flow.flow
        parameters = flow.parameters(tmp_path / "gatecast.toml", "drift")
        assert parameters["cause"] == "drift"
        assert parameters.keys() <= inspect.signature(flow.flow.fn).parameters.keys()
        check_cron(flow.cron)
        assert flow.seconds > 0
    assert len({flow.name for flow in flows}) == len(flows)


def test_the_schedule_of_the_configuration_is_that_of_retrain() -> None:
    """Also that it is switched off."""
    config = msgspec.structs.replace(Config(), schedule=Schedule(cron="5 * * * *", active=False, timeout="1h"))
    (retrain,) = [flow for flow in served(config) if flow.name == "retrain"]
    assert (retrain.cron, retrain.active, retrain.seconds) == ("5 * * * *", False, 3600.0)

"""`gatecast models`: the bundles in the registry."""

import json
from pathlib import Path

import pytest

from pipeline.release.registry import Registry
from tests.support.agent_process import baseline_bundle
from tests.support.commands import call, write_fleet


def test_an_empty_registry_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command that makes a bundle, and an empty list as JSON."""
    config = write_fleet(tmp_path)
    assert "gatecast retrain" in call(capsys, "models", "--config", config)[1]
    assert json.loads(call(capsys, "models", "--config", config, "--json")[1]) == []


@pytest.mark.training
def test_bundles_are_listed_with_the_live_one_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A channel that names nothing marks nothing; `--channel` looks at another one."""
    config, bundle = write_fleet(tmp_path), baseline_bundle()
    registry = Registry(tmp_path / "registry")
    registry.add(bundle)
    registry.promote(bundle.manifest.version, "north")
    listed = {
        channel: json.loads(call(capsys, "models", "--config", config, "--channel", channel, "--json")[1])
        for channel in ("live", "north")
    }
    assert {channel: [row["live"] for row in rows] for channel, rows in listed.items()} == {"live": [False], "north": [True]}
    assert listed["north"][0]["version"] == bundle.manifest.version

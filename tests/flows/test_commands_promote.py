"""`gatecast promote`: a channel names another version, or the same one anew."""

from pathlib import Path

import pytest

from edge.contract.times import SECOND
from edge.forecaster.baselines import BASELINES
from pipeline.release.registry import Registry
from tests.support.agent_process import baseline_bundle
from tests.support.commands import call, write_fleet


def test_promoting_what_is_live_says_that_it_is_named_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first time agents take it, the second time those try it again that refused it; the document is another one."""
    config, registry = write_fleet(tmp_path), Registry(tmp_path / "registry")
    version = baseline_bundle().manifest.version
    registry.add(baseline_bundle())
    first = call(capsys, "promote", version, "--config", config)[1]
    before = registry.channel()
    second = call(capsys, "promote", version, "--config", config)[1]
    after = registry.channel()
    assert first == f"channel live names {version}; agents take it at their next look\n"
    assert second == f"channel live named {version} already and names it anew: agents that refused it try it again\n"
    assert before is not None
    assert after is not None
    assert (after.changed > before.changed, after.history) == (True, [])


def test_a_version_that_is_not_in_the_registry_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line; the channel names nothing afterwards."""
    code, out, error = call(capsys, "promote", "20260101T000000Z-gru-00000000", "--config", write_fleet(tmp_path))
    assert (code, out, len(error.splitlines())) == (2, "", 1)
    assert "20260101T000000Z-gru-00000000" in error
    assert Registry(tmp_path / "registry").channel() is None


def test_a_baseline_is_promoted_before_there_is_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Devices get the contract of the configuration; the bundle knows no series."""
    config, registry = write_fleet(tmp_path), Registry(tmp_path / "registry")
    config.write_text(config.read_text("utf-8") + '\n[fleet]\ninterval = "1min"\nwindow = 60\nhorizon = 30\n', "utf-8")
    code, out, _ = call(capsys, "promote", "last_value", "--config", config)
    bundle = registry.live()
    assert bundle is not None
    assert (code, out) == (0, f"channel live names {bundle.manifest.version}; agents take it at their next look\n")
    assert (bundle.manifest.baseline, bundle.manifest.series) == ("last_value", [])
    contract = bundle.manifest.contract
    assert (contract.interval, contract.window, contract.horizon) == (60 * SECOND, 60, 30)


def test_a_baseline_without_an_interval_needs_readings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says what to do, which is one line of the configuration too; nothing is promoted."""
    code, _, error = call(capsys, "promote", "last_value", "--config", write_fleet(tmp_path))
    assert (code, len(error.splitlines())) == (1, 1)
    assert "a baseline needs an interval, and none follows from the store: the store holds no readings" in error
    assert 'write [fleet] interval = "15min"' in error
    assert Registry(tmp_path / "registry").channel() is None


def test_the_help_lists_every_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    """Without loading what forecasts."""
    with pytest.raises(SystemExit):
        call(capsys, "promote", "--help")
    listed = capsys.readouterr().out.replace(",", " ").split()
    assert set(BASELINES) <= set(listed)


def test_without_a_version_the_line_says_where_they_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And names a baseline, for who has no model yet."""
    code, _, error = call(capsys, "promote", "--config", write_fleet(tmp_path))
    assert (code, len(error.splitlines())) == (2, 1)
    assert "gatecast models" in error
    assert "gatecast promote last_value" in error

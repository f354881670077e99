"""`gatecast rollback`: a channel names the version that it named before."""

import json
from pathlib import Path

import pytest

from pipeline.release.registry import Registry
from tests.support.commands import call, write_fleet
from tests.support.tiny import bundle_of

pytestmark = pytest.mark.training


def test_the_version_before_is_named_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON the channel and its version; the next rollback has nothing left to go back to."""
    config, registry = write_fleet(tmp_path), Registry(tmp_path / "registry")
    first, second = bundle_of(b"first"), bundle_of(b"second")
    for bundle in (first, second):
        registry.add(bundle)
        registry.promote(bundle.manifest.version, "live")
    code, out, _ = call(capsys, "rollback", "--config", config, "--json")
    assert code == 0
    assert json.loads(out) == {"channel": "live", "version": first.manifest.version}
    assert call(capsys, "rollback", "--config", config)[0] == 2


def test_a_channel_that_names_nothing_cannot_go_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line."""
    code, out, error = call(capsys, "rollback", "--config", write_fleet(tmp_path))
    assert (code, out, len(error.splitlines())) == (2, "", 1)

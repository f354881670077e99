"""`gatecast history`: the series of the store and of `[[history]]`."""

import json
from pathlib import Path

import pytest

from tests.support.commands import call, write_fleet
from tests.support.home_assistant import Recorder
from tests.support.sources import START


def test_sources_are_listed_and_one_that_cannot_be_read_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As text and as JSON; the exit code tells a script."""
    recorder = Recorder(tmp_path / "ha.db")
    recorder.means("sensor.a", [(START + 3600 * k, k % 24) for k in range(40)])
    config = write_fleet(tmp_path)
    text = config.read_text()
    config.write_text(f'{text}[[history]]\nurl = "sqlite:///{recorder.path}"\n')
    code, out, _ = call(capsys, "history", "--config", config)
    assert (code, "40 readings of 1 series" in out) == (0, True)
    config.write_text(f'{text}[[history]]\nurl = "sqlite:///{tmp_path}/no.db"\n')
    code, out, _ = call(capsys, "history", "--config", config, "--json")
    assert (code, "does not exist" in json.loads(out)["sources"][1]["fault"]) == (1, True)


def test_import_copies_the_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of a file; one of the two has to be named."""
    recorder = Recorder(tmp_path / "ha.db")
    recorder.means("sensor.a", [(START + 3600 * k, k % 24) for k in range(40)])
    config = write_fleet(tmp_path)
    config.write_text(f'{config.read_text()}[[history]]\nurl = "sqlite:///{recorder.path}"\n')
    code, out, _ = call(capsys, "import", "--history", "--config", config, "--json")
    assert (code, json.loads(out)["written"]) == (0, 40)
    for wrong, words in (((), "name a FILE, or --history"), (("--history", "--dry-run"), "--dry-run goes with a FILE")):
        code, _, errors = call(capsys, "import", *wrong, "--config", config)
        assert (code, words in errors) == (2, True)

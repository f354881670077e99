"""`gatecast init`: the template says what the code does."""

import re
from pathlib import Path

import pytest

from edge.config.reading import read_config
from edge.config.sections import Config
from flows.commands.init import TEMPLATE
from pipeline.release.registry import Registry
from tests.support.commands import call


def test_init_writes_every_setting_with_its_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The template is the defaults, but for a release channel in the registry beside it; no setting is missing."""
    path = tmp_path / "gatecast.toml"
    assert call(capsys, "init", "--config", str(path))[0] == 0
    config, default = read_config(path), Config()
    assert [name for name in Config.__struct_fields__ if getattr(config, name) != getattr(default, name)] == ["release"]
    written = set(re.findall(r"^(?:# )?(\w+) = ", path.read_text(), re.MULTILINE))
    sections = [
        getattr(default, name)
        for name in Config.__struct_fields__
        if name not in ("ingest", "history", "input", "alert", "publish")
    ] + list(default.ingest)
    settings = {field for section in sections for field in section.__struct_fields__}
    named = re.search(r"^# Further keys.*?\n(?!#)", path.read_text(), re.MULTILINE | re.DOTALL)
    assert named is not None
    assert settings - written - set(re.findall(r"\w+", named[0])) == set()
    assert call(capsys, "init", "--config", str(path))[0] == 2


@pytest.mark.training
def test_init_releases_a_starter_where_it_is_asked_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has the starter's interval, and its channel names a bundle that says what it is."""
    monkeypatch.chdir(tmp_path)
    path = Path("gatecast.toml")
    code, said, _ = call(capsys, "init", "--starter", "15min")
    assert said.endswith(", then gatecast-agent run\n")
    assert code == 0
    bundle = Registry(Path(read_config(path).registry.path)).live()
    assert bundle is not None
    assert (read_config(path).fleet.interval, bundle.manifest.contract.interval) == ("15min", 15 * 60 * 10**9)
    assert f"released {bundle.manifest.version};" in said
    assert bundle.manifest.version.split("-")[1] == "starter"


@pytest.mark.parametrize("interval", ["7min", "soon"])
def test_an_interval_without_a_starter_writes_nothing(
    interval: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what to do; the folder stays empty."""
    code, _, said = call(capsys, "init", "--config", str(tmp_path / "gatecast.toml"), "--starter", interval)
    assert (code, said.count("\n"), list(tmp_path.iterdir())) == (2, 1, [])


def test_every_example_of_the_template_can_be_used(tmp_path: Path) -> None:
    """A key that is left out is shown with a value that would be accepted."""
    template = TEMPLATE.read_text("utf-8")
    examples = re.findall(r"^# (\w+) = ", template, re.MULTILINE)
    rule = ["series", "format", "value", "time", "time_unit", "timezone", "unit", "kind", "fill", "hold"]
    place, files = ["time_zone", "holidays"], ["ca_file", "cert_file", "key_file"]
    others = ["keep", "token_file", "refresh", "password_file", "interval", "horizon", "window", *place, "units", "segment"]
    assert examples == ["share", "allow_unencrypted", *rule, *others, *files, "timeout", "name"]
    path = tmp_path / "gatecast.toml"
    shown = re.sub(r"^# (?=\w+ = )(?!ca_file|cert_file|key_file)", "", template, flags=re.MULTILINE)  # these need files
    path.write_text(shown, encoding="utf-8")
    config = read_config(path)
    assert (config.fleet.interval, config.fleet.horizon, config.fleet.window) == ("15min", 96, 672)
    assert (config.fleet.time_zone, config.fleet.holidays) == ("Europe/Berlin", "DE-BW")
    assert (config.train.units, config.train.segment, config.schedule.name) == (64, 24, "mill-3")

"""Options that several commands share."""

import argparse
from pathlib import Path

import pytest

from edge.config.sections import Config, StoreSection
from edge.config.training_sections import RegistrySection, Schedule
from edge.contract.times import SECOND
from edge.errors import ConfigurationError, HistoryError, StoreBusy
from flows.cli import run
from flows.options import add_command, check_data, check_written, history, moment

START = 1_704_067_200  # 2024-01-01, in seconds


def test_a_command_without_a_description_is_described_by_its_half_line() -> None:
    """It begins with a capital and ends with a full stop, and nothing is said of how it ends."""
    commands = argparse.ArgumentParser().add_subparsers()
    parser = add_command(commands, "fly", lambda _: 0, "let a gatecast.toml fly")
    assert (parser.description, parser.get_default("grace")) == ("Let a gatecast.toml fly.", None)


@pytest.mark.parametrize(("command", "default"), [("serve", Schedule().cron), ("promote", RegistrySection().channel)])
def test_help_names_the_default_of_the_configuration(
    command: str, default: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--help` loads no configuration, so its defaults are compared here."""
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        run([command, "--help"])
    assert default in capsys.readouterr().out


def test_a_file_to_write_needs_a_folder_and_a_name_that_is_free(tmp_path: Path) -> None:
    """What is not given is not checked."""
    check_written("--json", None)
    check_written("--json", tmp_path / "new.json")
    with pytest.raises(ConfigurationError, match=r"--json .*: there is no such folder"):
        check_written("--json", tmp_path / "missing" / "new.json")
    with pytest.raises(ConfigurationError, match="that is a folder; name a file"):
        check_written("--json", tmp_path)


def test_history_to_read_has_to_be_there(tmp_path: Path) -> None:
    """A folder is no history."""
    check_data(None)
    with pytest.raises(ConfigurationError, match=r"--data .*: there is no such file"):
        check_data(tmp_path)


def test_a_moment_is_read_as_everywhere() -> None:
    """ISO 8601, without a zone UTC; what cannot be read names the option."""
    assert moment("--until", None) is None
    assert moment("--until", "2024-01-01T00:00:02") == 1_704_067_202 * SECOND
    with pytest.raises(ConfigurationError, match=r"^--until: "):
        moment("--until", "yesterday")


def test_a_store_that_is_away_names_the_setting_to_check(tmp_path: Path) -> None:
    """Exit code 1: it may be back later."""
    config = Config(store=StoreSection("influxdb://127.0.0.1:1/bucket"))
    with pytest.raises(StoreBusy, match=r"\[store\] url") as caught:
        history(None, config, config.fleet, tmp_path)
    assert caught.value.code == 1


def test_history_of_a_file_ends_where_it_is_told_to(tmp_path: Path) -> None:
    """The moment itself is left out; an end before the first reading is refused."""
    path = tmp_path / "data.csv"
    rows = [f"{START + 3600 * hour},{hour % 7}" for hour in range(24 * 20)]
    path.write_text("\n".join(["time,a", *rows]))
    config = Config()
    stop = (START + 15 * 24 * 3600) * SECOND
    prepared = history(path, config, config.fleet, tmp_path, stop)
    assert prepared.table.start + prepared.table.values.shape[1] * prepared.table.interval == stop
    with pytest.raises(HistoryError, match="has no readings before 2024-01-01T00:00:00Z; choose a later end"):
        history(path, config, config.fleet, tmp_path, START * SECOND)


@pytest.mark.parametrize("command", [["retrain"], ["models"], ["history"], ["backtest"], ["store", "check"]], ids=" ".join)
def test_a_misspelt_country_is_refused_wherever_a_trainer_reads_it(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name, before anything is read or started."""
    pytest.importorskip("holidays")
    config = tmp_path / "gatecast.toml"
    config.write_text('[fleet]\nholidays = "Germny"\n', encoding="utf-8")
    assert run([*command, "--config", str(config)]) == 2
    assert "nothing is known of 'Germny'; did you mean 'Germany'?" in capsys.readouterr().err

"""`gatecast retrain`: wrong use; the work itself is tested with its flow."""

import sys
from pathlib import Path

import pytest

from flows.cli import run
from tests.support.commands import call


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_a_number_of_trials_that_is_none_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--tune takes a whole number; anything else ends with exit code 2 and says so."""
    with pytest.raises(SystemExit) as stopped:
        run(["retrain", f"--tune={number}"])
    assert stopped.value.code == 2
    assert f"expected a number of trials such as 20; got '{number}'" in capsys.readouterr().err


def test_a_cluster_without_dask_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line and exit code 2, before a server starts or history is read."""
    config = tmp_path / "gatecast.toml"
    config.write_text('[train]\nrunner = "dask"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "flows.running.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, errors = call(capsys, "retrain", "--config", str(config))
    assert code == 2
    assert errors.splitlines()[-1] == (
        "gatecast: distributed is not installed, and gatecast retrain needs it; "
        "in a clone of the repository: pip install '.[dask]'"
    )


@pytest.mark.training
def test_tuning_without_optuna_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear line and exit code 2, before a server starts or history is read."""
    config = tmp_path / "gatecast.toml"
    assert call(capsys, "init", "--config", str(config))[0] == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, errors = call(capsys, "retrain", "--config", str(config), "--tune", "2")
    assert code == 2
    assert errors.splitlines()[-1] == "gatecast: optuna is not installed; in a clone of the repository: pip install '.[tune]'"
    assert not (tmp_path / "registry").exists()

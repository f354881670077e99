"""`gatecast backtest` as a user meets it: figures that are the gate's, tables of 80 columns, data and plots."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge.config.training_sections import Train
from edge.contract.columns import Float64
from edge.contract.contract import Contract
from flows.cli import run
from pipeline.release.decision import decide
from pipeline.release.registry import Registry
from tests.pipeline.test_release_decision import candidate
from tests.support import commands, tiny

HOUR = tiny.CONTRACT.interval
START = 1_704_067_200  # 2024-01-01, in seconds
FIGURES = {"mae", "rmse", "mase", "wql", "coverage", "width"}


def write_csv(path: Path, values: Float64, names: Sequence[str] = tuple(tiny.SERIES)) -> None:
    """One column per series; what is missing is empty."""
    rows = [",".join(["time", *names])]
    for column, cells in enumerate(values.T.tolist()):
        moment = datetime.fromtimestamp(START + column * 3600, UTC).isoformat()
        rows.append(",".join([moment, *("" if np.isnan(cell) else repr(cell) for cell in cells)]))
    path.write_text("\n".join(rows), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet with history in a file; the command runs in its folder."""
    write_csv(tmp_path / "data.csv", tiny.sines())
    (tmp_path / "gatecast.toml").write_text(
        f'[store]\nurl = "sqlite:///{tmp_path / "store.db"}"\n[fleet]\nwindow = 21\nhorizon = 7\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a backtest."""
    return commands.call(capsys, "backtest", *arguments)


def test_help_fits_a_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """24 lines of 80 columns that name every default."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        run(["backtest", "--help"])
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) <= 24
    assert max(map(len, shown)) <= 80


@pytest.mark.training
@pytest.mark.slow
def test_a_bundle_has_the_figures_of_its_manifest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the gate wrote down, the command measures again: error by lead, coverage, loss; of the bundle and the baselines."""
    prepared = tiny.history()
    bundle = decide(prepared, [candidate(prepared)], None, Train()).candidate
    path = Registry(folder / "registry").add(bundle)
    for named in (bundle.manifest.version, str(path)):
        assert call(capsys, "--bundle", named, "--data", "data.csv", "--json", "found.json")[0] == 0
        found = {one["name"]: one for one in json.loads((folder / "found.json").read_text())["forecasters"]}
        assert set(found) == {metric.forecaster for metric in bundle.manifest.metrics} | {"ridge"}
        for metric in bundle.manifest.metrics:
            assert found[metric.forecaster]["by_lead"]["mae"] == pytest.approx(metric.absolute_error)
            assert found[metric.forecaster]["mean"]["wql"] == (metric.pinball and pytest.approx(metric.pinball))
        own = found[bundle.manifest.version]
        banded = [one for name, one in own["by_series"].items() if name not in bundle.manifest.baselines]
        assert all(own["by_series"][name]["coverage"] is None for name in bundle.manifest.baselines)
        facts = sum(one["facts"] for one in banded)
        covered = sum(one["facts"] * one["coverage"] for one in banded)
        assert bundle.manifest.metrics[0].coverage == (pytest.approx(covered / facts) if facts else None)


def test_everything_is_in_the_document_and_on_the_screen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a bundle the ridge and the baselines are measured; every figure per series and lead, three plots, 80 columns."""
    code, out, error = call(capsys, "--data", "data.csv", "--stride", "2", "--json", "all.json", "--out", "plots")
    assert code == 0
    assert "channel live names nothing" in error
    assert max(map(len, [line for line in out.splitlines() if not line.startswith(("plot", "note"))])) <= 80
    lines = out.splitlines()
    heads = [
        lines[number - 1] for number, line in enumerate(lines) if line.split()[:1] in (["forecaster"], ["MAE"], ["series"])
    ]
    unit, own = "standard deviations of each series", "each series' own unit"
    assert [head.count(unit) - head.count(own) for head in heads] == [1, 1, -1]
    found = json.loads((folder / "all.json").read_text())
    assert set(found) == {
        "from", "to", "interval", "window", "horizon", "quantiles", "stride", "season", "series", "forecasters", "notes",
    }  # fmt: skip
    assert (found["interval"], found["window"], found["horizon"], found["stride"]) == ("1h", 21, 7, 2)
    assert [one["name"] for one in found["forecasters"]] == ["ridge", "last_value"]
    assert [one["kind"] for one in found["forecasters"]] == ["peer", "baseline"]
    ridge, last = found["forecasters"]
    assert set(ridge) == {"name", "kind", "facts", "unanswered", "mean", "pooled", "by_lead", "by_series"}
    assert set(ridge["by_series"]) == set(found["series"]) == set(tiny.SERIES)
    assert set(ridge["mean"]) == set(ridge["by_lead"]) == set(ridge["by_series"]["roof"]["by_lead"]) == FIGURES
    assert {len(ridge["by_series"]["roof"]["by_lead"][name]) for name in FIGURES} == {7}
    assert ridge["mean"]["mae"] < last["mean"]["mae"]
    assert last["mean"]["coverage"] is None
    assert ridge["facts"] == last["facts"]
    for name in ("error_by_lead", "coverage_by_lead", "worst_and_best_day"):
        assert (folder / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_store_is_the_history_without_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same readings from the store give the same document."""
    assert run(["import", "data.csv"]) == 0
    assert call(capsys, "--json", "store.json")[0] == 0
    assert call(capsys, "--data", "data.csv", "--json", "file.json")[0] == 0
    assert (folder / "store.json").read_text() == (folder / "file.json").read_text()


def test_from_and_to_choose_the_facts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Facts lie between the two, and what comes after them does not matter."""
    span = ("--from", "2024-01-06T00:00:00Z", "--to", "2024-01-08T00:00:00Z")
    assert call(capsys, "--data", "data.csv", *span, "--json", "a.json")[0] == 0
    found = json.loads((folder / "a.json").read_text())
    assert (found["from"], found["to"]) == ("2024-01-06T00:00:00Z", "2024-01-08T00:00:00Z")
    values = tiny.sines()
    values[:, 7 * 24 :] = 1e6
    write_csv(folder / "later.csv", values)
    assert call(capsys, "--data", "later.csv", *span, "--json", "b.json")[0] == 0
    assert json.loads((folder / "b.json").read_text()) == found


def test_a_glitch_counts_for_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As in the verdict: one reading of four billion in the held-out part leaves the figures of all others as they are."""
    span = ("--from", "2024-01-08T00:00:00Z", "--to", "2024-01-09T00:00:00Z")
    assert call(capsys, "--data", "data.csv", *span, "--json", "a.json")[0] == 0
    values = tiny.sines()
    values[0, 7 * 24 + 23] = 2**32 - 1  # the last fact: in the window of none
    write_csv(folder / "glitch.csv", values)
    assert call(capsys, "--data", "glitch.csv", *span, "--json", "b.json")[0] == 0
    plain, found = (json.loads((folder / name).read_text()) for name in ("a.json", "b.json"))
    assert (
        found["notes"][-1]
        == "1 fact does not count, as every forecast misses it by more than 10 times the spread in training, on cellar"
    )
    for one, other in zip(plain["forecasters"], found["forecasters"], strict=True):
        assert one["facts"] == other["facts"] + 1
        assert other["mean"]["rmse"] == pytest.approx(one["mean"]["rmse"], rel=0.2)


def test_a_file_needs_no_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The defaults hold: a week to look back on, for which these 200 hours are too few."""
    (folder / "gatecast.toml").unlink()
    code, _, error = call(capsys, "--data", "data.csv")
    assert (code, "a window, a horizon, and two parts to judge on" in error) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--stride", "0"], 2, "--stride must be at least 1"),
        (["--from", "yesterday"], 2, "--from"),
        (["--json", "nowhere/x.json"], 2, "no such folder"),
        (["--json", "."], 2, "--json .: that is a folder"),
        (["--from", "2024-01-05", "--to", "2024-01-05"], 2, "--from before --to"),
        (["--to", "2012-01-01", "--data", "data.csv"], 1, "no readings before 2012-01-01"),
        (["--out", "data.csv"], 2, "--out data.csv"),
        (["--bundle", "20260101T000000Z-gru-00000000"], 2, "the registry is empty"),
        (["--bundle", "./none"], 1, "cannot read none/manifest.json"),
        (["--data", "none.csv"], 2, "no such file"),
        (["--from", "2024-01-01T05:00:00Z", "--data", "data.csv"], 1, "leaves no window to train on"),
        (["--config", "none.toml"], 2, "gatecast init"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str], code: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code and what to do, on the last line, without a trace."""
    found, out, error = call(capsys, *arguments)
    assert (found, out) == (code, "")
    assert said in error.splitlines()[-1]
    assert "Traceback" not in error


def test_a_contract_without_a_day_is_measured_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a day is no number of intervals, a horizon stands for a day and the last value for the seasonal one."""
    contract = Contract(7 * HOUR, 12, 4)
    time = [datetime.fromtimestamp(START + 7 * 3600 * step, UTC).isoformat() for step in range(120)]
    values = np.cumsum(np.random.default_rng(0).normal(size=120)).tolist()
    (tmp_path / "d.csv").write_text("time,a\n" + "\n".join(f"{at},{value}" for at, value in zip(time, values, strict=True)))
    (tmp_path / "c.toml").write_text(f"[fleet]\nwindow = {contract.window}\nhorizon = {contract.horizon}\n")
    arguments = ("--data", str(tmp_path / "d.csv"), "--config", str(tmp_path / "c.toml"), "--out", str(tmp_path / "plots"))
    code, out, _ = call(capsys, *arguments, "--json", str(tmp_path / "found.json"))
    assert (code, "worst_and_best_day.png" in out) == (0, True)
    assert json.loads((tmp_path / "found.json").read_text())["season"] == 1

"""What demo and retraining print at the end fits 80 columns, and says nothing of files that are not there."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

pytest.importorskip("prefect")

import msgspec

from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Cell
from flows.output.demo import demo_document, print_demo, write_plot
from flows.output.demonstration import Demonstration
from flows.output.retrained import Retrained, retrained_text
from pipeline.history.windows import Samples
from pipeline.judging.stored_forecasts import Counts, Measured, ReplayErrors
from pipeline.report.plots import Panel
from pipeline.report.report import candidate_grid
from tests.pipeline.test_report_report import CONTRACT, HOUR, history, released
from tests.support.tiny import bundle_of

pytestmark = pytest.mark.training
FORECASTERS = ("model", "last_value", "seasonal_naive_day", "seasonal_naive_week", "mean_of_7_days")


def network(cell: str) -> Bundle:
    """A bundle with large figures; what it forecasts does not matter here."""
    plain = bundle_of(b"x" * 999_999)
    assert plain.manifest.model is not None
    file = msgspec.structs.replace(plain.manifest.model, cell=cell, parameters=199_999)
    return Bundle(msgspec.structs.replace(plain.manifest, model=file), plain.model)


def retrained_with_every_cell() -> Retrained:
    """Candidates of every cell with figures as wide as they get."""
    prepared = history()
    release = released(prepared)
    verdict = replace(release.chosen.trial.verdict, skill=-0.1234, series_won=120, series_judged=150, coverage=1.0)
    wide = replace(
        release.chosen,
        cost=replace(release.chosen.cost, latency=123.4, size=999_999),
        trial=replace(release.chosen.trial, verdict=verdict),
    )
    judged = tuple(replace(wide, candidate=replace(wide.candidate, bundle=network(cell))) for cell in get_args(Cell))
    return Retrained(prepared, replace(release, judged=judged, goes_out=judged[0].candidate.bundle), ())


@pytest.fixture(scope="module")
def retrained() -> Retrained:
    """What a retraining led to."""
    return retrained_with_every_cell()


def demonstration(retrained: Retrained, folder: Path, panels: tuple[Panel, ...]) -> Demonstration:
    """A demo that led to these pictures."""
    errors = np.full((len(FORECASTERS), 24), 1234.5)
    skill = ReplayErrors(("a", "b"), FORECASTERS, errors[:, :2], errors[:, :4], (1, 6, 12, 24), 0.8, np.ones(2))
    live = retrained.release.judged[2].candidate.bundle
    table = retrained.prepared.table
    nowhere = Samples(table.values, np.zeros(0, np.int32), np.zeros(0, np.int64))
    measured = Measured(skill, table, nowhere, np.zeros((0, 24, 3)), errors, tuple(range(1, 25)))
    counts = Counts(99_999, 99_999, 99_999, 0, 0)
    return Demonstration(
        retrained=retrained,
        counts=counts,
        measured=measured,
        panels=panels,
        contract=CONTRACT,
        live=live,
        broker="mosquitto",
        store="sqlite:///s.db",
        shipped=False,
        microseconds_per_forecast=123.4,
        readings_per_second=1234.5,
        seconds={},
        folder=folder,
    )


def panel() -> Panel:
    """One forecast of a counting series."""
    times = HOUR * np.arange(48, dtype=np.int64)
    values = np.repeat(np.arange(48, dtype=np.float64)[:, None], 3, axis=1)
    return Panel("a", times, values[:, 1], values, (0.1, 0.5, 0.9), times[24:25])


def test_no_table_wraps_at_80_columns(
    retrained: Retrained, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every header and every cell stands whole on its line, with large figures too."""
    monkeypatch.setenv("COLUMNS", "80")
    print_demo(demonstration(retrained, tmp_path, ()))
    for text in (capsys.readouterr().out, retrained_text(retrained, released=True)):
        lines = text.splitlines()
        grid = candidate_grid(retrained.release.judged)
        at = next(number for number, line in enumerate(lines) if line.startswith("candidate "))
        for line, cells in zip(lines[at:], (grid.headers, *grid.rows), strict=False):
            assert line.split() == " ".join(cells).split()
            assert len(line) <= 80
        assert all(len(line) <= 80 for line in lines[: at + 4])


def test_where_nothing_can_be_drawn_there_is_no_picture(
    retrained: Retrained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No empty file, no path to one; the summary and the JSON say so."""
    demo = demonstration(retrained, tmp_path, ())
    write_plot(demo)
    print_demo(demo)
    assert not [*tmp_path.iterdir()]
    out = capsys.readouterr().out
    assert "plot: none: no series has a whole forecast" in out
    assert "forecast.png" not in out
    assert demo_document(demo)["plot"] is None


def test_a_picture_that_was_drawn_is_named(retrained: Retrained, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file in the summary and in the JSON."""
    demo = demonstration(retrained, tmp_path, (panel(),))
    write_plot(demo)
    print_demo(demo)
    path = tmp_path / "forecast.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert f"plot: {path}" in capsys.readouterr().out.replace("\n", "")
    assert demo_document(demo)["plot"] == str(path)


@pytest.mark.parametrize(("count", "said"), [(1, "1 of 2 series"), (2, "all series")])
def test_a_picture_of_some_series_says_so(
    count: int, said: str, retrained: Retrained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plot has room for a few series only; the summary says how many of all it shows."""
    demo = demonstration(retrained, tmp_path, (panel(),) * count)
    write_plot(demo)
    print_demo(demo)
    assert f"plot: {tmp_path / 'forecast.png'} ({said})" in capsys.readouterr().out.replace("\n", "")

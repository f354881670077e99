"""The report of a demo tells what the record of the demo says, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("prefect")

from edge.contract.meaning import Meaning
from flows.demo.report import demo_sheet, write_report
from flows.output.demo import demo_document
from flows.output.demonstration import Demonstration
from pipeline.judging.stored_forecasts import ReplayErrors
from pipeline.report.page import number, percent
from tests.flows.test_output_demo import FORECASTERS, demonstration, panel, retrained_with_every_cell

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """A demo of two series, of which the first has a picture and a unit."""
    plain = demonstration(retrained_with_every_cell(), tmp_path_factory.mktemp("demo"), (replace(panel(), label="°C"),))
    by_series = np.array([[1.5, 8.0], [2.0, 7.5], [3.0, 9.0], [4.0, 10.0], [5.0, 11.0]])
    by_lead = np.arange(20.0).reshape(5, 4) + 1
    errors = ReplayErrors(("a", "b"), FORECASTERS, by_series, by_lead, (1, 6, 12, 24), 0.8125, np.ones(2))
    table = replace(plain.measured.table, names=("a", "b"), meanings=(Meaning(unit="°C"), Meaning()))
    return replace(plain, measured=replace(plain.measured, errors=errors, table=table))


def test_the_figures_of_the_report_are_those_of_the_record(demo: Demonstration) -> None:
    """Of the whole, of each series beside every forecaster, and of each lead; the JSON has the same."""
    shown, errors, document = demo_sheet(demo), demo.measured.errors, demo_document(demo)
    assert errors.skills.tolist() == pytest.approx([0.25, -1 / 15])
    assert [key.value for key in shown.keys][:4] == [percent(errors.skill, sign=True), "1 of 2", "81.2 %", "0"]
    assert document["mean_skill"] == pytest.approx(errors.skill, abs=1e-6)
    assert (document["lost"], document["doubled"], document["series_won"]) == (0, 0, 1)
    assert [(each.name, each.error) for each in shown.series] == [("a", 1.5), ("b", 8.0)]
    assert [each.skill for each in shown.series] == pytest.approx([0.25, -1 / 15])
    for row, each in enumerate(shown.series):
        assert [cells[1] for cells in each.grid.rows[: len(FORECASTERS)]] == [
            number(value) for value in errors.by_series[:, row]
        ]
    assert [cells[1:] for cells in shown.leads_grid.rows] == [tuple(map(number, row)) for row in errors.by_lead.tolist()]
    page = shown.candidates
    assert [cells[1] for cells in page.rows] == ["-12.3 %"] * 3


def test_errors_on_the_held_out_part_stand_beside_those_of_the_replay(demo: Demonstration) -> None:
    """Those of the trial, matched by the names of the series."""
    trial = demo.retrained.release.chosen.trial
    row = trial.candidate.names.index("b")
    cells = {cells[0]: cells[2] for cells in demo_sheet(demo).series[1].grid.rows}
    baselines = {each.forecaster.replace("_", " "): number(float(each.by_series[row])) for each in trial.baselines}
    assert baselines.items() <= cells.items()


def test_the_page_names_the_unit_and_every_series(demo: Demonstration) -> None:
    """The file has an anchor and a heading for each; the one without a forecast says that it has no picture."""
    write_report(demo)
    page = demo.report.read_text(encoding="utf-8")
    first, second = page.index('id="series-1"'), page.index('id="series-2"')
    assert "error 1.50 °C" in page[first:second]
    assert '<i class="unit">°C</i>' in page[first:second]
    assert "No whole forecast of it was made" in page[second:]
    assert "<script" not in page


def test_where_nothing_can_be_drawn_the_page_says_so(demo: Demonstration) -> None:
    """And where no skill is known, none is claimed."""
    nothing = np.full((5, 2), np.nan)
    unknown = replace(demo.measured, errors=replace(demo.measured.errors, by_series=nothing))
    write_report(replace(demo, panels=(), measured=unknown))
    assert "no series has a whole forecast" in Path(demo.report).read_text(encoding="utf-8")
    assert demo_sheet(replace(demo, measured=unknown)).lead.endswith("anew every 1h.")

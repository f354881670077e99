"""The report of a training tells what the verdict and the evaluations say."""

import math
from pathlib import Path

import numpy as np

from edge.series.scoring import default_leads
from pipeline.report.page import number, percent
from pipeline.report.training_report import training_sheet, write_training_report
from tests.pipeline.test_report_report import CONTRACT, history, released

PREPARED = history()
RELEASE = released(PREPARED)
TRIAL = RELEASE.chosen.trial


def test_the_figures_of_the_report_are_those_of_the_verdict() -> None:
    """Of the whole, of every series beside every forecaster, and of each lead."""
    shown, verdict = training_sheet(PREPARED, RELEASE), TRIAL.verdict
    won = f"{verdict.series_won} of {verdict.series_judged}"
    assert [key.value for key in shown.keys][:3] == [percent(verdict.skill, sign=True), won, percent(verdict.coverage)]
    assert [each.name for each in shown.series] == list(PREPARED.table.names)
    assert TRIAL.champion is not None
    judged = [TRIAL.candidate, TRIAL.champion, *TRIAL.baselines]
    for row, each in enumerate(shown.series):
        assert (each.error, each.skill) == (float(TRIAL.candidate.by_series[row]), verdict.skills[row])
        assert [cells[1] for cells in each.grid.rows] == [number(float(other.by_series[row])) for other in judged]
        assert each.panel is not None
        assert np.isfinite(each.panel.forecasts[-1, 1])
    few = np.asarray(default_leads(CONTRACT.horizon)) - 1
    rows = [tuple(map(number, other.by_lead(PREPARED.scale)[few].tolist())) for other in judged]
    assert [cells[1:] for cells in shown.leads_grid.rows] == rows
    assert shown.leads_grid.rows[1][0] == "live (last_value)"
    assert not math.isnan(shown.series[0].error)


def test_what_was_left_out_is_told(tmp_path: Path) -> None:
    """Series that cannot be trained on, and candidates that could not be made; the file stands alone."""
    path = tmp_path / "plots" / "a.html"
    write_training_report(PREPARED, RELEASE, ["gru: no memory <script>"], path)
    page = path.read_text(encoding="utf-8")
    assert [each.name for each in path.parent.iterdir()] == ["a.html"]
    assert page.count("<article") == 2
    for words in ("never changes", "gru: no memory &lt;script&gt;", "&lt;hall&gt;|a", "which no training saw"):
        assert words in page
    assert "<script" not in page

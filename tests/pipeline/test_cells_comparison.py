"""What each network is good for follows from the figures by rule, and the poster holds them."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.errors import BundleError, GatecastError, HistoryError
from edge.forecaster.manifest import Cell
from edge.forecaster.model import Model
from pipeline.cells.cell_worker import CellRequest, study_cell
from pipeline.cells.comparison import Comparison, Form, Row, Trained, best_uses, budget, measure, tutorial_contract
from pipeline.cells.poster import pages, write_poster
from pipeline.cells.recall import Recall
from pipeline.history.prepared import prepare
from pipeline.judging.evaluation import contender, skills_by_lead
from pipeline.judging.metrics import mean_skill
from pipeline.judging.verdict import trial
from pipeline.training.architecture import Architecture
from tests.support import tiny

if TYPE_CHECKING:
    from edge.contract.columns import Float32


def row(cell: Cell, form: Form, error: float, batched: float, size: int, reference: float = 0.6) -> Row:
    """A network with these figures on series whose best baseline has that error; the rest is alike."""
    leads = np.linspace(0.8, 1.2, 7) * error
    coverage, skill = float("nan") if form == "tutorial" else 0.8, 1 - error / reference
    return Row(cell, form, 7, size // 4, size, 1.0, 3 * batched, batched, leads, coverage, skill, np.full(7, skill))


def recall(cell: Cell, kept: int) -> Recall:
    """A cell that keeps a value for so many of 5, 10 and 20 steps."""
    skill = tuple(1.0 if delay <= kept else 0.1 for delay in (5, 10, 20))
    return Recall(cell, (5, 10, 20), skill, skill, skill, (0, 10, 20), (1.0, 0.1, 0.0), (1.0, 0.9, 0.8), 1.0)


RECALLS = (recall("gru", 20), recall("lstm", 20), recall("simplernn", 5))
ROWS = (
    row("gru", "segment", 0.501, 10, 140_000),
    row("lstm", "segment", 0.500, 20, 180_000),
    row("simplernn", "segment", 0.57, 8, 90_000),
    row("gru", "plain", 0.56, 60, 95_000),
    row("lstm", "plain", 0.56, 70, 200_000),
    row("gru", "tutorial", 0.9, 5, 40_000),
)


def comparison() -> Comparison:
    """Everything, on a baseline of 0.6."""
    reference = np.full(7, 0.6)
    uses = best_uses(ROWS, RECALLS)
    return Comparison(
        ROWS, uses, RECALLS, "last_value", reference, tiny.CONTRACT, budget("usual"), 3, 500, 1000, "ai-edge-litert 2"
    )


def test_titles_go_to_those_that_win_them() -> None:
    """Of the networks level with the least error the quickest is the default; useless ones win nothing."""
    assert best_uses(ROWS, RECALLS) == (
        "default",
        "most accurate, long memory",
        "smallest, fastest",
        "in between",
        "outdone by LSTM segment",
        "a baseline is better",
    )


def test_plain_network_wins_where_its_figures_do() -> None:
    """No cell has a title of its own: with the best figures the tutorial's SimpleRNN has them all."""
    best = row("simplernn", "tutorial", 0.3, 1, 1_000)
    uses = best_uses((*ROWS, best), (recall("gru", 5), recall("lstm", 5), recall("simplernn", 20)))
    assert uses[-1] == "default, most accurate, smallest, fastest, long memory"
    assert set(uses[:5]) == {"outdone by SimpleRNN tutorial"}


def test_nothing_is_recommended_against_a_better_baseline() -> None:
    """Not even the least bad network."""
    behind = tuple(replace(row, skill=-0.01) for row in ROWS)
    assert set(best_uses(behind, RECALLS)) == {"a baseline is better"}


def test_nobody_has_a_long_memory_where_nothing_is_kept() -> None:
    """A tie at nothing is no title."""
    forgetful = tuple(recall(cell, 0) for cell in ("gru", "lstm", "simplernn"))
    assert "long memory" not in " ".join(best_uses(ROWS, forgetful))


def test_network_without_an_error_is_useless() -> None:
    """NaN is not above 0."""
    nowhere = replace(ROWS[0], error_by_lead=np.array([np.inf]), skill=float("nan"))
    assert best_uses((nowhere, ROWS[1]), RECALLS)[0] == "a baseline is better"


def test_tutorial_looks_back_ten_steps_on_the_same_forecasts() -> None:
    """Only window and quantiles differ, and a shorter window stays."""
    contract = Contract(interval=60, window=96, horizon=24)
    assert tutorial_contract(contract) == Contract(interval=60, window=10, horizon=24, quantiles=(0.5,))
    assert tutorial_contract(replace(contract, window=4)).window == 4


def test_poster_has_two_pages(tmp_path: Path) -> None:
    """A PDF of two A4 pages, and a second one replaces the first."""
    path = tmp_path / "poster.pdf"
    for _ in range(2):
        write_poster(comparison(), path)
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["poster.pdf"]


@pytest.mark.parametrize("page", [0, 1])
def test_nothing_is_cut_off_at_the_edge_of_the_paper(page: int) -> None:
    """All that is drawn lies a third of an inch within the paper, also where one network has every title."""
    best = row("simplernn", "tutorial", 0.3, 1, 1_000)
    recalls = (recall("gru", 5), recall("lstm", 5), recall("simplernn", 20))
    rows = (*ROWS, best)
    everything = replace(comparison(), rows=rows, recalls=recalls, uses=best_uses(rows, recalls))
    figure = pages(everything)[page]
    wide, high = figure.get_size_inches()
    drawn = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    if page == 0:  # its one set of axes is the paper itself
        drawn = Bbox.union([one.get_window_extent() for one in figure.axes[0].texts]).transformed(
            figure.dpi_scale_trans.inverted()
        )
    assert min(drawn.x0, wide - drawn.x1) > 0.33
    assert min(drawn.y0, high - drawn.y1) > 0.15


@pytest.mark.parametrize(
    ("end", "error", "said"),
    [
        ("sys.exit('out of memory')", HistoryError, "studies gru ended with exit code 1; out of memory"),
        ("""print('{"error": "no such operation", "kind": "BundleError"}')""", BundleError, "no such operation"),
    ],
)
def test_end_of_the_worker_is_no_riddle(end: str, error: type[GatecastError], said: str, tmp_path: Path) -> None:
    """Its last words, or the error it raised on purpose; progress until then was passed on."""
    code = f"""import sys\nprint('{{"what": "memory", "done": 1, "total": 6}}', flush=True)\n{end}"""
    contract, told = tutorial_contract(tiny.CONTRACT), list[tuple[str, int, int]]()
    given = budget("quick")
    windows, series = tiny.windows(2)
    request = CellRequest("gru", 4, contract, given.settings, given.recall, tiny.samples(21, 150), windows[:, -10:], series)
    with pytest.raises(error, match=said):
        study_cell(request, tmp_path, lambda *event: told.append(event), lambda _: [sys.executable, "-c", code])
    assert told == [("memory", 1, 6)]


@pytest.mark.training
def test_skill_is_that_of_the_verdict() -> None:
    """The comparison and a retraining say the same of one network on one history, over all leads and at each."""
    values = tiny.sines()
    series, time = np.repeat(np.arange(3, dtype=np.int32), 200), np.tile(np.arange(200) * tiny.CONTRACT.interval, 3)
    prepared = prepare(SeriesTable(tiny.SERIES), Readings(series, time, values.ravel().astype(np.float64)), tiny.CONTRACT)
    bundle, table = tiny.bundle(Architecture()), prepared.table
    trained = Trained("gru", "segment", bundle, 7, 1.0)
    (row,) = measure(prepared, [trained], RECALLS, budget("usual"), lambda: 0.0).rows
    network = contender(Model(bundle), table.names, bundle.manifest.series)
    judged = trial(network, None, table, tiny.CONTRACT, prepared.split.held_out, scale=prepared.scale)
    assert row.skill == judged.verdict.skill
    assert row.coverage == judged.verdict.coverage
    assert row.skill_by_lead.tolist() == [mean_skill(lead) for lead in skills_by_lead(judged.candidate, judged.baselines).T]


@pytest.mark.training
def test_tutorial_feeds_its_forecasts_back() -> None:
    """Lead 2 is lead 1 of the window that ends with the first forecast; a gap holds the value before it."""
    import keras  # noqa: PLC0415 - takes seconds

    from pipeline.cells.tutorial import Tutorial  # noqa: PLC0415

    keras.utils.set_random_seed(1)
    contract = replace(tutorial_contract(tiny.CONTRACT), horizon=3)
    tutorial = Tutorial("lstm", 4, contract, tiny.sines())
    window: Float32 = tiny.sines()[:, 20:30].copy()
    series = np.arange(1, 4, dtype=np.int32)
    forecasts = tutorial.predict(window, series)
    assert forecasts.shape == (3, 3, 1)
    for lead in (1, 2):
        window = np.concatenate([window[:, 1:], forecasts[:, lead - 1]], axis=1)
        assert tutorial.predict(window, series)[:, 0] == pytest.approx(forecasts[:, lead], rel=1e-4)
    gap, held = window.copy(), window.copy()
    gap[:, 4], held[:, 4] = np.nan, window[:, 3]
    assert (tutorial.predict(gap, series) == tutorial.predict(held, series)).all()

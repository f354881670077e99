"""The poster holds the cells and every figure, and stresses what won."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from pipeline.cells.poster import pages, write_poster
from pipeline.cells.uses import Use, best_uses
from pipeline.training.cells import CELLS
from tests.support.compared import MEMORIES, ROWS, comparison, memory, row


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
    memories = (memory("gru", 5), memory("lstm", 5), memory("simplernn", 20))
    rows = (*ROWS, best)
    everything = replace(comparison(), rows=rows, memories=memories, uses=best_uses(rows, memories))
    figure = pages(everything)[page]
    wide, high = figure.get_size_inches()
    drawn = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    if page == 0:  # its one set of axes is the paper itself
        drawn = Bbox.union([one.get_window_extent() for one in figure.axes[0].texts]).transformed(
            figure.dpi_scale_trans.inverted()
        )
    assert min(drawn.x0, wide - drawn.x1) > 0.33
    assert min(drawn.y0, high - drawn.y1) > 0.15


def weights(page: Figure) -> dict[str, str]:
    """Weight of every text of a page."""
    return {text.get_text(): str(text.get_fontweight()) for axes in page.axes for text in axes.texts}


def test_what_won_a_title_is_bold_whatever_its_words_are() -> None:
    """And nothing else in that column."""
    uses = (Use(titles=("fastest",)), Use(outdone_by="default"), Use(), Use(useful=False))
    chosen = weights(pages(replace(comparison(), rows=ROWS[:4], uses=uses))[-1])
    assert {chosen[use.text] for use in uses if use.titles} == {"bold"}
    assert {chosen[use.text] for use in uses if not use.titles} == {"normal"}


def test_memory_is_recall_on_the_poster() -> None:
    """Skill is another figure, against a baseline."""
    memory_chart, _, accuracy_chart, *_ = pages(comparison())[-1].axes
    assert memory_chart.get_ylabel().startswith("recall")
    assert accuracy_chart.get_ylabel() == "skill (%)"
    assert [tuple(np.asarray(line.get_ydata())) for line in memory_chart.lines] == [measured.recall for measured in MEMORIES]


@pytest.mark.parametrize(("kept", "words"), [(0, "less than 5 steps"), (10, "for 10 steps"), (20, "for 20 steps or more")])
def test_what_was_measured_stands_beside_the_drawing(kept: int, words: str) -> None:
    """The shortest and the longest delay may not be the limit."""
    memories = tuple(memory(cell, kept) for cell in CELLS)
    first = pages(replace(comparison(), memories=memories))[0]
    assert sum(text.get_text().endswith(words) for text in first.axes[0].texts) == len(CELLS)


def test_a_quick_try_says_so_on_every_page() -> None:
    """Its figures mean nothing."""
    quick = replace(comparison(), budget=replace(comparison().budget, trial=True))
    for page in pages(quick):
        words = [text.get_text() for axes in page.axes for text in axes.texts] + [text.get_text() for text in page.texts]
        assert any("hardly trained" in word for word in words)

"""The poster holds the cells and every figure, and stresses what won."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from pipeline.cells.drawings import cell_pages
from pipeline.cells.poster import pages, write_poster
from pipeline.cells.uses import Use, best_uses
from pipeline.training.cells import CELLS
from tests.support.compared import MEMORIES, ROWS, comparison, memory, row


def test_poster_is_a_file_of_all_pages(tmp_path: Path) -> None:
    """The drawings and the charts as one PDF, and a second one replaces the first."""
    path = tmp_path / "poster.pdf"
    for _ in range(2):
        write_poster(comparison(), path)
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) == len(cell_pages({})) + 1
    assert [path.name for path in tmp_path.iterdir()] == ["poster.pdf"]


def test_nothing_is_cut_off_at_the_edge_of_the_paper() -> None:
    """All that is drawn lies a third of an inch within the paper, also where one network has every title."""
    best = row("simplernn", "tutorial", 0.3, 1, 1_000)
    memories = tuple(memory(cell, 20 if cell == best.cell else 5) for cell in CELLS)
    rows = (*ROWS, best)
    everything = replace(comparison(), rows=rows, memories=memories, uses=best_uses(rows, memories))
    *drawings, charts = pages(everything)
    inches = [(charts, charts.get_tightbbox(FigureCanvasAgg(charts).get_renderer()))]
    for page in drawings:  # the one set of axes is the paper itself
        FigureCanvasAgg(page).draw()
        words = Bbox.union([text.get_window_extent() for text in page.axes[0].texts])
        inches.append((page, words.transformed(page.dpi_scale_trans.inverted())))
    for page, drawn in inches:
        wide, high = page.get_size_inches()
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
    *drawings, _ = pages(replace(comparison(), memories=memories))
    assert sum(text.get_text().endswith(words) for page in drawings for text in page.axes[0].texts) == len(CELLS)


def test_a_quick_try_says_so_on_every_page() -> None:
    """Its figures mean nothing."""
    quick = replace(comparison(), budget=replace(comparison().budget, trial=True))
    for page in pages(quick):
        words = [text.get_text() for axes in page.axes for text in axes.texts] + [text.get_text() for text in page.texts]
        assert any("hardly trained" in word for word in words)

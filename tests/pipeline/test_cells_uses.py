"""What each network is good for follows from the figures by rule."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.cells.uses import Use, best_uses
from tests.support.compared import MEMORIES, ROWS, memory, row


def texts(uses: Sequence[Use]) -> tuple[str, ...]:
    """The uses as tables show them."""
    return tuple(use.text for use in uses)


def test_titles_go_to_those_that_win_them() -> None:
    """Of the networks level with the least error the quickest is the default; useless ones win nothing."""
    assert texts(best_uses(ROWS, MEMORIES)) == (
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
    uses = best_uses((*ROWS, best), (memory("gru", 5), memory("lstm", 5), memory("simplernn", 20)))
    assert uses[-1] == Use(titles=("default", "most accurate", "smallest", "fastest", "long memory"))
    assert set(uses[:5]) == {Use(outdone_by="SimpleRNN tutorial")}


def test_nothing_is_recommended_against_a_better_baseline() -> None:
    """Not even the least bad network."""
    behind = tuple(replace(row, skill=-0.01) for row in ROWS)
    assert set(best_uses(behind, MEMORIES)) == {Use(useful=False)}


def test_nobody_has_a_long_memory_where_nothing_is_kept() -> None:
    """A tie at nothing is no title."""
    forgetful = tuple(memory(cell, 0) for cell in ("gru", "lstm", "simplernn"))
    assert "long memory" not in [title for use in best_uses(ROWS, forgetful) for title in use.titles]


def test_network_without_an_error_is_useless() -> None:
    """NaN is not above 0."""
    nowhere = replace(ROWS[0], error_by_lead=np.array([np.inf]), skill=float("nan"))
    assert best_uses((nowhere, ROWS[1]), MEMORIES)[0] == Use(useful=False)

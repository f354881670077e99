"""What `gatecast backtest` tells."""

from pathlib import Path

import pytest

from flows.output.backtest import draw, text
from pipeline.backtest.figures import Backtest
from pipeline.backtest.run import Entrant, entrants, measure
from tests.support import tiny

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def measured() -> tuple[Backtest, Entrant]:
    """The baselines on three sines, and the first of them."""
    prepared = tiny.history()
    chosen = entrants(prepared, [], [])
    return measure(prepared, chosen, 4, ["a note"]), chosen[0]


def test_the_text_says_what_was_measured(measured: tuple[Backtest, Entrant]) -> None:
    """Time, series, origins, leads, facts; tables of 80 columns; notes at the end."""
    backtest, first = measured
    lines = text(backtest)
    facts = int(backtest.evaluations[0].count.sum())
    assert lines[1] == f"3 series, an origin every 4h, 7 leads, {facts:,} facts"
    assert f"{first.contender.forecaster.name} in each series' own unit, worst first:" in lines
    assert lines[-1] == "note: a note"
    assert max(map(len, lines)) <= 80


def test_three_plots_are_written(measured: tuple[Backtest, Entrant], tmp_path: Path) -> None:
    """Error and coverage by lead, and the worst and the best day."""
    paths = draw(*measured, tmp_path)
    assert [path.name for path in paths] == ["error_by_lead.png", "coverage_by_lead.png", "worst_and_best_day.png"]
    assert all(path.read_bytes().startswith(PNG) for path in paths)

"""Figures of a backtest are those of its sums, and its tables keep their width."""

import numpy as np
import pytest

from pipeline.backtest.figures import Figures, averaged, figures, lines
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, backtest
from pipeline.report.page import Grid
from tests.pipeline.test_judging_evaluation import CONTRACT, PART, Counter, counting

FIGURES = {"mae", "rmse", "mase", "wql", "coverage", "width"}


def test_figures_are_those_of_the_sums() -> None:
    """Counter off by 3 with a band of 1, facts of one series: every figure by hand, by lead and over all leads."""
    table = counting()
    (off,) = backtest([contender(Counter(add=3), table.names, table.names)], Facts(table, CONTRACT, PART))
    for found in (figures(off, np.array([2.0, np.nan]), by_lead=by_lead) for by_lead in (False, True)):
        shape = found.mae.shape
        for name, value in (("mae", 3), ("rmse", 3), ("coverage", 0), ("width", 2)):
            np.testing.assert_allclose(getattr(found, name), np.full(shape, value))
        np.testing.assert_allclose(found.mase[0], np.full(shape[1:], 1.5))
        assert np.isnan(found.mase[1]).all()
        assert set(Figures.__slots__) == FIGURES
        mean = averaged(found, np.array([2.0, 1.0], np.float64))
        np.testing.assert_allclose(mean.mae, np.full(shape[1:], (1.5 + 3) / 2))
        np.testing.assert_allclose(mean.mase, np.full(shape[1:], 1.5))
    whole = figures(off, np.array([2.0, 2.0]), by_lead=False)
    fact = np.mean([table.values[0, origin : origin + 6].mean() for origin in range(100, 195)])
    loss = (0.9 * 2 + 0.5 * 3 + 0.1 * 4) / 3  # quantiles 2, 3 and 4 above the fact
    assert whole.wql[0] == pytest.approx(2 * loss / fact)


def test_long_names_give_way() -> None:
    """A table keeps to its width; a name that is too long keeps both its ends."""
    shown = lines(Grid(("series", "MAE"), (("plant-7.line-3.motor-12.temperature", "1.25"),)), width=26)
    assert {len(line) for line in shown} == {26}
    assert shown[1].startswith("plant-7.li…")
    assert shown[1].endswith("perature  1.25")


def test_a_line_break_in_a_name_makes_no_line() -> None:
    """It could pass for a line of ours."""
    assert lines(Grid(("series", "MAE"), (("a\r\nb", "1"),))) == ["series  MAE", "a\\r\\nb    1"]

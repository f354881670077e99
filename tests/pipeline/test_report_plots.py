"""Pictures are files that are the same whenever they are made; forecasts in them lie where they belong."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from edge.contract.columns import Float64
from edge.contract.meaning import GAUGE, Meaning
from edge.forecaster.baselines import Baseline
from pipeline.history.prepared import Prepared
from pipeline.judging.contender import contender
from pipeline.report.plots import Panel, forecast_plot, panels
from tests.pipeline.test_report_report import CONTRACT, HOUR, history


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """As `history`."""
    return history()


def drawn(prepared: Prepared, count: int) -> Panel:
    """The newest forecasts of the second series by its last value."""
    entrant = contender(Baseline("last_value", CONTRACT), prepared.table.names)
    (panel,) = panels(entrant, prepared.table, CONTRACT, prepared.split.held_out, [1], count=count)
    return panel


def test_panels_chain_forecasts_without_a_gap(prepared: Prepared) -> None:
    """Each forecast begins where the one before ended, and the last ends with the part."""
    panel = drawn(prepared, 2)
    end = prepared.table.start + prepared.split.held_out.stop * HOUR
    assert panel.origins.tolist() == [end - 48 * HOUR, end - 24 * HOUR]
    assert panel.times[-1] == end - HOUR
    known = np.isfinite(panel.forecasts[:, 1])
    assert known.tolist() == [False] * 24 + [True] * 48
    assert panel.forecasts[24, 1] == panel.facts[23]


def test_there_are_no_more_forecasts_than_the_part_has_room_for(prepared: Prepared) -> None:
    """Of a thousand that are asked for."""
    panel = drawn(prepared, 1000)
    assert len(panel.origins) == len(prepared.split.held_out) // CONTRACT.horizon


def test_a_picture_is_the_same_whenever_it_is_made(prepared: Prepared) -> None:
    """PNG bytes without a date or a version in them."""
    panel = drawn(prepared, 2)
    assert forecast_plot([panel], "last_value") == forecast_plot([panel], "last_value")


def test_an_axis_names_the_unit_of_its_series(prepared: Prepared) -> None:
    """In place of the word value, and for a counter with the interval."""
    meanings = (GAUGE, Meaning("counter", unit="kWh"), *[GAUGE] * len(prepared.table.names))[: len(prepared.table.names)]
    counted = replace(prepared, table=replace(prepared.table, meanings=meanings))
    assert (drawn(prepared, 1).label, drawn(counted, 1).label) == ("value", "kWh per 1h")
    assert forecast_plot([drawn(prepared, 1)], "m") != forecast_plot([drawn(counted, 1)], "m")


def test_the_legend_names_intervals_of_any_series(prepared: Prepared) -> None:
    """Also where the first series has none, such as one that its baseline forecasts."""
    panel = drawn(prepared, 2)
    banded = replace(panel, forecasts=np.stack([panel.forecasts[:, 1] + shift for shift in (-1.0, 0.0, 1.0)], axis=1))
    alone = replace(banded, forecasts=np.where([False, True, False], banded.forecasts, np.nan))
    tops = [_legend(forecast_plot(shown, "m")) for shown in ([alone, banded], [banded, banded], [alone, alone])]
    assert np.array_equal(tops[0], tops[1])
    assert not np.array_equal(tops[0], tops[2])


def _legend(picture: bytes) -> Float64:
    """The first rows of a picture, which hold its legend."""
    return np.asarray(imread(BytesIO(picture), format="png")[:30], np.float64)

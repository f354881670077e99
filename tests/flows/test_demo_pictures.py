"""Whatever the horizon, the demo's pictures show whole forecasts."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from edge.contract.contract import Contract
from edge.series.scoring import default_leads
from edge.stores.sqlite import SqliteStore
from flows.demo.pictures import panels
from pipeline.judging.stored_forecasts import measure, stored_leads
from pipeline.report.drawing import Line, lead_picture
from pipeline.report.plots import draw_panel
from tests.pipeline.test_judging_stored_forecasts import HOUR, NAMES, START, lead_points, put, readings


@pytest.mark.parametrize("horizon", [1, 2, 97, 288, 720])
def test_every_horizon_gives_a_full_table_and_full_plots(horizon: int, tmp_path: Path) -> None:
    """Whichever leads are stored: no cell is empty, each forecast is one unbroken line, with its interval."""
    store, contract, leads = SqliteStore(tmp_path / "s.db"), Contract(HOUR, 48, horizon), stored_leads(horizon)
    origins = [60 + horizon * number for number in range(6)]
    hours = origins[-1] + horizon
    put(store, lead_points(origins, 0.5, 1.0, leads))
    found = measure(store, contract, leads, readings(hours), NAMES, (START, START + hours * HOUR))
    assert found.errors.leads == default_leads(horizon)
    np.testing.assert_allclose(found.errors.by_series[0], 0.5, rtol=1e-3)
    assert np.isfinite(found.errors.by_lead).all()
    drawings = panels(found, contract)
    assert len(drawings) == 2
    for panel in drawings:
        axis = Figure().subplots()
        draw_panel(axis, panel, "m")
        drawn = [line for line in axis.lines if line.get_color() == "#0072B2"]
        assert [np.isfinite(np.asarray(line.get_ydata(), float)).tolist() for line in drawn] == [[True] * len(leads)] * 5
        assert all(line.get_marker() == "o" for line in drawn) == (len(leads) == 1)
        assert len(axis.collections) == 5
    lines = [Line("m", found.lead_errors[0], "model"), Line("b", found.lead_errors[1])]
    picture = lead_picture(lines, found.leads, HOUR, "°C")
    assert [picture.count(f'<path class="{kind}" d="M') for kind in ("made", "other o0")] == [2, 2]  # a line and its name
    store.close()

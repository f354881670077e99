"""When a demo is a success."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from flows.output.demonstration import Demonstration
from pipeline.judging.stored_forecasts import Counts
from tests.flows.test_output_demo import demonstration, panel, retrained_with_every_cell
from tests.support.agent_process import baseline_bundle

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """A demo on the shipped data in which a network beats every baseline and nothing is lost."""
    whole = demonstration(retrained_with_every_cell(), tmp_path_factory.mktemp("demo"), ())
    by_series = whole.measured.errors.by_series.copy()
    by_series[0] /= 2
    errors = replace(whole.measured.errors, by_series=by_series)
    return replace(whole, shipped=True, measured=replace(whole.measured, errors=errors))


def test_a_network_ahead_of_the_baselines_with_nothing_lost_is_a_success(demo: Demonstration) -> None:
    """Exit code 0."""
    assert demo.live.model is not None
    assert demo.beats_baselines
    assert demo.code == 0


@pytest.mark.parametrize("counts", [Counts(9, 8, 5, 1, 0), Counts(9, 10, 5, 0, 1)], ids=["lost", "doubled"])
def test_what_was_lost_or_doubled_is_a_failure(counts: Counts, demo: Demonstration) -> None:
    """Exit code 1, on the user's own data too."""
    assert replace(demo, counts=counts).code == 1
    assert replace(demo, counts=counts, shipped=False).code == 1


def test_a_baseline_that_went_out_is_a_failure_on_the_shipped_data_only(demo: Demonstration) -> None:
    """History of the user may hold nothing that a network could learn."""
    naive = replace(demo, live=baseline_bundle())
    assert not naive.beats_baselines
    assert naive.code == 1
    assert replace(naive, shipped=False).code == 0


def test_a_plot_is_there_where_something_was_drawn(demo: Demonstration, tmp_path: Path) -> None:
    """The report always is."""
    assert demo.plot is None
    drawn = replace(demo, panels=(panel(),), folder=tmp_path)
    assert (drawn.plot, drawn.report) == (tmp_path / "forecast.png", tmp_path / "report.html")

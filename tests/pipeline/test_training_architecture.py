"""A network is made of what the configuration asks for, or of what suits the window."""

from dataclasses import replace

import numpy as np
import pytest

from edge.config.training_sections import Train
from edge.contract.coarse import Coarse
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from edge.errors import ConfigurationError
from pipeline.starter.start import Shape
from pipeline.training.architecture import Architecture, architectures, begins, segment_length, shape_of

HOURLY = Contract(interval=3600 * SECOND, window=168, horizon=24)


@pytest.mark.parametrize(
    ("minutes", "window", "segment"),
    [
        *((60, 168, 24), (60, 24, 6), (30, 336, 48), (15, 672, 96), (15, 96, 24), (7, 100, 25), (360, 28, 7), (60, 3, 1)),
        *((5, 720, 288), (1, 720, 60), (1 / 60, 720, 60)),
    ],
)
def test_segment_follows_the_day(minutes: float, window: int, segment: int) -> None:
    """A day, or an hour or a minute where a day does not fit twice, or else a quarter of the window."""
    contract = Contract(interval=round(minutes * 60) * SECOND, window=window, horizon=4)
    assert segment_length(Architecture(), contract) == segment


def test_segment_is_never_longer_than_the_window() -> None:
    """A segment asked for is taken, up to the whole window."""
    contract = Contract(interval=DAY, window=10, horizon=4)
    assert [segment_length(Architecture(segment=size), contract) for size in (3, 10, 50)] == [3, 10, 10]


def test_the_last_day_of_a_coarse_past_has_finer_values_besides() -> None:
    """Hours of a week are cut in days, and so is the horizon; the textbook design knows no segment."""
    contract = Contract(60 * SECOND, 360, 1440, coarse=(Coarse(60, 168), Coarse(10, 144)))
    shape = shape_of(Architecture(), contract)
    assert (shape.segment, shape.span, shape.steps, shape.finer, shape.ahead) == (24, 3600 * SECOND, 7, (144, 360), 1440)
    assert shape_of(Architecture(segment=48), contract).steps == 4
    assert shape_of(Architecture(), replace(contract, horizon=60)).ahead == 60
    assert shape_of(Architecture(), replace(contract, horizon=2000)).ahead == 1440
    assert shape_of(Architecture(design="plain"), contract).steps == 672
    assert shape_of(Architecture(), HOURLY) == Shape(24, 3600 * SECOND, 7, (), 24, tuple(range(24)))
    assert begins(Architecture(), contract) is not None


def test_of_many_leads_a_network_says_the_near_ones_and_some_of_the_others() -> None:
    """The distances grow up to a hundredth of the whole or so; few leads are all said."""
    contract = Contract(60 * SECOND, 360, 1440, coarse=(Coarse(60, 168), Coarse(10, 144)))
    leads = shape_of(Architecture(), contract).leads
    steps = np.diff(leads)
    assert (leads[0], leads[-1], len(leads)) == (0, 1439, 137)
    assert (steps[:24] == 1).all()
    assert (np.diff(steps[:-1]) >= 0).all()
    assert steps.max() == 15
    assert shape_of(Architecture(), replace(contract, horizon=96)).leads == tuple(range(96))


@pytest.mark.parametrize(
    "wrong",
    [{"cell": "transformer"}, {"design": "deep"}, {"units": 0}, {"segment": 0}, {"dropout": 1.0}],
    ids=str,
)
def test_impossible_architecture_is_refused(wrong: dict[str, object]) -> None:
    """The message gives what was expected and what was found."""
    with pytest.raises(ConfigurationError, match="must be"):
        Architecture(**wrong)  # type: ignore[arg-type]


def test_every_cell_is_a_candidate_in_every_design() -> None:
    """Design by design, with the sizes that the configuration fixes."""
    train = Train(cells=("lstm", "gru"), designs=("segment", "plain"), units=7, segment=5)
    assert architectures(train, HOURLY) == tuple(
        Architecture(cell, design, 7, 5) for design in train.designs for cell in train.cells
    )


@pytest.mark.parametrize(("window", "units"), [(335, 64), (336, 128)])
def test_a_long_window_gets_a_larger_state(window: int, units: int) -> None:
    """Where the configuration does not give its size, and no starter fits: an interval of seven minutes."""
    (architecture,) = architectures(Train(cells=("gru",)), Contract(interval=420 * SECOND, window=window, horizon=24))
    assert architecture == Architecture("gru", units=units)


@pytest.mark.parametrize(("minutes", "window"), [(60, 672), (15, 672), (60, 168)])
def test_a_network_that_begins_with_a_starter_has_its_size(minutes: int, window: int) -> None:
    """Also where the window is long; what it begins with has been trained."""
    contract = Contract(interval=60 * minutes * SECOND, window=window, horizon=24)
    (architecture,) = architectures(Train(cells=("gru",)), contract)
    assert architecture.units == 64
    assert begins(architecture, contract) is not None
    assert begins(Architecture("gru", "plain"), contract) is None

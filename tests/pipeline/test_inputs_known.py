"""What networks are told of an input is measured by its values in the training part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.ahead.issues import ALWAYS, Issues
from edge.contract.ahead.known import Known
from edge.contract.clock import Clock
from edge.contract.columns import Float64, Int64
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.inputs.rule import InputRule
from pipeline.inputs.known import with_known


def test_units_follow_from_the_training_part() -> None:
    """Later values have no part in it; what stands still, or begins later, tells nothing and is left out."""
    contract = Contract(10, 4, 3, inputs=(Clock(),))
    ahead = {
        "wind": Issues.of([ALWAYS] * 3, [0, 10, 50], [3, 5, 1000]).on_grid(10),
        "fixed": Issues.of([ALWAYS] * 3, [0, 10, 50], [7, 7, 8]).on_grid(10),
        "later": Issues.of([ALWAYS] * 2, [50, 60], [1, 2]).on_grid(10),
    }
    told = with_known(contract, ahead, 20, [InputRule(name="wind", unit="m/s", fill="hold", hold="2h")])
    assert told.inputs == (Clock(), Known("wind", "m/s", 4.0, 1.0, 2 * 3600 * SECOND))
    assert with_known(contract, {}, 20) is contract


def test_a_value_that_holds_counts_for_each_of_its_intervals() -> None:
    """1 holds for three intervals, 5 for the one that is before the end of the training part; the mean of both is 2."""
    ahead = {"price": Issues.of([ALWAYS] * 2, [0, 30], [1, 5]).on_grid(10)}
    told = with_known(Contract(10, 4, 3), ahead, 40)
    assert told.known == (Known("price", "", 2.0, 3**0.5),)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([1e14, -9999.0, 1e6, -1e14]), min_size=1, max_size=2), st.integers(0, 997))
def test_a_few_wrong_values_move_neither_centre_nor_spread(wrong: list[float], where: int) -> None:
    """A thousand hours of a temperature, one or two of them wrong: as if they were not there, to some hundredths."""
    values = 10 + 8 * np.sin(np.arange(1000) / 24 * 2 * np.pi)
    moments = np.arange(1000) * 10
    clean = Known("outdoor", "", float(values.mean()), float(values.std()))
    assert measured_by(moments, values) == clean
    values[where : where + len(wrong)] = wrong
    told = measured_by(moments, values)
    assert told.centre == pytest.approx(clean.centre, abs=0.1)
    assert told.spread == pytest.approx(clean.spread, rel=0.02)
    least, most = told.believed
    assert ((values < least) | (values > most)).sum() == len(wrong)


def measured_by(time: Int64, value: Float64) -> Known:
    """The input of a contract whose training saw these values."""
    ahead = Issues(np.full(len(time), ALWAYS), time, value).on_grid(10)
    (known,) = with_known(Contract(10, 4, 3), {"outdoor": ahead}, 10_000).known
    return known


def test_values_too_small_to_be_told_apart_stop_no_training() -> None:
    """The square of 1e-300 is 0, and so would be the spread by which the network is told of them: the input is left out."""
    scales = {"none": 1e-300, "small": 1e-100}
    ahead = {
        name: Issues.of([ALWAYS] * 3, [0, 10, 20], [scale, 2 * scale, 3 * scale]).on_grid(10) for name, scale in scales.items()
    }
    assert [known.name for known in with_known(Contract(10, 4, 3), ahead, 40).known] == ["small"]

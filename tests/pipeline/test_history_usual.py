"""Kind: glitches. What was usual in the history of a series."""

import numpy as np

from edge.contract.meaning import GAUGE, Meaning
from pipeline.history.table import Table
from pipeline.history.usual import learned, usual_range, usual_ranges

NAN = np.nan


def test_the_usual_range_leaves_out_two_values_at_either_end() -> None:
    """What comes three times is usual, but for an error value of the sensor; few values tell nothing."""
    values = np.append(np.arange(100.0), [4e9, 5e9, -1e9, NAN, 1e30])
    assert usual_range(values) == (1.0, 99.0)
    assert usual_range(np.append(values, 6e9)) == (1.0, 4e9)
    assert usual_range(np.append(np.arange(1000.0), [4e9] * 10)) == (2.0, 997.0)
    assert usual_range(np.arange(15.0)) is None
    assert usual_range(np.zeros(20)) == (0.0, 0.0)


def test_a_bundle_says_what_was_usual_in_its_training() -> None:
    """Beside what the readings are; later columns are not looked at."""
    values = np.stack([np.arange(40.0), np.full(40, NAN), np.arange(40.0)])
    table = Table(("a", "b", "c"), 0, 10, values, (GAUGE, Meaning(unit="W"), Meaning("counter")))
    told = learned(table, 30)
    assert {name: (meaning, meaning.usual) for name, meaning in told.items()} == {
        "a": (GAUGE, (2.0, 27.0)),
        "b": (Meaning(unit="W"), None),
        "c": (Meaning("counter"), (2.0, 27.0)),
    }
    np.testing.assert_array_equal(usual_ranges(values, 30), [[2, 27], [NAN, NAN], [2, 27]])
    assert np.isnan(usual_ranges(values, 3)).all()

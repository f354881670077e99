"""What cannot be is left out, at the bounds and by exact values."""

import numpy as np

from edge.contract.plausible import Plausible


def test_bounds_belong_to_what_can_be_and_ignored_values_do_not() -> None:
    """Only values that are exactly the same are ignored."""
    values = np.array([-40.0, -40.1, 85.0, 85.1, 100.0, 100.1])
    kept = Plausible(-40.0, 100.0, frozenset({85.0})).holds(values)
    assert kept.tolist() == [True, False, False, True, True, False]
    assert Plausible().holds(values).all()

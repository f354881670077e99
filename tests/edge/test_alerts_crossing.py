"""The time of a crossing is that of the first interval whose quantile lies beyond, also after the time that counts."""

import numpy as np

from edge.alerts.crossing import NEVER, crossings


def test_expected_earliest_and_latest_time_are_those_of_median_and_outer_quantiles() -> None:
    """The third series stays below with its lowest quantile; in the fourth nothing is known."""
    medians = np.asarray([[1.0, 2.0, 3.0, 4.0], [9.0, 9.0, 9.0, 9.0], [1.0, 1.0, 2.6, 2.6], [np.nan] * 4])
    values = np.stack([medians - 1, medians, medians + 1], axis=2)
    origin = np.asarray([100, 200, 300, 400])
    times = crossings(values, 1, np.full(4, 2.5), origin, 10)
    assert times.tolist() == [[120, 110, 130], [200, 200, 200], [320, 320, NEVER], [NEVER] * 3]

"""What others get of an anomaly cannot be changed by them."""

from dataclasses import FrozenInstanceError

import pytest

from edge.anomalies.change import AnomalyChange


def test_change_is_frozen() -> None:
    """Several readers may have the same one."""
    change = AnomalyChange("a", True, 1, 5.0, 2.0, 1.0, 3.0, 150.0)
    with pytest.raises(FrozenInstanceError):
        change.raised = False  # type: ignore[misc]
    assert (change.series, change.rarity) == ("a", 150.0)

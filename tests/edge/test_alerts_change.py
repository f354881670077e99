"""What others get of a change cannot be changed by them."""

from dataclasses import FrozenInstanceError

import pytest

from edge.alerts.change import AlertChange


def test_change_is_frozen() -> None:
    """Several readers may have the same one."""
    change = AlertChange("hot", "a", True, 0.9, 5, 4, None, 1, "m", turned=True, beyond=False)
    with pytest.raises(FrozenInstanceError):
        change.raised = False  # type: ignore[misc]
    assert (change.earliest, change.latest) == (4, None)

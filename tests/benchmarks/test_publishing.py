"""The measurement of `[publish]` runs."""

from pathlib import Path

import pytest
from publishing import measure


@pytest.mark.servers
def test_both_costs_are_measured(tmp_path: Path) -> None:
    """Every forecast reaches the broker, or the measurement would not end."""
    without, beside = measure(tmp_path, series=50, rounds=2, horizon=4)
    assert len(without) == len(beside) == 2
    assert all(cost.loop > 0 and cost.everything > 0 for cost in [*without, *beside])

"""What the trainer's sections promise."""

import pytest

from edge.config.training_sections import Train


@pytest.mark.parametrize(("workers", "rounds"), [(1, 3), (2, 2), (3, 1), (8, 1)])
def test_rounds_are_those_that_the_workers_need(workers: int, rounds: int) -> None:
    """Three cells of one design: the last round need not be full."""
    assert Train(workers=workers).rounds == rounds

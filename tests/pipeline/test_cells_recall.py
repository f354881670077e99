"""The recall task asks for exactly the value it marks, and the figures made of it mean what they say."""

import numpy as np
import pytest

from pipeline.cells.recall import INPUTS, Memory, RecallBudget, jacobian_norm, random_streams, recall, recall_task


@pytest.mark.parametrize("delay", [0, 1, 5, 9])
def test_target_is_the_value_seen_delay_steps_ago(delay: int) -> None:
    """In a stream that counts, the target is the last number minus the delay, and the mark stands there only."""
    stream = np.arange(30, dtype=np.float32).reshape(3, 10)
    inputs, target = recall_task(stream, delay)
    assert inputs.shape == (3, 10, INPUTS)
    assert target.tolist() == (stream[:, -1] - delay).tolist()
    assert (inputs[:, :, 0] == stream).all()
    assert (inputs[:, :, 1] == (np.arange(10) == 9 - delay)).all()


def test_perfect_recall_is_one_and_the_mean_is_zero() -> None:
    """Recall is 1 for the target itself, 0 for its mean, below 0 for worse."""
    target = random_streams(np.random.default_rng(1), (500,))
    assert recall(target, target) == 1
    assert recall(np.full_like(target, target.mean()), target) == pytest.approx(0, abs=1e-6)
    assert recall(-target, target) < -2


def test_streams_fill_the_range_between_minus_one_and_one() -> None:
    """Their variance is that of the uniform distribution, a third."""
    streams = random_streams(np.random.default_rng(2), (100, 100))
    assert streams.dtype == np.float32
    assert np.abs(streams).max() <= 1
    assert streams.var() == pytest.approx(1 / 3, rel=0.05)


def test_norm_is_over_the_units_of_a_stream_and_averaged_over_streams() -> None:
    """Two streams of two units: (3, 4) has norm 5, (0, 1) has norm 1."""
    assert jacobian_norm(np.array([3, 4, 0, 1], np.float32), 2) == 3


def memory(*recalls: float) -> Memory:
    """A cell with these recalls from delay 5 on."""
    delays = (5, 10, 20, 50)[: len(recalls)]
    return Memory("gru", delays, recalls, recalls, recalls, (0, 5), (1.0, 0.5), (1.0, 0.9), 1.0)


@pytest.mark.parametrize(
    ("recalls", "kept"),
    [((1.0, 0.95, 0.9, 0.91), 50), ((1.0, 0.95, 0.2, 0.95), 10), ((0.5, 0.99, 0.99), 0), ((float("nan"), 1.0), 0)],
)
def test_kept_ends_at_the_first_delay_that_is_forgotten(recalls: tuple[float, ...], kept: int) -> None:
    """A lucky recall at a longer delay does not count."""
    assert memory(*recalls).kept == kept


def test_every_delay_has_its_steps_and_its_gradient() -> None:
    """Delays ascend, each with a number of steps, and the longest is among the distances."""
    budget = RecallBudget()
    assert list(budget.delays) == sorted(budget.delays)
    assert len(budget.steps) == len(budget.delays)
    assert budget.distances[-1] == budget.delays[-1]

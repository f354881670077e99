"""A cell learns to say a value again, and what is measured of it is true."""

import numpy as np
import pytest

from pipeline.cells.recall import RecallBudget, random_streams, recall_task


@pytest.mark.training
def test_gated_cell_learns_a_short_delay_and_the_gradient_is_the_true_one() -> None:
    """A GRU keeps a value for two steps after seconds of training; its gradient is what small changes of the value do."""
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    from pipeline.cells.recall_trainer import GRADIENT_STREAMS, RecallTrainer  # noqa: PLC0415

    budget = RecallBudget((2,), (250,), batch=32, units=8, learning_rate=2e-2, distances=(0, 3), test=256, seeds=1)
    trainer = RecallTrainer("gru", budget)
    trainer.restart(0)
    before = [weight.numpy().copy() for weight in trainer.weights]
    trainer.train(2, 250)
    assert trainer.recall(2) > 0.9
    norms = trainer.gradient_norms()
    stream = random_streams(np.random.default_rng(0), (GRADIENT_STREAMS, 12))
    for distance, norm in zip(budget.distances, norms, strict=True):
        inputs, _ = recall_task(stream, distance)
        change = np.zeros_like(inputs)
        change[:, -1 - distance, 0] = 1e-2
        up, down = (trainer.final(tf.constant(inputs + sign * change)).numpy() for sign in (1, -1))
        assert norm == pytest.approx(np.linalg.norm((up - down) / 2e-2, axis=1).mean(), rel=1e-2)
    trainer.restart(0)
    assert all((fresh == weight.numpy()).all() for fresh, weight in zip(before, trainer.weights, strict=True))

"""Settings of a training are possible ones, and follow the configuration."""

from dataclasses import replace

import numpy as np
import pytest

from edge.config.training_sections import Train
from edge.errors import ConfigurationError
from pipeline.training.settings import Record, Settings, mean_loss, settings_of


@pytest.mark.parametrize(("total", "windows"), [(100, 800), (20_000, 28_672), (200_000, 50_000), (10**8, 57_344)])
def test_an_epoch_does_not_grow_with_the_history(total: int, windows: int) -> None:
    """It is a quarter of all windows, within limits; few windows come at most eight times."""
    assert Settings().windows_of(total) == windows


@pytest.mark.parametrize(("total", "validations"), [(100, 8), (3_600, 8), (20_000, 2), (28_672, 1), (10**8, 1)])
def test_windows_that_come_again_are_validated_each_time(total: int, validations: int) -> None:
    """One pass over few windows may be one too many."""
    assert Settings().validations_of(total) == validations


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch": 0}, {"learning_rate": 0}, {"averaging": 1}, {"slower": 0}, {"unknown": 2}], ids=str
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    """The message shows the settings."""
    with pytest.raises(ConfigurationError, match="must be"):
        Settings(**wrong)  # type: ignore[arg-type]


def test_the_configuration_changes_what_it_names() -> None:
    """Seed, members and epochs; all else stays at the defaults."""
    settings = settings_of(Train(seed=3, members=2, epochs=7))
    assert settings == replace(Settings(), seed=3, members=2, epochs=7, budget=settings.budget)
    assert settings_of(Train()).epochs == Settings().epochs


@pytest.mark.parametrize(("workers", "seconds"), [(1, 100.0), (2, 150.0), (3, 300.0)])
def test_candidates_share_the_budget(workers: int, seconds: float) -> None:
    """Three candidates have five minutes together; those that run at once get them at once."""
    assert settings_of(Train(budget=5, workers=workers)).budget == seconds


def test_the_loss_is_the_mean_over_all_facts_whatever_their_block() -> None:
    """Sums of losses are 6 and 3 of 2 and 4 facts, so a fact has 1.5; without facts there is no loss."""
    record = Record(1.0, 1, 1, (), (), 1, 1, blocks=((6.0, 2.0), (3.0, 4.0)))
    assert record.loss == mean_loss(np.array([[6.0, 3.0], [2.0, 4.0]])) == 1.5
    assert replace(record, blocks=()).loss == 0.0

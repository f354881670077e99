"""What is measured where the configuration leaves it open."""

from pathlib import Path

from edge.commands.benching import baseline_for, disk_of
from edge.config.training_sections import Fleet


def test_the_disk_is_that_of_the_state(tmp_path: Path) -> None:
    """The nearest folder that exists, also where those of the state are still to be made."""
    assert disk_of(tmp_path / "state") == tmp_path
    assert disk_of(tmp_path / "a" / "b" / "state") == tmp_path


def test_a_baseline_takes_the_grid_of_the_configuration() -> None:
    """Without one: a quarter of an hour, a week back, a day ahead."""
    assert baseline_for(Fleet()).manifest.contract.words == "interval 15min, looks back 7d, ahead 1d"
    assert baseline_for(Fleet("1h", window=24, horizon=12)).manifest.contract.words == "interval 1h, looks back 1d, ahead 12h"

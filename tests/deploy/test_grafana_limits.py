"""The numbers of the alert rules come from one file, which says what is wrong with it."""

from pathlib import Path

import pytest
from as_code.files import GRAFANA
from as_code.limits import Limits, Threshold, read

from edge.errors import ConfigurationError

TEXT = (GRAFANA / "limits.toml").read_text("utf-8")


def changed(folder: Path, old: str, new: str) -> Path:
    """The file with a change."""
    assert old in TEXT
    path = folder / "limits.toml"
    path.write_text(TEXT.replace(old, new))
    return path


def test_file_that_is_delivered_has_one_threshold_of_the_example_sensor() -> None:
    """And the quantiles of the usual contract."""
    limits = read(GRAFANA / "limits.toml")
    assert limits.forecast == (Threshold(series="house.boiler.temperature", above=80.0, ahead="24h"),)
    assert limits.coverage == (0.65, 0.95)


def test_coverage_is_the_distance_of_the_outermost_quantiles() -> None:
    """Whatever lies between them."""
    limits = Limits(quantiles=(0.025, 0.25, 0.5, 0.75, 0.975), coverage_tolerance=0.04, coverage_scores=1, backlog=1)
    assert limits.coverage == (0.91, 0.99)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("above = 80.0", "abov = 80.0", "abov"),
        ("above = 80.0", "", "above, below or both"),
        ("above = 80.0", 'above = "hot"', "above"),
        ("[0.1, 0.5, 0.9]", "[0.1, 0.9]", "quantiles"),
        ('"24h"', '"a day"', "a day"),
        ('"24h"', '"10ms"', "10ms"),
        ("above = 80.0", "above = nan", "finite numbers"),
        ("coverage_tolerance = 0.15", "coverage_tolerance = 15", "above 0 and below 0.8.* got 15"),
        ("coverage_tolerance = 0.15", "coverage_tolerance = 0", "got 0, with which"),
        ('"house.boiler.temperature"', r'"a\\b"', "expected 'a/b', as InfluxDB has it"),
        ("backlog = 1_000_000", "backlog =", "limits.toml"),
    ],
)
def test_mistake_is_named(old: str, new: str, told: str, tmp_path: Path) -> None:
    """In one line."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        read(changed(tmp_path, old, new))
    assert "\n" not in str(caught.value)


def test_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """As a mistake of whoever runs it."""
    with pytest.raises(ConfigurationError, match=r"limits\.toml"):
        read(tmp_path / "limits.toml")


def test_fleet_without_intervals_needs_no_tolerance(tmp_path: Path) -> None:
    """A median alone covers nothing."""
    assert read(changed(tmp_path, "[0.1, 0.5, 0.9]", "[0.5]")).quantiles == (0.5,)

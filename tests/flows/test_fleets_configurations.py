"""Many fleets by one command: each is named once, and releases to a place of its own."""

from pathlib import Path

import pytest

from edge.errors import ConfigurationError
from flows.fleets.configurations import common_train, fleets_of


def fleet(path: Path, *, registry: str | None = None, train: str = "") -> Path:
    """A configuration that releases to a registry of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[registry]\npath = "{registry or path.with_suffix("")}"\n[train]\n{train}\n', encoding="utf-8")
    return path


def test_a_folder_stands_for_its_configurations_and_those_of_its_folders(tmp_path: Path) -> None:
    """Files first, then the gatecast.toml of each folder; one that is named twice counts once."""
    for name in ("b.toml", "a.toml", "north/gatecast.toml", "south/gatecast.toml", "south/other.toml"):
        fleet(tmp_path / name)
    fleets = fleets_of([tmp_path / "south" / "gatecast.toml", tmp_path])
    paths = [each.path.relative_to(tmp_path).as_posix() for each in fleets]
    assert paths == ["south/gatecast.toml", "a.toml", "b.toml", "north/gatecast.toml"]
    assert len({each.name for each in fleets}) == 4


def test_fleets_that_would_release_over_each_other_are_refused(tmp_path: Path) -> None:
    """Two configurations with the same registry and channel, also where the paths are written differently."""
    first, second = (
        fleet(tmp_path / "a.toml", registry=f"{tmp_path}/r"),
        fleet(tmp_path / "b.toml", registry=f"{tmp_path}/x/../r"),
    )
    with pytest.raises(ConfigurationError, match=r"a\.toml and .*b\.toml both release to channel live of .*; give each"):
        fleets_of([first, second])


def test_two_fleets_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Names may be given by hand, and twice; tables and Prefect need two."""
    paths = [fleet(tmp_path / name, train='[schedule]\nname = "mill"') for name in ("a.toml", "b.toml")]
    assert [each.name for each in fleets_of(paths)] == ["mill", "mill-1"]


@pytest.mark.parametrize("name", ["", "nothing.toml"])
def test_a_folder_without_fleets_and_a_file_that_is_not_there_are_one_line(tmp_path: Path, name: str) -> None:
    """Which name it was, and what was expected."""
    with pytest.raises(ConfigurationError, match="has no configuration: expected" if not name else "cannot read"):
        fleets_of([tmp_path / name])


def test_fleets_of_one_command_have_one_runner_and_the_most_workers(tmp_path: Path) -> None:
    """Different runners are refused, and both files are named."""
    a, b = fleet(tmp_path / "a.toml", train="workers = 2"), fleet(tmp_path / "b.toml", train="workers = 5")
    assert common_train(fleets_of([a, b])).workers == 5
    fleet(b, train='runner = "processes"')
    with pytest.raises(
        ConfigurationError, match=r"a\.toml trains by threads and .*b\.toml by processes; fleets of one command"
    ):
        common_train(fleets_of([a, b]))

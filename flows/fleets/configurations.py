"""The fleets that a command names: files, or folders with files, each with a place of its own to release to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge.config.sections import Config
from edge.config.training_sections import Train
from edge.errors import ConfigurationError
from flows.options import trainer_config
from flows.retraining.fleet import fleet_name


@dataclass(frozen=True, slots=True)
class Named:
    """A fleet that is to be retrained.

    Args:
        name: name of the fleet, as Prefect has it.
        path: path of its configuration.
        config: its configuration.
    """

    name: str
    path: Path
    config: Config


def fleets_of(named: Sequence[Path]) -> list[Named]:
    """The fleets, in the order in which they are named; one that is named twice counts once.

    Args:
        named: configurations, and folders that stand for the `*.toml` in them and the `gatecast.toml` of each of their folders.

    Raises:
        ConfigurationError: a folder without configurations, one that cannot be used, or two that release to the same place.
    """
    paths: dict[Path, Path] = {}
    for path in named:
        for each in _inside(path) if path.is_dir() else (path,):
            paths.setdefault(each.resolve(), each)
    fleets: list[Named] = []
    places: dict[tuple[Path, str], Path] = {}
    names: set[str] = set()
    for path in paths.values():
        config = trainer_config(path)
        target = Path(config.registry.path).resolve(), config.registry.channel
        if (other := places.setdefault(target, path)) is not path:
            raise ConfigurationError(
                f"{other} and {path} both release to channel {target[1]} of {target[0]}; "
                "give each a [registry] path or channel of its own"
            )
        name = fleet_name(path, config)
        fleets.append(Named(name if name not in names else f"{name}-{len(names)}", path, config))
        names.add(name)
    return fleets


def common_train(fleets: Sequence[Named]) -> Train:
    """Section `[train]` of the processes that all of them are trained by: one runner, and the most workers that one asks for.

    Raises:
        ConfigurationError: they name different runners.
    """
    first = fleets[0]
    for other in fleets[1:]:
        if _place(other.config.train) != _place(first.config.train):
            raise ConfigurationError(
                f"{first.path} trains by {first.config.train.runner} and {other.path} by {other.config.train.runner}; "
                "fleets of one command have one [train] runner, with the same certificates"
            )
    most = max(fleet.config.train.workers for fleet in fleets)
    return msgspec.structs.replace(first.config.train, workers=most)


def _place(train: Train) -> tuple[str | None, ...]:
    return train.runner, train.ca_file, train.cert_file, train.key_file


def _inside(folder: Path) -> list[Path]:
    paths = [*sorted(folder.glob("*.toml")), *sorted(folder.glob("*/gatecast.toml"))]
    if not paths:
        raise ConfigurationError(f"{folder} has no configuration: expected *.toml in it or gatecast.toml in its folders")
    return paths

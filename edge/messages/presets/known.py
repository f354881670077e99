"""How presets are written down: what values of known names mean."""

from collections.abc import Iterator
from typing import TypeAlias

from edge.messages.rule import ValueRule

Known: TypeAlias = Iterator[tuple[str, ValueRule]]


def units(unit: str, *keys: str) -> Known:
    """Values that are measured in a unit.

    Args:
        unit: the unit.
        keys: names of the values; `*` stands for any characters.
    """
    for key in keys:
        yield key, ValueRule(unit=unit)


def counters(unit: str, *keys: str) -> Known:
    """Values that only grow, or begin again at 0; as `units`."""
    for key in keys:
        yield key, ValueRule(unit=unit or None, kind="counter")


def ignoring(values: tuple[float, ...], *keys: str) -> Known:
    """Values that are left out where a sensor sends one of these in place of a measurement; as `units`."""
    for key in keys:
        yield key, ValueRule(ignore=values)


def by_key(*known: Known) -> dict[str, str | ValueRule]:
    """The entries of `values`."""
    return {name: value for entries in known for name, value in entries}

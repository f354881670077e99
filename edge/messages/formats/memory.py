"""What the formats of all rules remember over a restart, and what they want to be published."""

from collections.abc import Mapping
from typing import Protocol

from edge.messages.formats.payload import Request, Stateful
from edge.messages.formats.units import Units

_BETWEEN = ":"  # between the name of a format and a key of its own
_UNITS = "units"  # no format has this name


class Kept(Protocol):
    """What is remembered; both functions are as those of `Stateful`."""

    def dump(self, *, whole: bool = False) -> Mapping[str, bytes]:
        """As `Stateful.dump`."""

    def load(self, entries: Mapping[str, bytes]) -> None:
        """As `Stateful.load`."""


class FormatMemory:
    """The formats that keep something, as one, with the units behind numbers.

    Args:
        formats: those formats by their names.
        units: units behind the numbers of all rules.
    """

    def __init__(self, formats: Mapping[str, Stateful], units: Units) -> None:
        self._formats = formats
        self._kept: dict[str, Kept] = {**formats, _UNITS: units}

    def keep(self, name: str, kept: Kept) -> None:
        """Let something else be remembered with them.

        Args:
            name: name that no format has.
            kept: object that is to be remembered.
        """
        self._kept[name] = kept

    def requests(self, now: int) -> list[Request]:
        """Messages that are to be published now.

        Args:
            now: time of the clock, ns UTC.
        """
        return [request for stateful in self._formats.values() for request in stateful.requests(now)]

    def dump(self, *, whole: bool = False) -> dict[str, bytes]:
        """What a restart needs, by keys.

        Args:
            whole: whether to give everything, and not only what changed since the last call.
        """
        return {
            f"{name}{_BETWEEN}{key}": data for name, kept in self._kept.items() for key, data in kept.dump(whole=whole).items()
        }

    def load(self, entries: Mapping[str, bytes]) -> str | None:
        """Take up what `dump` gave in earlier runs; returns one line where some of it cannot be used."""
        lost = []
        for name, kept in self._kept.items():
            start = f"{name}{_BETWEEN}"
            try:
                kept.load({key.removeprefix(start): data for key, data in entries.items() if key.startswith(start)})
            except ValueError as error:
                lost.append(f"what format {name} knew of earlier messages cannot be used: {error}")
        return "; ".join(lost) or None

"""What the formats of all rules remember over a restart, and what they want to be published."""

from collections.abc import Mapping

from edge.messages.formats.payload import Request, Stateful

_BETWEEN = ":"  # between the name of a format and a key of its own


class FormatMemory:
    """The formats that keep something, as one.

    Args:
        formats: those formats by their names.
    """

    def __init__(self, formats: Mapping[str, Stateful]) -> None:
        self._formats = formats

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
            f"{name}{_BETWEEN}{key}": data
            for name, stateful in self._formats.items()
            for key, data in stateful.dump(whole=whole).items()
        }

    def load(self, entries: Mapping[str, bytes]) -> str | None:
        """Take up what `dump` gave in earlier runs; returns one line where some of it cannot be used."""
        lost = []
        for name, stateful in self._formats.items():
            start = f"{name}{_BETWEEN}"
            try:
                stateful.load({key.removeprefix(start): data for key, data in entries.items() if key.startswith(start)})
            except ValueError as error:
                lost.append(f"what format {name} knew of earlier messages cannot be used: {error}")
        return "; ".join(lost) or None

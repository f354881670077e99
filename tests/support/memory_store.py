"""A store that keeps lines in memory and has whatever trouble a test wants."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import MEASUREMENTS, Measurement
from edge.stores.retention import Retention

NAMES = frozenset(measurement.name for measurement in MEASUREMENTS)


class Memory:
    """A store of lines; `trouble` may raise for what is written, and `trouble_with_joining` for blocks that are joined."""

    kind = "memory"
    advice = ""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.trouble: Callable[[bytes], None] = lambda _: None
        self.trouble_with_joining: Callable[[Sequence[bytes]], None] = lambda _: None

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """Not used."""
        raise NotImplementedError

    def write(self, *blocks: bytes) -> None:
        """Keep them as one."""
        block = self.join(blocks)
        self.trouble(block)
        self.writes.append(block)

    def join(self, blocks: Sequence[bytes]) -> bytes:
        """Lines one after the other."""
        self.trouble_with_joining(blocks)
        return b"\n".join(blocks)

    def split(self, block: bytes) -> tuple[bytes, bytes] | None:
        """Half the lines each."""
        lines = block.split(b"\n")
        half = len(lines) // 2
        return (b"\n".join(lines[:half]), b"\n".join(lines[half:])) if half else None

    def count(self, block: bytes) -> dict[str, int]:
        """Rows by the word they begin with, where that is a measurement."""
        words = (line.split(b" ")[0].decode() for line in block.split(b"\n"))
        return Counter(word if word in NAMES else "row" for word in words)

    def name_of(self, series: str) -> str:
        """The same."""
        return series

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """Not used."""
        raise NotImplementedError

    def count_readings(self, start: int, stop: int) -> dict[str, int]:
        """Not used."""
        raise NotImplementedError

    def span(self) -> tuple[int, int] | None:
        """Not used."""
        raise NotImplementedError

    def forget(self, retention: Retention, /) -> None:
        """Not used."""
        raise NotImplementedError

    def size(self) -> None:
        """None."""

    def close(self) -> None:
        """Nothing to let go of."""

    @property
    def lines(self) -> list[bytes]:
        """Everything written."""
        return [line for block in self.writes for line in block.split(b"\n")]

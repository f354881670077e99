"""How many anomalies each series had over some time, and the rarest of them, as a table for people. No I/O."""

from collections import defaultdict
from collections.abc import Iterable

from edge.anomalies.change import AnomalyChange
from edge.anomalies.words import time_words
from edge.contract.times import iso
from edge.quoting import one_line

SHOWN = 3  # anomalies of a series
MOST = 20  # series
LONGEST_NAME = 60  # characters
COLUMNS = ("series", "anomalies", "the rarest of them (expected once in)")


class Tally:
    """The anomalies of each series."""

    def __init__(self) -> None:
        self._raised: dict[str, list[AnomalyChange]] = defaultdict(list)

    def add(self, changes: Iterable[AnomalyChange]) -> None:
        """Take the changes of a step."""
        for change in changes:
            if change.raised:
                self._raised[change.series].append(change)

    def lines(self, watched: int) -> list[str]:
        """A table with a row for each series that had any, most anomalies first.

        Args:
            watched: number of series that were looked at.
        """
        if not self._raised:
            return [f"no anomaly: {watched} series were looked at"]
        ordered = sorted(self._raised.items(), key=lambda item: (-len(item[1]), item[0]))
        names = [one_line(name)[:LONGEST_NAME] for name, _ in ordered[:MOST]]
        width = max(map(len, (COLUMNS[0], *names)))
        lines = [f"{COLUMNS[0]:<{width}}  {COLUMNS[1]}  {COLUMNS[2]}"]
        for name, (_, changes) in zip(names, ordered, strict=False):
            rarest = sorted(changes, key=lambda change: -change.rarity)[:SHOWN]
            words = ", ".join(f"{iso(change.time)} ({time_words(change.rarity)})" for change in rarest)
            lines.append(f"{name:<{width}}  {len(changes):>{len(COLUMNS[1])}}  {words}")
        if (more := len(ordered) - MOST) > 0:
            lines.append(f"and {more} more series with anomalies")
        if (quiet := watched - len(ordered)) > 0:
            lines.append(f"{quiet} of {watched} series had none")
        return lines

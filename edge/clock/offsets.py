"""Topics whose times are always the same number of quarter hours away from their arrival: local time or a wrong clock."""

from dataclasses import dataclass

from edge.contract.times import SECOND

QUARTER = 900 * SECOND
NEAR = 90 * SECOND  # what the way from the sensor takes, and what its clock may be wrong
FARTHEST = 14 * 4  # quarter hours; no zone is farther away from UTC
ENOUGH = 5  # messages in a row
SPAN = 120 * SECOND  # time in which they arrive at least: of what a broker kept many come at once


@dataclass(slots=True)
class _Row:
    """Messages of a topic that are equally far away from their arrival.

    Args:
        quarters: distance in quarter hours; positive where the times are ahead.
        since: arrival of the first of them, ns UTC.
        count: number of them.
        said: whether they were told of.
    """

    quarters: int
    since: int
    count: int = 0
    said: bool = False


class Offsets:
    """What is known of the topics whose times are far away from their arrival.

    Args:
        most: largest number of topics that are looked at.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[str, _Row] = {}

    def hear(self, topic: str, moment: int, arrival: int) -> str | None:
        """Note a message whose time is farther away from its arrival than `NEAR`.

        Args:
            topic: its topic.
            moment: time that it carries, ns UTC.
            arrival: time of its arrival, ns UTC.

        Returns:
            The offset as people write it, such as `+01:00`, where the topic's times have been that far ahead of their arrival
            for long enough; once for each topic.
        """
        quarters = quarters_of(moment - arrival)
        row = self._rows.get(topic)
        if not quarters:
            if row is not None:
                row.quarters = 0
            return None
        if row is None:
            if len(self._rows) >= self._most:
                return None
            row = self._rows[topic] = _Row(quarters, arrival)
        if row.quarters != quarters:
            row.quarters, row.since, row.count = quarters, arrival, 0
        row.count += 1
        if row.said or row.count < ENOUGH or arrival - row.since < SPAN:
            return None
        row.said = True
        return written(quarters)

    def agree(self, topic: str) -> None:
        """Note a message whose time is that of its arrival: the topic's times are not always far away from it."""
        if (row := self._rows.get(topic)) is not None:
            row.quarters = 0


def quarters_of(distance: int) -> int:
    """The quarter hours that a time is ahead of another one, if a zone can be that far away from UTC; 0 where it is none.

    Args:
        distance: ns.
    """
    quarters = (distance + QUARTER // 2) // QUARTER
    return 0 if abs(quarters) > FARTHEST or abs(distance - quarters * QUARTER) > NEAR else quarters


def written(quarters: int) -> str:
    """Quarter hours as people write an offset, such as `+01:00`; "" for 0."""
    hours, rest = divmod(abs(quarters), 4)
    return f"{'+' if quarters > 0 else '-'}{hours:02}:{rest * 15:02}" if quarters else ""

"""What a Sparkplug node has said of itself: its metrics, where its sequence stands, and whether it has to be asked again."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.contract.times import SECOND
from edge.messages.formats.payload import memory_of

TURN = 256  # sequence numbers
PAUSE, LONGEST_PAUSE = 10 * SECOND, 600 * SECOND  # between two requests for a birth, ns
PATIENCE = 3  # requests
EACH = 400  # bytes that a metric takes beside its texts


@dataclass(frozen=True, slots=True)
class Known:
    """A metric as its birth describes it.

    Args:
        device: name of the device, `""` for the node itself.
        name: name of the metric; `""` where it is longer than any that can be stored.
        kind: code of its data type.
        alias: number that stands for its name in data, or None.
        unit: unit that the birth names, or None.
    """

    device: str
    name: str
    kind: int
    alias: int | None = None
    unit: str | None = None


@dataclass(slots=True)
class Standing:
    """State of a node between two births.

    Args:
        sequence: number of its next message; None where its messages have none.
        session: number of its connection, which its birth and its death share; None where it names none.
        alive: whether a birth came, and no death after it.
        complete: whether no message is missing since the birth.
        requests: number of requests for a birth that it has not answered.
        asked: time of the last one, ns; None before the first.
        heard: time of its last message, ns; None before the first.
    """

    sequence: int | None = None
    session: int | None = None
    alive: bool = False
    complete: bool = False
    requests: int = 0
    asked: int | None = None
    heard: int | None = None

    @property
    def silent(self) -> bool:
        """Whether it has not answered for so long that what its last birth says has to do."""
        return self.alive and not self.complete and self.requests >= PATIENCE


class Node:
    """One node.

    Args:
        standing: state since its last birth; that of an unknown node if left out.
        metrics: its metrics, with those of its devices.
    """

    def __init__(self, standing: Standing | None = None, metrics: Iterable[Known] = ()) -> None:
        self.standing = Standing() if standing is None else standing
        self._set(metrics)

    def be_born(self, metrics: Iterable[Known], sequence: int | None, session: int | None) -> None:
        """Take a birth of the node: what it does not describe is forgotten, its devices too."""
        following = None if sequence is None else (sequence + 1) % TURN
        before = self.standing
        self.standing = Standing(following, session, alive=True, complete=True, asked=before.asked, heard=before.heard)
        self._set(metrics)

    def after(self, device: str, metrics: Iterable[Known]) -> list[Known]:
        """All of its metrics after the birth of a device, or without metrics after its death."""
        return [*(metric for metric in self.metrics if metric.device != device), *metrics]

    def describe(self, device: str, metrics: Iterable[Known]) -> None:
        """Take the birth of a device, or without metrics its death."""
        self._set(self.after(device, metrics))

    def die(self, session: int | None) -> None:
        """Take a death; that of an earlier session changes nothing, as a broker may send it after the next birth."""
        standing = self.standing
        if session is None or standing.session is None or session == standing.session:
            standing.alive = standing.complete = False

    def hear(self, sequence: int | None) -> None:
        """Take the sequence number of a message that is no birth and no death of the node."""
        standing = self.standing
        if sequence is not None and standing.sequence is not None:
            standing.complete &= sequence == standing.sequence
            standing.sequence = (sequence + 1) % TURN

    def by_name(self, device: str, name: str) -> Known | None:
        """A metric by its name, or None where no birth describes it."""
        return self._names.get((device, name)) if self.standing.alive else None

    def by_alias(self, alias: int) -> Known | None:
        """A metric by its alias, or None where it may mean another one by now."""
        return self._aliases.get(alias) if self.standing.alive and (self.standing.complete or self.standing.silent) else None

    def may_be_asked(self, now: int) -> bool:
        """Whether a request for a birth is due.

        Args:
            now: time of the message that needs the birth, ns.
        """
        standing = self.standing
        pause = min(PAUSE << min(max(standing.requests - PATIENCE, 0), 16), LONGEST_PAUSE)
        return standing.asked is None or not 0 <= now - standing.asked < pause

    def ask(self, now: int) -> None:
        """Count a request for its birth; argument as of `may_be_asked`."""
        self.standing.asked, self.standing.requests = now, self.standing.requests + 1

    def _set(self, metrics: Iterable[Known]) -> None:
        self.metrics = [*metrics]
        self.memory = memory_of_metrics(self.metrics)
        self._names = {(metric.device, metric.name): metric for metric in self.metrics}
        self._aliases = {metric.alias: metric for metric in self.metrics if metric.alias is not None}


def memory_of_metrics(metrics: Iterable[Known]) -> int:
    """Bytes that metrics take in memory, and less on the disk."""
    return sum(
        EACH + memory_of(metric.device) + memory_of(metric.name) + (0 if metric.unit is None else memory_of(metric.unit))
        for metric in metrics
    )

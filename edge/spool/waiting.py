"""What waits to be committed: a batch that nobody misses waits for others, as every commit wears a flash card."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from edge.messages.message import Arrival, Message
from edge.spool.spool import Commit, Refusal, merged

MOST = 16  # messages that wait; brokers send 20 before one is acknowledged, where they are not told to send more or fewer
QUIET = 0.8  # share of the longest wait without a message, after which the broker may have been waiting for us
AT_ONCE = 0.5  # seconds after an acknowledgement within which a broker that waited for it sends on
PROOFS = 2  # waits in a row that must look so
LEARNED_FOR = 600.0  # seconds until it is tried again whether the broker sends more messages


class Waiting:
    """Batches that become one transaction.

    Some brokers send fewer messages than `MOST` before one is acknowledged. Such a broker would be idle for the rest of each
    wait. It is known by that: after a wait in which nothing more came it sends on at once. Then fewer messages wait.

    Args:
        patience: longest time that a batch waits, seconds.
        moment: function that gives the time since the machine started, seconds.
    """

    def __init__(self, patience: float, moment: Callable[[], float]) -> None:
        self._patience, self._moment = patience, moment
        self._since = self._newest = 0.0
        self._most, self._learned = MOST, 0.0
        self._idle: tuple[int, float] | None = None  # messages of a wait that looked so, and when it ended
        self._proofs = 0
        self.commit: Commit | None = None
        self.messages: list[Message] = []
        self.arrivals: dict[int, Arrival] = {}

    def add(self, commit: Commit, messages: Sequence[Message], arrivals: Iterable[Arrival]) -> None:
        """Let a batch wait.

        Args:
            commit: its effect.
            messages: its messages.
            arrivals: arrivals of those of them that carry no time.
        """
        now = self._moment()
        if messages:
            self._learn(now)
            self._newest = now
        if self.commit is None:
            self.commit, self._since = commit, now
        else:
            self.commit = merged(self.commit, commit)
        self.messages += messages
        self.arrivals.update((arrival.mid, arrival) for arrival in arrivals)

    def keep(self, refused: Sequence[Refusal]) -> None:
        """Let all that the store refused wait until it is committed."""
        if refused:
            self.commit = replace(self.commit or Commit(), refused=list(refused))

    def learn(self, formats: Mapping[str, bytes]) -> None:
        """Let what the payload formats have learnt wait until it is committed."""
        if formats:
            commit = self.commit or Commit()
            self.commit = replace(commit, formats={**commit.formats, **formats})

    @property
    def is_due(self) -> bool:
        """Whether what waits has waited long enough, or the broker may be waiting for an acknowledgement."""
        return self.commit is not None and (len(self.messages) >= self._most or self._waited_long)

    @property
    def _waited_long(self) -> bool:
        return self._moment() - self._since >= self._patience

    def clear(self) -> None:
        """Note that everything is committed and acknowledged."""
        now = self._moment()
        idle = bool(self.messages) and self._waited_long and now - self._newest >= QUIET * self._patience
        self._idle = (len(self.messages), now) if idle and self._patience else None
        self.commit, self.messages, self.arrivals = None, [], {}

    def _learn(self, now: float) -> None:
        """Find out with the next message whether the broker waited for us."""
        if self._most < MOST and now - self._learned > LEARNED_FOR:
            self._most = MOST
        if self._idle is None:
            return
        count, ended = self._idle
        self._idle, self._proofs = None, self._proofs + 1 if now - ended <= AT_ONCE else 0
        if self._proofs >= PROOFS:
            self._most, self._learned, self._proofs = min(count, MOST), now, 0

"""Whose turn it is to be asked for a birth: thousands of nodes may need one at once, and each answers with all it has."""

from itertools import islice
from typing import TypeAlias

from edge.contract.times import SECOND

A_SECOND = 20  # nodes that are asked in a second

Address: TypeAlias = tuple[str, str]  # group and node


class Turns:
    """The nodes that wait for a request, those that have waited longest first.

    Args:
        most: largest number of nodes whose turn comes in a second, and at once.
    """

    def __init__(self, most: int = A_SECOND) -> None:
        self._most = most
        self._waiting: dict[Address, None] = {}
        self._left = float(most)  # turns that are left
        self._looked: int | None = None  # time of the last look, ns

    def __len__(self) -> int:
        """Number of nodes that wait."""
        return len(self._waiting)

    def wait(self, address: Address) -> None:
        """Let a node wait at the end; one that waits already keeps its place."""
        self._waiting.setdefault(address)

    def leave(self, address: Address) -> None:
        """Take a node out that need not be asked any more."""
        self._waiting.pop(address, None)

    def come(self, now: int) -> list[Address]:
        """The nodes whose turn it is; they wait no longer.

        Args:
            now: time of the clock, ns; one that was set back gives no turns.
        """
        before = now if self._looked is None else self._looked
        self._looked = now
        self._left = min(self._most, self._left + max(now - before, 0) * self._most / SECOND)
        turn = [*islice(self._waiting, int(self._left))]
        self._left -= len(turn)
        for address in turn:
            del self._waiting[address]
        return turn

"""All nodes that are known: how many there is room for, which of them gives way, and what of them is kept over a restart."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from edge.contract.times import DAY
from edge.errors import PayloadError
from edge.messages.formats.sparkplug.node import Known, Node, Standing, memory_of_metrics
from edge.messages.formats.sparkplug.turns import Address

BIRTH = "//birth"  # end of the key of what a birth said; no name holds a slash


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept of nodes.

    Args:
        nodes: number of nodes that were born, and of those that were not.
        memory: bytes that the metrics of all nodes may take.
        silence: time without a message after which a node gives way to others, ns.
    """

    nodes: int = 10_000
    memory: int = 96 * 2**20
    silence: int = DAY


class Nodes:
    """Nodes by group and name. Only a birth of its own makes a node that is kept: anybody can make up the rest.

    Args:
        limits: limits of what is kept.
        left: function called with a node that is known no longer.
    """

    def __init__(self, limits: Limits, left: Callable[[Address], None]) -> None:
        self._limits, self._left = limits, left
        # Those that are silent for longest stand first.
        self._born: OrderedDict[Address, Node] = OrderedDict()
        self._unborn: OrderedDict[Address, Node] = OrderedDict()  # asked for their births, and not kept over a restart
        self._changed: set[Address] = set()
        self._described: set[Address] = set()
        self._gone: set[Address] = set()

    def find(self, address: Address) -> Node:
        """A node as it is known; one without a birth and without a past where it is not."""
        return self._born.get(address) or self._unborn.get(address) or Node()

    def hear(self, address: Address, now: int) -> Node | None:
        """A node that was born, of which a message came; None where it was not.

        Args:
            address: group and name.
            now: time of arrival, ns UTC.
        """
        node = self._born.get(address)
        if node is not None:
            node.standing.heard = now
            self._born.move_to_end(address)
            self._changed.add(address)
        return node

    def remember(self, address: Address) -> Node:
        """A node without a birth, for which it is to be asked; of too many the one that is silent for longest is forgotten."""
        node = self._unborn.setdefault(address, Node())
        self._unborn.move_to_end(address)
        if len(self._unborn) > self._limits.nodes:
            self._left(self._unborn.popitem(last=False)[0])
        return node

    def make_room(self, address: Address, metrics: Sequence[Known], now: int) -> Node:
        """The node of a birth, which may be new, with room for all the metrics that it has from now on.

        Args:
            address: group and name.
            metrics: these metrics, which it has yet to take.
            now: time of arrival, ns UTC.

        Raises:
            PayloadError: there is no room (`too_many_series`).
        """
        node, limits = self.hear(address, now), self._limits
        if node is not None:
            self._described.add(address)
        while node is None and len(self._born) >= limits.nodes:
            if not self._gives_way(now):
                raise PayloadError("too_many_series", f"expected at most {limits.nodes} nodes of Sparkplug B")
        most = limits.memory - memory_of_metrics(metrics)
        while sum(other.memory for other in self._born.values() if other is not node) > most:
            if not self._gives_way(now):
                text = f"expected births of Sparkplug B that take at most {limits.memory:,} bytes of memory together"
                raise PayloadError("too_many_series", text)
        if node is None:
            node = self._born[address] = self._unborn.pop(address, Node())
            node.standing.heard = now
        self._gone.discard(address)
        self._changed.add(address)
        self._described.add(address)
        return node

    def ask(self, address: Address, now: int) -> Node:
        """A node whose birth is asked for now, ns UTC; it is counted."""
        node = self.find(address)
        node.ask(now)
        if address in self._born:
            self._changed.add(address)
        return node

    def dump(self, *, whole: bool) -> dict[str, bytes]:
        """As `Stateful.dump`: what a birth said under one key, and the short state of the node since under another."""
        entries = {}
        for address in sorted(self._born if whole else self._changed):
            node, key = self._born[address], "/".join(address)
            entries[key] = msgspec.json.encode(node.standing)
            if whole or address in self._described:
                entries[key + BIRTH] = msgspec.json.encode(node.metrics)
        for address in self._gone:
            entries["/".join(address)] = entries["/".join(address) + BIRTH] = b""
        for changes in (self._changed, self._described, self._gone):
            changes.clear()
        return entries

    def load(self, entries: Mapping[str, bytes]) -> None:
        """As `Stateful.load`."""
        nodes = {}
        for key, data in entries.items():
            if not key.endswith(BIRTH):
                group, _, name = key.partition("/")
                standing, described = msgspec.json.decode(data, type=Standing), entries.get(key + BIRTH)
                if described is None:
                    self._gone.add((group, name))
                else:
                    nodes[group, name] = Node(standing, msgspec.json.decode(described, type=list[Known]))
        self._born = OrderedDict(sorted(nodes.items(), key=lambda item: item[1].standing.heard or 0))

    def _gives_way(self, now: int) -> bool:
        """Forget the node that is silent for longest; returns whether it is silent for long enough."""
        address = next(iter(self._born), None)
        if address is None:
            return False
        heard = self._born[address].standing.heard
        if heard is not None and 0 <= now - heard < self._limits.silence:
            return False
        del self._born[address]
        self._changed.discard(address)
        self._described.discard(address)
        self._gone.add(address)
        self._left(address)
        return True

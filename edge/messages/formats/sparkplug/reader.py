"""`sparkplug`: Sparkplug B, where births say what the numbers in later messages mean.

Births, data and deaths are those of the Sparkplug specification 3.0. A metric that is named by a number alone is read only
while no message is missing since the birth that explains the number; else the node is asked for a new birth when its
turn comes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from edge.errors import PayloadError
from edge.messages.formats.payload import Options, Request, text_of
from edge.messages.formats.sparkplug.node import PATIENCE, Known, Node, Standing
from edge.messages.formats.sparkplug.schema import parse_payload, payload_class
from edge.messages.formats.sparkplug.turns import A_SECOND, Turns
from edge.messages.formats.sparkplug.values import BOOLEAN, NAMES, check_quality, properties_of, read_value
from edge.quoting import quoted

NAMESPACE = "spBv1.0"
OWN = ("bdSeq", "Node Control/", "Device Control/")  # what metrics of the protocol begin with
BIRTH = "//birth"  # end of the key of what a birth said; no name holds a slash
REBIRTH = b"Node Control/Rebirth"
LEVELS = {"NBIRTH": 3, "NDATA": 3, "NDEATH": 3, "DBIRTH": 4, "DDATA": 4, "DDEATH": 4}  # below the namespace
BIRTHS, DEATHS, COMMANDS = ("NBIRTH", "DBIRTH"), ("NDEATH", "DDEATH"), ("NCMD", "DCMD")
MOST_NODES, MOST_METRICS = 10_000, 200_000


class Sparkplug:
    """All nodes of Sparkplug B that this device hears.

    Args:
        options: options that are not used; a payload of Sparkplug says everything itself.
    """

    def __init__(self, options: Options | None = None) -> None:
        del options
        payload_class()  # what is not installed is missed here, and not at the first message
        self._nodes: dict[tuple[str, str], Node] = {}
        self._changed: set[tuple[str, str]] = set()
        self._born: set[tuple[str, str]] = set()
        self._turns = Turns()

    def read(self, topic: str, payload: bytes, arrival: int) -> list[object]:
        """The metrics of a message, an object each; what cannot be read is an error in its place.

        Raises:
            PayloadError: no message of Sparkplug B (`bad_payload`), or one that holds no measurement (`unwanted`).
        """
        kind, address, device = _parts(topic)
        message = parse_payload(payload)
        node = self._take(address, kind, device, message)
        rows = [*_rows(node, device, message)] if kind not in DEATHS else []
        unexplained = any(isinstance(row, PayloadError) and row.kind == "no_birth" for row in rows)
        if kind != "NDEATH" and (unexplained or not node.standing.complete) and node.may_be_asked(arrival):
            self._turns.wait(address)
        if not rows:
            raise PayloadError("unwanted", f"this {kind} holds no measurement")
        about = {"group": address[0], "node": address[1], "device": device or None}
        return [
            row if isinstance(row, PayloadError) else {**row, **about, "series": _series(address, device, str(row["name"]))}
            for row in rows
        ]

    def requests(self, now: int) -> Sequence[Request]:
        """Requests for the births of the nodes whose turn it is."""
        requests = []
        for address in self._turns.come(now):
            self._nodes[address].ask(now)
            self._changed.add(address)
            requests.append(_request(address, self._nodes[address], now, len(self._turns)))
        return requests

    def dump(self, *, whole: bool = False) -> dict[str, bytes]:
        """As `Stateful.dump`: what a birth said under one key, and the short state of the node since under another."""
        entries = {}
        for address in sorted(self._nodes if whole else self._changed):
            node, key = self._nodes[address], "/".join(address)
            entries[key] = msgspec.json.encode(node.standing)
            if whole or address in self._born:
                entries[key + BIRTH] = msgspec.json.encode(node.metrics)
        self._changed.clear()
        self._born.clear()
        return entries

    def load(self, entries: Mapping[str, bytes]) -> None:
        """As `Stateful.load`.

        Raises:
            ValueError: it is damaged, or of another version.
        """
        nodes = {}
        for key, data in entries.items():
            if not key.endswith(BIRTH):
                group, _, name = key.partition("/")
                metrics = msgspec.json.decode(entries.get(key + BIRTH, b"[]"), type=list[Known])
                nodes[group, name] = Node(msgspec.json.decode(data, type=Standing), metrics)
        self._nodes = nodes

    def _node(self, address: tuple[str, str], more: int) -> Node:
        """The node of an address, which may be new, with room for more metrics.

        Raises:
            PayloadError: there is no room (`too_many_series`).
        """
        if address not in self._nodes and len(self._nodes) >= MOST_NODES:
            raise PayloadError("too_many_series", f"expected at most {MOST_NODES} nodes of Sparkplug B")
        if more and sum(map(len, self._nodes.values())) + more > MOST_METRICS:
            raise PayloadError("too_many_series", f"expected at most {MOST_METRICS} metrics of Sparkplug B")
        return self._nodes.setdefault(address, Node())

    def _take(self, address: tuple[str, str], kind: str, device: str, message: Any) -> Node:  # noqa: ANN401 - of a class made at run time
        """The node of a message, with what the message changes."""
        described = message.metrics if kind in BIRTHS else ()
        metrics = [known for metric in described if (known := _known(metric, device)) is not None]
        node = self._node(address, len(metrics))
        if kind == "NBIRTH":
            node.be_born(metrics, _sequence(message), _session(message))
        elif kind == "NDEATH":
            node.die(_session(message))
        else:
            node.hear(_sequence(message))
        if kind in ("NBIRTH", "NDEATH"):
            self._turns.leave(address)
        if kind in ("DBIRTH", "DDEATH"):
            node.describe(device, metrics)
        self._changed.add(address)
        if kind in ("NBIRTH", "DBIRTH", "DDEATH"):
            self._born.add(address)
        return node


def _parts(topic: str) -> tuple[str, tuple[str, str], str]:
    """Kind of a message, group and node, and device or `""`.

    Raises:
        PayloadError: the topic is none of Sparkplug B, or one whose messages hold no measurement.
    """
    namespace, *levels = topic.split("/")
    if namespace == "STATE" or (namespace == NAMESPACE and levels[:1] == ["STATE"]):
        raise PayloadError("unwanted", "the state of a host holds no measurement")
    if namespace == NAMESPACE and len(levels) > 2 and all(levels):
        group, kind, node, *device = levels
        if kind in COMMANDS:
            raise PayloadError("unwanted", f"this {kind} holds no measurement")
        if LEVELS.get(kind) == len(levels):
            return kind, (group, node), "".join(device)
    raise PayloadError("bad_payload", "expected a topic such as spBv1.0/GROUP/DDATA/NODE/DEVICE")


def _rows(node: Node, device: str, message: Any) -> Iterator[PayloadError | dict[str, object]]:  # noqa: ANN401 - as above
    for metric in message.metrics:
        try:
            known = _explained(node, device, metric)
            if known.name.startswith(OWN):
                continue
            check_quality(metric)
            row = {"name": known.name, "value": read_value(metric, known.kind), "type": NAMES[known.kind]}
        except PayloadError as error:
            yield error
            continue
        if metric.HasField("timestamp") or message.HasField("timestamp"):
            row["time"] = metric.timestamp if metric.HasField("timestamp") else message.timestamp
        yield row if known.unit is None else {**row, "unit": known.unit}


def _known(metric: Any, device: str) -> Known | None:  # noqa: ANN401 - as above
    """What the birth of a metric says; None where it says too little."""
    if not metric.name or metric.datatype not in NAMES:
        return None
    unit = properties_of(metric).get("engUnit")
    alias = metric.alias if metric.HasField("alias") else None
    return Known(device, text_of(metric.name), metric.datatype, alias, text_of(unit.string_value) or None if unit else None)


def _explained(node: Node, device: str, metric: Any) -> Known:  # noqa: ANN401 - as above
    """Name and data type of a metric, which it says itself or its birth has said.

    Raises:
        PayloadError: neither says them (`no_birth`).
    """
    name = text_of(metric.name)
    known = node.by_name(device, name) if name else node.by_alias(metric.alias) if metric.HasField("alias") else None
    if name and metric.datatype in NAMES:
        return Known(device, name, metric.datatype, unit=known.unit if known is not None else None)
    if known is None or known.device != device or metric.datatype not in (0, known.kind):
        which = f"metric {quoted(name)}" if name else f"metric number {metric.alias}"
        raise PayloadError("no_birth", f"no birth says what {which} is, or messages since then are missing")
    return known


def _request(address: tuple[str, str], node: Node, now: int, waiting: int) -> Request:
    group, name = address
    topic = f"{NAMESPACE}/{group}/NCMD/{name}"
    message = payload_class()(timestamp=now // 1_000_000)
    message.metrics.add(name=REBIRTH, datatype=BOOLEAN, boolean_value=True)
    where = quoted(f"{group}/{name}")
    text = f"Sparkplug node {where}: messages are missing, and what its data means is not sure; its birth is asked for"
    if node.standing.requests > PATIENCE:
        what = "its data is read by the names of its last birth" if node.standing.silent else "its data cannot be read"
        text = (
            f"Sparkplug node {where} has not answered {node.standing.requests - 1} requests for its birth, and {what}; "
            f"let this agent publish to {quoted(topic)}, or restart the node"
        )
    if waiting:
        text += f"; {waiting} more nodes wait for their turn, {A_SECOND} in a second"
    return Request(topic, message.SerializeToString(), text)


def _series(address: tuple[str, str], device: str, name: str) -> str:
    """Group, node, device and metric joined with dots; where one of them holds a dot, with slashes and one before them all.

    No two metrics share a name: no group, node or device holds a slash, and a metric of the node itself has two in a row.
    """
    if any("." in level for level in (*address, device, name)):
        return "/".join(("", *address, device, name))
    return ".".join((*address, device, name) if device else (*address, name))


def _sequence(message: Any) -> int | None:  # noqa: ANN401 - as above
    return message.seq if message.HasField("seq") else None


def _session(message: Any) -> int | None:  # noqa: ANN401 - as above
    for metric in message.metrics:
        if metric.name == b"bdSeq":
            return int(metric.long_value or metric.int_value)
    return None

"""`sparkplug`: Sparkplug B, where births say what the numbers in later messages mean.

Births, data and deaths are those of the Sparkplug specification 3.0. A metric that is named by a number alone is read only
while no message is missing since the birth that explains the number; else the node is asked for a new birth when its
turn comes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edge.errors import PayloadError
from edge.messages.formats.payload import LONGEST_NAME, Options, Request, takes_more, text_of
from edge.messages.formats.sparkplug.node import PATIENCE, Known, Node
from edge.messages.formats.sparkplug.nodes import Limits, Nodes
from edge.messages.formats.sparkplug.schema import parse_payload, payload_class
from edge.messages.formats.sparkplug.turns import A_SECOND, Address, Turns
from edge.messages.formats.sparkplug.values import BOOLEAN, NAMES, check_quality, properties_of, read_value
from edge.quoting import quoted

NAMESPACE = "spBv1.0"
OWN = ("bdSeq", "Node Control/", "Device Control/")  # what metrics of the protocol begin with
REBIRTH = b"Node Control/Rebirth"
LEVELS = {"NBIRTH": 3, "NDATA": 3, "NDEATH": 3, "DBIRTH": 4, "DDATA": 4, "DDEATH": 4}  # below the namespace
BIRTHS, DEATHS, COMMANDS = ("NBIRTH", "DBIRTH"), ("NDEATH", "DDEATH"), ("NCMD", "DCMD")


class Sparkplug:
    """All nodes of Sparkplug B that this device hears.

    Args:
        options: options that are not used; a payload of Sparkplug says everything itself.
        limits: limits of what is kept of nodes.
    """

    def __init__(self, options: Options | None = None, limits: Limits | None = None) -> None:
        del options
        payload_class()  # what is not installed is missed here, and not at the first message
        self._turns = Turns()
        self._nodes = Nodes(limits or Limits(), self._turns.leave)

    def read(self, topic: str, payload: bytes, arrival: int) -> list[object]:
        """The metrics of a message, an object each; what cannot be read is an error in its place.

        Raises:
            PayloadError: no message of Sparkplug B (`bad_payload`), or one that holds no measurement (`unwanted`).
        """
        kind, address, device = _parts(topic)
        message = parse_payload(payload)
        node = self._take(address, kind, device, message, arrival)
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
        asked = self._turns.come(now)
        return [_request(address, self._nodes.ask(address, now), now, len(self._turns)) for address in asked]

    def dump(self, *, whole: bool = False) -> dict[str, bytes]:
        """As `Stateful.dump`."""
        return self._nodes.dump(whole=whole)

    def load(self, entries: Mapping[str, bytes]) -> None:
        """As `Stateful.load`.

        Raises:
            ValueError: it is damaged, or of another version.
        """
        self._nodes.load(entries)

    def _take(self, address: Address, kind: str, device: str, message: Any, arrival: int) -> Node:  # noqa: ANN401 - of a class made at run time
        """The node of a message, with what the message changes."""
        described = message.metrics if kind in BIRTHS else ()
        metrics = [known for metric in described if (known := _known(metric, device)) is not None]
        if kind in ("NBIRTH", "NDEATH"):
            self._turns.leave(address)
        if kind == "NBIRTH":
            return self._bear(address, metrics, message, arrival)
        node = self._nodes.hear(address, arrival)
        if node is None:
            return self._nodes.find(address) if kind == "NDEATH" else self._nodes.remember(address)
        if kind == "NDEATH":
            node.die(_session(message))
            return node
        node.hear(_sequence(message))
        if kind in ("DBIRTH", "DDEATH"):
            node.describe(device, ())  # where there is no room for the new metrics, those of before mean nothing any more
            self._nodes.make_room(address, node.after(device, metrics), arrival)
            node.describe(device, metrics)
        return node

    def _bear(self, address: Address, metrics: list[Known], message: Any, arrival: int) -> Node:  # noqa: ANN401 - as above
        try:
            node = self._nodes.make_room(address, metrics, arrival)
        except PayloadError:
            self._nodes.find(address).die(None)  # what it said before holds no longer
            raise
        node.be_born(metrics, _sequence(message), _session(message))
        return node


def _parts(topic: str) -> tuple[str, Address, str]:
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
            yield error.kept()
            continue
        if metric.HasField("timestamp") or message.HasField("timestamp"):
            row["time"] = metric.timestamp if metric.HasField("timestamp") else message.timestamp
        yield row if known.unit is None else {**row, "unit": known.unit}


def _known(metric: Any, device: str) -> Known | None:  # noqa: ANN401 - as above
    """What the birth of a metric says; None where it says too little.

    A name that is too long to be stored is not kept, but its number is: data that comes by it needs no other birth.
    """
    name = text_of(metric.name)
    if not name or metric.datatype not in NAMES:
        return None
    unit = properties_of(metric).get("engUnit")
    unit_text = text_of(unit.string_value) if unit else ""
    alias = metric.alias if metric.HasField("alias") else None
    return Known(device, _kept(name), metric.datatype, alias, _kept(unit_text) or None)


def _kept(text: str) -> str:
    return "" if takes_more(text, LONGEST_NAME) else text


def _explained(node: Node, device: str, metric: Any) -> Known:  # noqa: ANN401 - as above
    """Name and data type of a metric, which it says itself or its birth has said.

    Raises:
        PayloadError: neither says them (`no_birth`), or the name is too long (`no_name`).
    """
    name = text_of(metric.name)
    if takes_more(name, LONGEST_NAME):
        raise PayloadError("no_name", f"expected a name of at most {LONGEST_NAME} characters, got {quoted(name)}")
    known = node.by_name(device, name) if name else node.by_alias(metric.alias) if metric.HasField("alias") else None
    if name and metric.datatype in NAMES:
        return Known(device, name, metric.datatype, unit=known.unit if known is not None else None)
    if known is None or known.device != device or metric.datatype not in (0, known.kind):
        which = f"metric {quoted(name)}" if name else f"metric number {metric.alias}"
        raise PayloadError("no_birth", f"no birth says what {which} is, or messages since then are missing")
    if not known.name:
        raise PayloadError("no_name", f"metric number {metric.alias} has a name of more than {LONGEST_NAME} characters")
    return known


def _request(address: Address, node: Node, now: int, waiting: int) -> Request:
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


def _series(address: Address, device: str, name: str) -> str:
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

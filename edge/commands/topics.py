"""`gatecast-agent topics`: what the running agent made of each topic, and why it skipped what it skipped."""

import argparse
import json
import time
from collections.abc import Iterable
from http.client import HTTPException
from typing import Any
from urllib.request import ProxyHandler, build_opener

import msgspec

from edge.commands.options import add_config
from edge.errors import ConfigurationError, GatecastError
from edge.messages.topics import UNHEARD
from edge.quoting import one_line, quoted

TEXT = "list the topics of the running agent, and what was skipped"
DESCRIPTION = "List the topics of the running agent: last message, readings, and why messages were skipped."
SHOWN = 40  # topics that are listed without --all
SHOWN_RULES = 5
TIMEOUT = 10.0  # seconds
SECOND = 1_000_000_000  # ns
LONGEST = 60  # characters of a topic in the table


class Topic(msgspec.Struct):
    """A topic as the agent's page tells of it; the fields are those of `TopicRecord`."""

    topic: str
    rules: list[str]
    seen: int
    messages: int
    readings: int
    too_late: int
    skipped: dict[str, int]
    reason: str
    payload: str

    @property
    def troubled(self) -> bool:
        """Whether something was skipped that was not meant to be: what brokers keep comes by the dozen at every start."""
        return self.too_late > 0 or not UNHEARD.issuperset(self.skipped)


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `topics` to the commands."""
    command = commands.add_parser("topics", help=TEXT, description=DESCRIPTION)
    add_config(command)
    command.add_argument("--all", action="store_true", help=f"list every topic; default: {SHOWN}, trouble first")
    command.add_argument("--json", action="store_true", help="print everything as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Ask the agent and print its answer.

    Returns:
        0.

    Raises:
        ConfigurationError: the agent has no page.
        GatecastError: the agent does not answer.
    """
    from edge.config.reading import read_config

    config = read_config(options.config)
    topics = ask(config.agent.health)
    if options.json:
        print(json.dumps({"topics": [msgspec.to_builtins(topic) for topic in topics]}))
        return 0
    for line in table(topics, time.time_ns(), None if options.all else SHOWN):
        print(line)
    rules = dict.fromkeys(ingest.topic for ingest in config.ingests())
    heard = {rule for topic in topics for rule in topic.rules}
    silent = [rule for rule in rules if rule not in heard]
    if topics and silent:
        names = ", ".join(map(quoted, silent[:SHOWN_RULES])) + (", ..." if len(silent) > SHOWN_RULES else "")
        print(f"nothing has come for {len(silent)} of {len(rules)} [[ingest]] topics: {names}; check how they are written")
    return 0


def ask(listen: str) -> list[Topic]:
    """The topics of the agent whose health page is there.

    Raises:
        ConfigurationError: `[agent] health` is off.
        GatecastError: nothing answers there, or something else does.
    """
    if listen == "off":
        raise ConfigurationError("[agent] health is off; set it to 127.0.0.1:9273 and restart the agent")
    try:
        # The page is on this machine, where a proxy of the environment has nothing to do.
        with build_opener(ProxyHandler({})).open(f"http://{listen}/topics", timeout=TIMEOUT) as answer:
            return msgspec.json.decode(answer.read(), type=list[Topic])
    except (OSError, HTTPException, msgspec.MsgspecError) as error:
        reason = getattr(error, "reason", None) or error
        raise GatecastError(
            f"no agent answers at {listen} ({reason}); start it with gatecast-agent run, or check [agent] health"
        ) from error


def table(topics: Iterable[Topic], now: int, most: int | None) -> list[str]:
    """Lines for people: topics in trouble first, then those that are skipped on purpose; each with the newest reason.

    Args:
        topics: topics in any order.
        now: time of the clock, ns UTC.
        most: largest number of topics; None: all.
    """
    from edge.clock.belated import ADVICE, WHY

    ordered = sorted(topics, key=lambda topic: (not topic.troubled, not topic.skipped, topic.readings > 0, topic.topic))
    if not ordered:
        return ["no message has come yet; check [mqtt] url and the topics of [[ingest]]"]
    shown = ordered[:most]
    names = [one_line(topic.topic)[:LONGEST] for topic in shown]
    width = max(len("topic"), *map(len, names))
    lines = [f"{'topic':<{width}}  {'last seen':>10}  {'messages':>8}  {'readings':>8}  {'too late':>8}  skipped"]
    for name, topic in zip(names, shown, strict=True):
        skipped = ", ".join(f"{kind} {count}" for kind, count in sorted(topic.skipped.items(), key=lambda item: -item[1]))
        age = f"{max(0, now - topic.seen) // SECOND} s ago"
        numbers = f"{topic.messages:>8}  {topic.readings:>8}  {topic.too_late:>8}"
        lines.append(f"{name:<{width}}  {age:>10}  {numbers}  {skipped or '-'}")
        if topic.skipped:
            lines.append(f"  {one_line(topic.reason)}; payload {one_line(topic.payload)}")
        if topic.too_late:
            lines.append(f"  too late: {WHY}; {ADVICE}")
    if rest := ordered[len(shown) :]:
        fine = sum(not topic.troubled for topic in rest)
        lines.append(f"and {len(rest)} more topics, {fine} of them without trouble; --all lists them")
    return lines

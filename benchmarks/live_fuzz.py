"""Mutated payloads through a running agent: every message is accounted for, and the agent takes the next one as before.

    python benchmarks/live_fuzz.py --payloads 1000000 --seed 0

publishes the payloads of `benchmarks/payload_fuzz.py` at QoS 1 through mosquitto to `gatecast-agent run`, one agent for each
set of rules, with a sound reading of another sensor after each thousand. The messages that the agent says it has taken, used
and skipped must be as many as were published, each sound reading must be in the store, and `/healthz` must answer 200. A last
agent gets nestings of every depth up to `--depth`, of lists and objects. Printed are the counts, and resident memory after the
first tenth and at the end. Exit code 1 says that something is missing, or that the agent ended.
"""

import argparse
import json
import socket
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from random import Random

from ending import run_to_end
from payload_fuzz import GROUPS, MOST_SERIES, batches, rules_of, shares

from edge.agent.counters import Counter, Gauge
from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.errors import GatecastError
from edge.messages.rule import IngestRule
from pipeline.discovery.toml_text import section
from tests.support.agent_process import START, Running, baseline_bundle, configure, release, running
from tests.support.servers import HANGS_AFTER, Mosquitto, wait_until

EACH = 1000  # payloads for each sound reading
SOUND = IngestRule("sound/{device}", series="sound.{device}")
REQUESTS = "spBv1.0/+/NCMD/+"
NESTED = IngestRule("nested/{device}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the messages of one agent.

    Args:
        sent: messages that were published, those included by which the agent asks a Sparkplug node for its birth.
        taken: messages that the agent has taken.
        used: messages that gave a reading.
        skipped: messages that gave none.
        missing: sound readings that are not in the store.
        resident: resident memory after the first tenth, MB.
        at_end: resident memory at the end, MB.
        status: status of `/healthz` at the end.
    """

    sent: int
    taken: int
    used: int
    skipped: int
    missing: int
    resident: float
    at_end: float
    status: int

    @property
    def complete(self) -> bool:
        """Whether every message is accounted for, and the agent is well."""
        return self.sent == self.taken == self.used + self.skipped and self.missing == 0 and self.status == 200


def publish(port: int, messages: Iterable[tuple[str, bytes]]) -> int:
    """Publish at QoS 1 over one connection, and wait until the broker has acknowledged all; returns their number."""
    sent = acknowledged = 0
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04fuzz")
        wire.recv(4)
        waiting = iter(messages)
        while batch := list(islice(waiting, 200)):
            wire.sendall(b"".join(packet(topic, payload, sent + place) for place, (topic, payload) in enumerate(batch)))
            sent += len(batch)
            while acknowledged < 4 * (sent - 2000):
                acknowledged += _received(wire)
        while acknowledged < 4 * sent:
            acknowledged += _received(wire)
    return sent


def _received(wire: socket.socket) -> int:
    """Bytes of acknowledgements that have come."""
    received = wire.recv(65_536)
    if not received:
        raise GatecastError("the broker closed the connection of the publisher")
    return len(received)


def packet(topic: str, payload: bytes, number: int) -> bytes:
    """PUBLISH at QoS 1."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + (number % 65_535 + 1).to_bytes(2, "big") + payload
    length, left = b"", len(body)
    while left > 127:
        length, left = length + bytes([left & 127 | 128]), left >> 7
    return b"\x32" + length + bytes([left]) + body


def nestings(depth: int) -> Iterator[tuple[str, bytes]]:
    """Lists and objects of every depth, whole and cut, as a value, as a time and alone."""
    for number in range(1, depth + 1):
        for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
            inner = opened * number + b"1" + closed * number
            yield "nested/a", b'{"value":' + inner + b',"time":1789999200}'
            yield "nested/a", b'{"value":1,"time":' + inner + b"}"
            yield "nested/a", inner
            yield "nested/a", opened * number


def with_sound(messages: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The messages, with a sound reading after each thousand and at the end."""
    count = 0
    for count, message in enumerate(messages, 1):
        yield message
        if count % EACH == 0:
            yield _sound(count // EACH)
    yield _sound(count // EACH + 1)


def _sound(number: int) -> tuple[str, bytes]:
    return "sound/door", b'{"value":%d,"time":%d}' % (number, START // 1_000_000_000 + number)


def run(rules: Sequence[IngestRule], messages: Iterable[tuple[str, bytes]], count: int) -> Outcome:
    """Send messages to an agent of their own.

    Args:
        rules: its rules.
        messages: topics and payloads.
        count: number of the messages, about; memory is read after the first tenth of them.
    """
    with tempfile.TemporaryDirectory(prefix="gatecast-fuzz-") as name:
        folder = Path(name)
        with Mosquitto(folder / "mosquitto") as broker:
            channel = release(folder / "registry", baseline_bundle())
            config = configure(folder, broker.url, f"sqlite:///{folder}/store.db", channel, max_series=MOST_SERIES)
            text = config.read_text()
            head, _, rest = text.partition("[[ingest]]")
            config.write_text(
                head + "\n".join(section(rule) for rule in (*rules, SOUND)) + "\n" + rest[rest.index("[store]") :]
            )
            with running(config) as agent, _requests(broker.port) as requests:
                stream = with_sound(messages)
                sent = publish(broker.port, islice(stream, count // 10))
                _settle(agent, sent)
                resident = agent.memory("VmRSS")
                sent += publish(broker.port, stream)
                _settle(agent, sent)
                asked = len(requests.take(1_000_000, 1.0))
                numbers = (Counter.MESSAGES, Counter.MESSAGES_USED, Counter.MESSAGES_SKIPPED)
                taken, used, skipped = (int(agent.number(number)) for number in numbers)
                at_end, status = agent.memory("VmRSS"), agent.health()[0]
            with closing(sqlite3.connect(folder / "store.db")) as store:
                query = "SELECT count(*) FROM reading JOIN series ON id = series WHERE name = 'sound.door' AND value > 0"
                stored = store.execute(query).fetchone()[0]
    return Outcome(sent + asked, taken, used, skipped, (sent - 1) // (EACH + 1) + 1 - stored, resident, at_end, status)


@contextmanager
def _requests(port: int) -> Iterator[Subscriber]:
    """The messages by which the agent asks a node for its birth; its own rule for Sparkplug takes them too."""
    listener = Subscriber(Address("127.0.0.1", port, tls=False, user=None), Subscription("listener", [REQUESTS]))
    listener.start()
    try:
        wait_until(lambda: listener.problem is None, what="the listener's connection")
        yield listener
    finally:
        listener.stop()


def _settle(agent: Running, sent: int) -> None:
    """Wait until the agent has taken and stored everything."""

    def settled() -> bool:
        if (reason := agent.process.died()) is not None:
            raise GatecastError(f"the agent ended: {reason}")
        return agent.number(Counter.MESSAGES) >= sent and agent.number(Gauge.BACKLOG_BYTES) == 0

    wait_until(settled, seconds=HANGS_AFTER, what=f"taking {sent:,} messages")


def main() -> int:
    """Run, and print a line for each agent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payloads", type=int, default=1_000_000, help="number of mutated messages (default 1,000,000)")
    parser.add_argument("--depth", type=int, default=3000, help="deepest nesting (default 3,000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the changes (default 0)")
    options = parser.parse_args()
    parts: list[tuple[str, list[IngestRule], Iterator[tuple[str, bytes]], int]] = [
        (name, rules_of(GROUPS[name]), chain.from_iterable(batches(GROUPS[name], share, Random(options.seed))), share)  # noqa: S311
        for name, share in shares(options.payloads).items()
    ]
    parts.append(("nestings", [NESTED], nestings(options.depth), 8 * options.depth))
    complete, total = True, 0
    for name, rules, messages, count in parts:
        outcome = run(rules, messages, count)
        figures = {field: getattr(outcome, field) for field in Outcome.__slots__}
        print(json.dumps({"rules": name, **figures, "complete": outcome.complete}), flush=True)
        complete, total = complete and outcome.complete, total + outcome.sent
    print(f"{total:,} messages: {'every one accounted for' if complete else 'see above what is missing'}")
    return 0 if complete else 1


if __name__ == "__main__":
    run_to_end("live_fuzz", main)

"""Mutated payloads of every format, many rules and all presets through the agent's intake: no crash, none without a count.

    python benchmarks/payload_fuzz.py --payloads 1000000 --seed 0

takes payloads as devices send them, changes most of them in one to four places, and lets the intake read them, 500 messages
at a time. After each batch it compares: messages taken are messages used and messages skipped; there are as many readings as
messages used, or more; there are as many reasons as messages skipped, or more; no reading has a value that is not finite or a
time out of bounds; nothing failed in a way that nobody expected (`bad_message`). The first difference ends the run with the
payload.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from edge.clock.trust import Trust
from edge.contract.columns import SeriesTable
from edge.errors import PayloadFault
from edge.log import Grumbler
from edge.messages.intake import Intake
from edge.messages.message import Message
from edge.messages.presets.table import PRESETS
from edge.messages.reading import Naming, make_ingests
from edge.messages.rule import IngestRule, ValueRule
from tests.support import home_payloads, network_payloads, plain_payloads, shelly_payloads
from tests.support.payloads import NOON, line, pack, sparkplug, table

BATCH = 500  # messages
NOW = 1_795_715_720_000_000_000  # 2026-11-26T17:55:20Z, ns; after the times of all payloads
MOST_SERIES = 5_000
CHANCES = (5, 60, 20, 10, 5)  # percent of the payloads with no change, one, two, three and four
SECONDS = NOON // 1_000_000_000
TASMOTA = (
    b'{"Time":"2026-01-15T12:00:00","AM2301":{"Temperature":21.6,"Humidity":54.1,"DewPoint":12.0},'
    b'"ENERGY":{"Total":3.185,"Power":[12,34],"Factor":0.94},"TempUnit":"C"}'
)
LIST = (
    b'{"timestamp":1768478400000,"values":[{"id":"PLC1.T1","v":63.5,"q":true,"t":1768478400000},'
    b'{"id":"PLC1.T2","v":7,"t":1768478401000}]}'
)
BIRTH = sparkplug(
    0,
    {"name": "bdSeq", "datatype": 4, "long_value": 0},
    {"name": "Temperature", "alias": 1, "datatype": 9, "float_value": 21.5},
    {"name": "Count", "alias": 2, "datatype": 3, "int_value": 7, "properties": {"engUnit": "l", "Quality": 192}},
    {"name": "On", "alias": 3, "datatype": 11, "boolean_value": True},
)
CPU = line("cpu", {"cpu": "cpu 0", "host": "a,b"}, {"idle": 92.5, "n": 3, "ok": True}).encode()
TELEGRAF = CPU + b'\n# x\nmem used=1u,s="a b"'
DATA = sparkplug(1, {"alias": 1, "float_value": 2.5}, {"alias": 2, "int_value": 8})
DEVICE_BIRTH = sparkplug(2, {"name": "x", "alias": 9, "datatype": 8, "long_value": 1 << 63})
# Words that devices write where a number is expected, and what has broken readers of payloads before.
WORDS = (
    *(b"nan", b"NaN", b"-inf", b"null", b"true", b'""', b"[]", b"{}", b"1e999", b"-0", b"0x1F", b"1_000", b"21,5"),
    *(b"9" * 40, b"[" * 1200, b'{"a":' * 1200, b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "\u0663°".encode(), b";"),
    *(b",", b"=", b"\\", b'"', b"\t", b"\r\n", b"21.5 C", b"on", b"unavailable", b"2026-13-01", b"24:00", b"%s{0}"),
    str(NOON).encode(),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A payload as a device sends it.

    Args:
        name: format, and what is particular.
        topic: topic of the message.
        payload: its bytes.
        rules: rules of the topic.
        whole: whether the payload is never changed, as others need it.
    """

    name: str
    topic: str
    payload: bytes
    rules: tuple[IngestRule, ...] = ()
    whole: bool = False


SPARKPLUG = IngestRule("spBv1.0/#", format="sparkplug")
STATES = {"on": 1.0, "off": 0.0, "true": 1.0}
SAMPLES = (
    Sample("json", "json/roof/temp", b'{"value":21.5,"time":"2026-01-15T12:00:00Z"}', (IngestRule("json/{site}/{metric}"),)),
    Sample(
        "json, several",
        "tele/plug/SENSOR",
        TASMOTA,
        (
            IngestRule("tele/{device}/SENSOR", value="*", time="Time", timezone="Europe/Berlin", drop=("*.DewPoint",)),
            IngestRule(
                "tele/{device}/+",
                series="second.{device}.{key}",
                values={"t": ValueRule("AM2301.Temperature", min=-40, max=85, ignore=(85.0,)), "p": "ENERGY.Power.1"},
                time="Time",
                scale=0.1,
                offset=-1,
            ),
        ),
    ),
    Sample(
        "json, list",
        "plc/hall",
        LIST,
        (
            IngestRule("plc/{hall}", each="values", value="v", series="{hall}.{$.id}", tags={"id": "{$.id}"}, time="t"),
            IngestRule("plc/{rest...}", each="values", value="v", series="all.{rest}.{each}", time="timestamp", map=STATES),
        ),
    ),
    Sample("plain", "plain/kitchen", b"21.5", (IngestRule("plain/{room}", format="plain", map=STATES),)),
    Sample(
        "plain, unit",
        "unit/kitchen",
        "21,5 °C".encode(),
        (IngestRule("unit/{room}", format="plain", suffix=True, decimal=","),),
    ),
    Sample(
        "csv",
        "csv/logger",
        table([("time", "temp", "hum"), ("2026-01-15T12:00:00Z", 21.5, 60), (SECONDS, -1, "")]),
        (IngestRule("csv/{device}", format="csv", value="*"),),
    ),
    Sample(
        "csv, columns",
        "table/logger",
        b"1768478400;21,5\n1768478460;21,6\n",
        (IngestRule("table/{device}", format="csv", columns=("time", "temp"), value="temp", decimal=","),),
    ),
    Sample(
        "line_protocol",
        "telegraf/gw/cpu",
        TELEGRAF,
        (IngestRule("telegraf/#", format="line_protocol"),),
    ),
    Sample(
        "senml",
        "senml/box",
        pack({"bn": "urn:dev:1:", "bt": SECONDS, "bu": "Cel", "n": "t", "v": 21.5}, {"n": "h", "t": -3, "u": "%RH", "v": 60}),
        (IngestRule("senml/{box}", format="senml"),),
    ),
    Sample("sparkplug, birth", "spBv1.0/G/NBIRTH/N", BIRTH, (SPARKPLUG,)),
    Sample("sparkplug, whole birth", "spBv1.0/G/NBIRTH/N", BIRTH, whole=True),
    Sample(
        "sparkplug, data", "spBv1.0/G/NDATA/N", sparkplug(1, {"alias": 1, "float_value": 2.5}, {"alias": 2, "int_value": 8})
    ),
    Sample("sparkplug, device", "spBv1.0/G/DBIRTH/N/D", DEVICE_BIRTH),
    Sample("sparkplug, death", "spBv1.0/G/NDEATH/N", sparkplug(None, {"name": "bdSeq", "long_value": 0})),
)


def _devices() -> dict[str, tuple[Sample, ...]]:
    """Payloads of devices by the preset that reads them."""
    modules = (home_payloads, network_payloads, plain_payloads, shelly_payloads)
    tables = [table for module in modules for name, table in vars(module).items() if name.isupper() and name[0] != "_"]
    samples = [sample for table in tables for sample in table]
    return {
        preset: tuple(
            Sample(sample.device, sample.topic, sample.bytes, (IngestRule(preset=preset),))
            for sample in samples
            if sample.preset == preset
        )
        for preset in PRESETS
    }


# Rules of one intake each: those of different presets may take the same topics.
GROUPS = {"formats": SAMPLES} | _devices()


def mutated(payload: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """A payload that is changed in no place to four places, mostly in one.

    Args:
        payload: bytes that a device sends.
        others: payloads that parts are taken from.
        random: source of chance.
    """
    for _ in range(random.choices(range(len(CHANCES)), CHANCES)[0]):
        payload = random.choice(CHANGES)(payload, others, random)[:70_000]
    return payload


def _flip(payload: bytes, others: Sequence[bytes], random: Random) -> bytes:
    del others
    data = bytearray(payload)
    for _ in range(random.randint(1, 3)):
        if data:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def _cut(payload: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start, end = sorted((random.randint(0, len(payload)), random.randint(0, len(payload))))
    return payload[:start] + payload[end:] if random.random() < 0.7 else payload[:start]


def _insert(payload: bytes, _: Sequence[bytes], random: Random) -> bytes:
    position = random.randint(0, len(payload))
    return payload[:position] + random.choice(WORDS) + payload[position:]


def _replace_number(payload: bytes, _: Sequence[bytes], random: Random) -> bytes:
    digits = [position for position, byte in enumerate(payload) if 48 <= byte < 58]
    if not digits:
        return payload
    start = end = random.choice(digits)
    while end < len(payload) and payload[end] in b"0123456789.":
        end += 1
    return payload[:start] + random.choice(WORDS) + payload[end:]


def _repeat(payload: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start, end = sorted((random.randint(0, len(payload)), random.randint(0, len(payload))))
    return payload[:end] + payload[start:end] * random.randint(1, 3) + payload[end:]


def _splice(payload: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others)
    return payload[: random.randint(0, len(payload))] + other[random.randint(0, len(other)) :]


def _encode(payload: bytes, _: Sequence[bytes], random: Random) -> bytes:
    encoding = random.choice(("utf-16", "utf-16-be", "latin-1", "utf-8-sig"))
    return payload.decode("latin-1").encode(encoding, "replace")


Change = Callable[[bytes, Sequence[bytes], Random], bytes]
CHANGES: tuple[Change, ...] = (_flip, _flip, _cut, _insert, _replace_number, _replace_number, _repeat, _splice, _encode)


def rules_of(samples: Sequence[Sample]) -> list[IngestRule]:
    """The rules of samples, each once."""
    rules: list[IngestRule] = []
    for rule in (rule for sample in samples for rule in sample.rules):
        rules += [rule] if rule not in rules else []
    return rules


@dataclass(slots=True)
class Desk:
    """An intake, and what it counted.

    Args:
        samples: payloads that it gets; their rules are its rules.
    """

    samples: Sequence[Sample]
    counts: Counter[str] = field(default_factory=Counter)
    intake: Intake = field(init=False)
    readings: int = 0
    used: int = 0
    skipped: int = 0

    def __post_init__(self) -> None:
        """Make the intake."""
        trust = Trust(lambda _: None, 0.0)
        trust.look(NOW, 0.0, synchronised=True)
        self.intake = Intake(
            Naming(SeriesTable(), make_ingests(rules_of(self.samples)), MOST_SERIES),
            count=self._count,
            arrival=lambda _: None,
            grumbler=Grumbler(lambda _: None, lambda: 0.0),
            trust=trust,
        )

    def _count(self, fault: PayloadFault, number: int) -> None:
        self.counts[fault] += number

    def take(self, batch: Sequence[tuple[str, bytes]]) -> str | None:
        """Take messages; returns what is wrong with what came of them, or None."""
        before = self.counts.total()
        messages = [Message(topic, payload, NOW, retained=False, mid=0, qos=0, session=1) for topic, payload in batch]
        rows, intake = self.intake.take(messages), self.intake
        number = len(rows) + len(intake.held)
        self.readings += number
        self.used += intake.used
        self.skipped += intake.skipped
        if intake.used + intake.skipped != len(batch):
            return f"{len(batch)} messages, but {intake.used} used and {intake.skipped} skipped"
        if number < intake.used:
            return f"{intake.used} messages used, but {number} readings"
        if self.counts.total() - before < intake.skipped:
            return f"{intake.skipped} messages skipped, but {self.counts.total() - before} reasons"
        if self.counts["bad_message"]:
            return "a payload failed in a way that nobody expected"
        if not np.all(rows.finite) or not np.all(rows.dated):
            return "a reading is not finite, or of no time"
        return None


def batches(samples: Sequence[Sample], payloads: int, random: Random) -> Iterator[list[tuple[str, bytes]]]:
    """Mutated payloads of all samples in turn, with the topic of each."""
    originals = [sample.payload for sample in samples]
    for start in range(0, payloads, BATCH):
        chosen = [samples[number % len(samples)] for number in range(start, min(start + BATCH, payloads))]
        yield [
            (sample.topic, sample.payload if sample.whole else mutated(sample.payload, originals, random)) for sample in chosen
        ]


def culprit(samples: Sequence[Sample], batch: Sequence[tuple[str, bytes]]) -> str:
    """The message of a batch with which an intake of its own goes wrong, as far as that can be said."""
    for topic, payload in batch:
        wrong = Desk(samples).take([(topic, payload)])
        if wrong is not None:
            return f"{wrong}: {payload[:2000]!r} on {topic}"
    return "no message of the batch goes wrong alone"


def run(samples: Sequence[Sample], payloads: int, seed: int) -> tuple[Desk, str | None]:
    """Send payloads through an intake.

    Args:
        samples: payloads to change.
        payloads: number of messages.
        seed: seed of the changes.

    Returns:
        The intake with its counts, and what went wrong, or None.
    """
    desk, random = Desk(samples), Random(seed)  # noqa: S311 - nothing secret
    for batch in batches(samples, payloads, random):
        wrong = desk.take(batch)
        if wrong is not None:
            return desk, f"{wrong}; {culprit(samples, batch)}"
    return desk, None


def main() -> int:
    """Run, and print counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payloads", type=int, default=1_000_000, help="number of messages")
    parser.add_argument("--seed", type=int, default=0, help="seed of the changes")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for name, share in shares(options.payloads).items():
        start = time.perf_counter()
        desk, wrong = run(GROUPS[name], share, options.seed)
        numbers = {"messages": desk.used + desk.skipped, "used": desk.used, "skipped": desk.skipped, "readings": desk.readings}
        total.update(numbers)
        seconds = round(time.perf_counter() - start, 1)
        print(
            json.dumps({"rules": name, **numbers, "reasons": dict(sorted(desk.counts.items())), "seconds": seconds}), flush=True
        )
        if wrong is not None:
            print(wrong)
            return 1
    print(json.dumps({"rules": "all", **total}))
    return 0


def shares(payloads: int) -> dict[str, int]:
    """Payloads for each group: one half for the formats, the others by their number of samples."""
    rest = payloads - payloads // 2
    devices = {name: len(samples) for name, samples in GROUPS.items() if samples is not SAMPLES}
    parts = {name: rest * number // sum(devices.values()) for name, number in devices.items()}
    return {"formats": payloads - sum(parts.values())} | parts


def with_rules(sample: Sample) -> tuple[Sample, ...]:
    """A sample alone, with the rules of its topic."""
    return (sample if sample.rules else Sample(sample.name, sample.topic, sample.payload, (SPARKPLUG,)),)


if __name__ == "__main__":
    sys.exit(main())

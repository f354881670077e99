"""Whether the agent stays as it is for a month: its memory, its files, and every reading in the store once.

    python benchmarks/soak.py --days 30

sends 30 days of 200 series, one reading every four minutes of each, as fast as the agent takes them; the readings close
intervals of a quarter of an hour, with a window of a week. The stream is as streams are: two in a hundred readings arrive up to
an hour late, one in two hundred twice, and each series is silent for three hours once in two days. The store is dead for one of
the days, so that the spool grows. After each day, when the store has everything, a line says what the agent's process takes. At
the end the store is read back. Exit code 1 says that a reading is lost, doubled or wrong, that the largest resident memory of a
day left ±5 % of its middle after the windows were full (at the end of a day the allocator may just have given memory back), or
that the spool did not shrink to what it was before the store died.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, astuple, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from chaos_readings import Publisher, Verdict
from chaos_stores import StoreProcess, a_store
from ending import run_to_end

from edge.agent.counters import Counter, Gauge
from edge.contract.columns import Int64, Points, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import READING, VALUE
from edge.contract.times import SECOND
from edge.stores.store import open_store
from tests.support.agent_process import START, Running, baseline_bundle, configure, release, running
from tests.support.servers import HANGS_AFTER, Mosquitto, wait_until

CONTRACT = Contract(interval=900 * SECOND, window=672, horizon=24)
STEP = 240 * SECOND  # between two readings of a series
A_DAY = 86_400 * SECOND // STEP  # readings of a series
SETTLED = 9  # days after which all windows are full
WITHIN = 0.05  # share of the middle that resident memory may leave it by
LATE, TWICE = 0.02, 0.005  # shares of the readings
SILENT = 45  # readings in a row that a series leaves out, once in two days


class Stream:
    """What is published: messages in order of arrival.

    Args:
        days: length, days.
        series: number of series.
        seed: seed of what is late, doubled and left out.
    """

    def __init__(self, days: int, series: int, seed: int) -> None:
        self.days, self.series, self._seed = days, series, seed

    @cached_property
    def readings(self) -> Int64:
        """Number of each reading that is published, ascending; reading n is of series n modulo their number."""
        every: Int64 = np.arange(self.days * A_DAY * self.series)
        owner, step = every % self.series, every // self.series
        return every[(step + owner * 7) % (2 * A_DAY) >= SILENT]

    @cached_property
    def _arriving(self) -> Int64:
        """Number of the reading in each message."""
        random = np.random.default_rng(self._seed)
        late = np.where(random.random(len(self.readings)) < LATE, random.integers(1, 15 * self.series, len(self.readings)), 0)
        twice = random.random(len(self.readings)) < TWICE
        again = self.readings[twice]
        place = np.concatenate([self.readings + late, again + random.integers(1, 5 * self.series, len(again))])
        return np.concatenate([self.readings, again])[np.argsort(place, kind="stable")]

    @property
    def count(self) -> int:
        """Number of messages."""
        return len(self._arriving)

    def messages_by(self, day: int) -> int:
        """Messages until the end of a day of the stream, counted from 1."""
        return self.count * day // self.days

    def packet(self, message: int) -> bytes:
        """PUBLISH of a message at QoS 1; all are shorter than 128 bytes, which leaves one byte for the length."""
        number = int(self._arriving[message])
        topic = b"sensors/d%d/value" % (number % self.series)
        payload = b'{"time":%d,"value":%.2f}' % (self.moment(number), self.value(number))
        identifier = (message % 65_535 + 1).to_bytes(2, "big")
        return bytes((0x32, 4 + len(topic) + len(payload), 0, len(topic))) + topic + identifier + payload

    def moment(self, number: int) -> int:
        """Time of a reading, ns UTC; the series follow each other within a step."""
        return START + number // self.series * STEP + number % self.series * (STEP // self.series // SECOND * SECOND)

    def value(self, number: int) -> float:
        """A day's wave at a level of its own, two decimals; it tells the reading from those around it."""
        owner, step = number % self.series, number // self.series
        return round(20 + owner % 50 + 5 * float(np.sin(step * 2 * np.pi / A_DAY + owner)) + step % 7 / 100, 2)


@dataclass(frozen=True, slots=True)
class Look:
    """What the agent's process takes after a day of the stream.

    Args:
        day: number of the day, from 1 on.
        resident: resident memory, MB.
        peak: largest resident memory since the look before, MB.
        spool: size of the spool's files, MB.
        descriptors: number of open files.
        threads: number of threads.
        written: bytes that the process caused to be written to the disk so far, MB.
    """

    day: int
    resident: float
    peak: float
    spool: float
    descriptors: int
    threads: int
    written: float


def look(agent: Running, day: int, folder: Path) -> Look:
    """Look at the process and its files."""
    process = Path(f"/proc/{agent.process.process.pid}")
    written = int((process / "io").read_text().split("\nwrite_bytes:")[1].split()[0])
    spool = sum(path.stat().st_size for path in (folder / "state").glob("spool.db*"))
    descriptors, threads = (len(list((process / name).iterdir())) for name in ("fd", "task"))
    peak = agent.memory("VmHWM")
    (process / "clear_refs").write_text("5")  # proc(5): the peak begins anew
    return Look(day, agent.memory("VmRSS"), peak, spool / 1e6, descriptors, threads, written / 1e6)


def compare(url: str, stream: Stream) -> Verdict:
    """Hold all readings of the store against what was sent."""
    table, rows, doubled, wrong = SeriesTable(), np.zeros(stream.days * A_DAY * stream.series, np.int64), 0, 0
    sent = np.zeros(len(rows), bool)
    sent[stream.readings] = True
    values = np.array([stream.value(number) for number in range(len(rows))])
    moments = np.array([stream.moment(number) for number in range(len(rows))])
    with closing(open_store(url)) as store:
        first, last = store.span() or (0, 0)
        for page in _pages(store.read(READING, [VALUE.name], first, last + 1, table)):
            owner = np.asarray([int(name.removeprefix("d").removesuffix(".value")) for name in table.names])[page.series]
            number = (page.time - START) // STEP * stream.series + owner
            known = (number >= 0) & (number < len(rows))
            known[known] &= sent[number[known]] & (moments[number[known]] == page.time[known])
            rows += np.bincount(number[known], minlength=len(rows))
            doubled += int(np.count_nonzero(~known))
            wrong += int(np.count_nonzero(page.readings().value[known] != values[number[known]]))
    return Verdict(int(np.count_nonzero(sent & (rows == 0))), doubled + int(np.maximum(rows - 1, 0).sum()), wrong)


def _pages(pages: Iterator[Points]) -> Iterator[Points]:
    return (page for page in pages if len(page))


def play(agent: Running, store: StoreProcess, publisher: Publisher, stream: Stream, folder: Path) -> Iterator[Look]:
    """Send the stream day by day; the store is dead for the day in the middle."""
    dies = stream.days // 2 + 1  # never the first one: there is nothing in the store before
    for day in range(1, stream.days + 1):
        if day == dies:
            store.kill()
        publisher.send(stream.messages_by(day), unacknowledged=0)
        wait_until(lambda: agent.number(Counter.MESSAGES) >= publisher.sent, seconds=HANGS_AFTER, what="taking a day")
        if day == dies:
            yield look(agent, day, folder)
            store.revive()
        wait_until(lambda: agent.number(Gauge.BACKLOG_BYTES) == 0, seconds=HANGS_AFTER, what="storing a day")
        yield look(agent, day, folder)


def faults(looks: list[Look], verdict: Verdict) -> list[str]:
    """What did not stay as it was, in words."""
    found = [] if verdict.exact else [f"lost {verdict.lost:,}, doubled {verdict.doubled:,}, wrong {verdict.wrong:,}"]
    if (spread := spread_of(settled(looks))) > WITHIN:
        found.append(f"the largest resident memory of a day left its middle by {spread:.1%}")
    before, last = looks[0].spool, looks[-1].spool
    if last > 2 * max(before, 8.0):
        found.append(f"the spool's files take {last:.1f} MB at the end, {before:.1f} MB after the first day")
    return found


def settled(looks: list[Look]) -> list[float]:
    """Largest resident memory of each day from which on the windows are full; of a short stream, of its last day."""
    return [one.peak for one in looks if one.day > SETTLED] or [looks[-1].peak]


def spread_of(peaks: list[float]) -> float:
    """Largest distance from the middle between the smallest and the largest, as a share of the middle."""
    middle = (min(peaks) + max(peaks)) / 2
    return (max(peaks) - middle) / middle


def line(cells: Sequence[object]) -> str:
    """A line of the table."""
    return "".join(f"{cell:>12}" for cell in cells)


def arguments() -> argparse.Namespace:
    """What to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30, help="days of the stream (default 30)")
    parser.add_argument("--series", type=int, default=200, help="number of series (default 200)")
    parser.add_argument("--store", choices=("influxdb", "sqlite"), default="sqlite", help="(default sqlite)")
    parser.add_argument("--seed", type=int, default=1, help="of what is late, doubled and left out (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args()


def main() -> int:
    """Print a line for each day, then what came of it."""
    options = arguments()
    stream = Stream(options.days, options.series, options.seed)
    looks: list[Look] = []
    print(line([field.name for field in fields(Look)]), flush=True)
    with tempfile.TemporaryDirectory(prefix="gatecast-soak-") as name:
        folder = Path(name)
        with Mosquitto(folder / "mosquitto") as broker, a_store(options.store, folder) as store:
            channel = release(folder / "registry", baseline_bundle(CONTRACT, name="seasonal_naive_day"))
            config = configure(folder, broker.url, store.url, channel, max_series=2 * stream.series)
            with running(config) as agent, closing(Publisher(broker.port, stream)) as publisher:
                for look in play(agent, store, publisher, stream, folder):
                    looks.append(look)
                    print(line([f"{value:,.1f}" if isinstance(value, float) else value for value in astuple(look)]), flush=True)
            verdict = compare(store.url, stream)
    if options.json:
        options.json.write_text(json.dumps({"days": [asdict(look) for look in looks], **asdict(verdict)}, indent=1) + "\n")
    print(f"{stream.count:,} messages, {len(stream.readings):,} readings; memory ±{spread_of(settled(looks)):.1%}")
    print(f"lost {verdict.lost:,}, doubled {verdict.doubled:,}, wrong {verdict.wrong:,}")
    found = faults(looks, verdict)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    run_to_end("soak", main)

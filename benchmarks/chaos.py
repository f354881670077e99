"""Whether every reading the broker acknowledged is in the store exactly once after agent, broker and store died many times.

    python benchmarks/chaos.py --readings 1300000 --agent-kills 61 --broker-kills 11 --store-kills 7 --seed 1

A publisher sends readings at QoS 1 and counts the acknowledgements; mosquitto, `gatecast-agent run` and InfluxDB are killed
with `kill -9` when as many readings are sent as the seed says, and started again. SQLite has no process of its own: there a
program that has written half of a transaction into the store's file is killed. At the end, when nothing moves any more, the
store is read back. Exit code 1 says that a row is lost, doubled or wrong; the folder with all logs is kept then.

* `--disk-fills`: another program fills the disk of the agent's state; it needs the right to mount a small one in memory.
* `--removals`: `spool.db` and its companions are removed while the agent runs; it has to notice before it may be killed.
* `--clock-behind`: the agent's clock is behind by so many seconds, and no time service sets it; the readings have right times.
* A kill of the agent counts if readings were on their way when it was dead.
* What the broker acknowledged less than an autosave ago dies with it. So the broker saves, the publisher sends on, the broker
  is killed amid the traffic, and the publisher sends again what was acknowledged after that save.
* Reading n belongs to series n modulo the number of series and has the value n. `--plain` is the share of series whose payload
  is the number alone, so that time is that of arrival. The broker that comes back delivers some of them again, and then
  nobody can tell them from new ones: `--plain` goes without kills of the broker.

`--check URL` compares a store that is there, such as that of a folder which was kept, and kills nothing.
"""

import argparse
import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random

from chaos_readings import START, STEP, Publisher, Readings, check
from chaos_stores import SmallDisk, StoreProcess, a_store
from ending import run_to_end

from edge.agent.counters import Counter, Gauge, Number
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import GatecastError
from tests.support.agent_process import PROGRAM, Running, baseline_bundle, configure, release, running
from tests.support.servers import Mosquitto

CONTRACT = Contract(interval=10 * STEP, window=48, horizon=6)
AHEAD = 20_000  # readings the publisher may be ahead of the store
STALLED = 300.0  # seconds without any progress after which nothing is expected to come any more
DISK = 64  # MB of the disk that is filled
FAILURES = {
    "agent": "agent kills",
    "broker": "broker kills",
    "store": "store kills",
    "disk": "full disks",
    "removal": "removed spools",
}
PLAIN_RULE = '[[ingest]]\ntopic = "plain/{device}/{metric}"\nformat = "plain"\n'


class Stalled(GatecastError):
    """Nothing has moved for long, though something should."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What dies when.

    Args:
        agent: kills of the agent.
        broker: kills of the broker.
        store: kills of the store.
        disk: times that the disk of the agent's state is full.
        removals: times that the spool's files are removed.
        bundles: number of the agent's deaths that see a new bundle released.
        seed: seed of every moment.
    """

    agent: int
    broker: int
    store: int
    bundles: int
    seed: int
    disk: int = 0
    removals: int = 0

    def moments(self, readings: int) -> list[tuple[int, str]]:
        """(readings sent by then, what happens), in order; what failed is back before it fails again and before the end."""
        random = Random(self.seed)  # noqa: S311 - it has to come out the same again
        names = ["agent"] * self.agent + ["broker"] * self.broker + ["removal"] * self.removals
        found = [(random.randrange(readings // 20, readings * 9 // 10), name) for name in names]
        for name, times in (("store", self.store), ("disk", self.disk)):
            part = readings * 9 // 10 // max(times, 1)
            for number in range(times):
                fails = number * part + random.randrange(part // 10, part // 2)
                found += [(fails, name), (fails + random.randrange(1, min(part // 3, AHEAD)), f"{name} back")]
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everything that runs in one measurement.

    Args:
        broker: broker that runs.
        store: store that runs.
        agent: agent that runs.
        disk: disk of the agent's state; None: that of everything else.
        state: folder of the agent's state.
        registry: folder that the agent takes bundles from.
    """

    broker: Mosquitto
    store: StoreProcess
    agent: Running
    disk: SmallDisk | None
    state: Path
    registry: Path


class Stage:
    """What is done to all that runs.

    Args:
        cast: everything that runs.
        readings: readings to send.
        plan: deaths, and their moments.
    """

    def __init__(self, cast: Cast, readings: Readings, plan: Plan) -> None:
        self._broker, self._store, self._agent, self._disk = cast.broker, cast.store, cast.agent, cast.disk
        self._state, self._registry = cast.state, cast.registry
        self._readings, self._plan = readings, plan
        self._random = Random(plan.seed + 1)  # noqa: S311 - as above
        self._burst = max(10, min(1000, readings.count // (30 * max(1, plan.agent))))
        self._publisher = Publisher(cast.broker.port, readings)
        self.failures = dict.fromkeys(FAILURES, 0)
        self.redelivered = 0

    def play(self) -> None:
        """Publish everything, with all that happens meanwhile, and wait until the store has it or nothing moves any more."""
        acts = {
            "agent": self._kill_agent,
            "broker": self._kill_broker,
            "store": self._kill_store,
            "store back": self._store.revive,
            "disk": self._fill_disk,
            "disk back": self._clear_disk,
            "removal": self._remove_spool,
        }
        for moment, name in self._plan.moments(self._readings.count):
            self._send(moment)
            acts[name]()
            self._say(name)
        self._send(self._readings.count)
        self._publisher.send(self._readings.count, unacknowledged=0)
        self._say("all acknowledged")
        with suppress(Stalled):  # what is lost comes to light when the store is read
            self._wait(lambda: self._store.rows() >= self._readings.count and self._number(Gauge.BACKLOG_BYTES) == 0)
        self.redelivered += max(0, self._number(Counter.DUPLICATES))
        self._publisher.close()

    @property
    def acknowledged(self) -> int:
        """Readings the broker acknowledged."""
        return self._publisher.acknowledged

    @property
    def _stuck(self) -> bool:
        """Whether nothing new can reach the store."""
        return self._store.dead or (self._disk is not None and self._disk.full)

    def _send(self, stop: int) -> None:
        """Publish up to a number, never far ahead of what is in the store."""
        stop = min(stop, self._readings.count)
        stored = 0
        while self._publisher.sent < stop:
            if not self._stuck and self._publisher.sent - stored >= AHEAD:
                stored = self._store.rows()
            if self._stuck or self._publisher.sent - stored < AHEAD:
                self._publisher.send(min(stop, self._publisher.sent + AHEAD // 10))
            else:
                bound = self._publisher.sent - AHEAD // 2
                self._wait(lambda bound=bound: self._store.rows() > bound)  # type: ignore[misc]

    def _kill_agent(self) -> None:
        """Once this process has taken something, and amid the traffic."""
        while True:
            self._send(self._publisher.sent + self._burst)
            if self._disk is None or not self._disk.full:
                self._wait(lambda: self._number(Counter.MESSAGES) > 0)
            self.redelivered += max(0, self._number(Counter.DUPLICATES))
            self._send(self._publisher.sent + self._burst)
            self._agent.kill()
            on_their_way = self._stuck or self._store.rows() < self._publisher.sent
            if on_their_way and self.failures["agent"] < self._plan.bundles:
                release(self._registry, baseline_bundle(CONTRACT, second=self.failures["agent"] % 59 + 1))
            self._agent.start(ready=False)
            if on_their_way:
                self.failures["agent"] += 1
                return
            if self._publisher.sent == self._readings.count:
                raise GatecastError("every reading was stored before the agent was killed; more readings are needed")

    def _kill_broker(self) -> None:
        saved = self._publisher.acknowledged
        self._broker.save()
        self._send(self._publisher.sent + self._random.randrange(1, 2 * self._burst))
        self._broker.kill()
        self.failures["broker"] += 1
        self._publisher.close()
        self._broker.start()
        self._publisher.resume(saved)

    def _kill_store(self) -> None:
        self._wait(lambda: self._stuck or self._store.rows() > 0)
        self._store.kill()
        self.failures["store"] += 1

    def _fill_disk(self) -> None:
        if self._disk is not None:
            self._disk.fill()
            self.failures["disk"] += 1

    def _clear_disk(self) -> None:
        if self._disk is not None and self._disk.full:
            self._disk.clear()

    def _remove_spool(self) -> None:
        """All files of the spool at once, amid the traffic, from a running agent, which has to notice before it may die."""
        self._clear_disk()  # the new files need room
        self._send(self._publisher.sent + self._burst)
        self._wait(lambda: self._number(Counter.MESSAGES) > 0)
        for path in self._state.glob("spool.db*"):
            path.unlink(missing_ok=True)
        self.failures["removal"] += 1
        self._send(self._publisher.sent + self._burst)
        self._wait((self._state / "spool.db").exists)

    def _number(self, number: Number) -> int:
        """A number of the agent; -1 while it starts, or has not told it yet.

        Raises:
            GatecastError: it ended by itself.
        """
        try:
            told = self._agent.number(number)
        except GatecastError:
            if (reason := self._agent.process.died()) is not None:
                raise GatecastError(f"the agent ended: {reason}") from None
            return -1
        return -1 if math.isnan(told) else int(told)

    def _wait(self, reached: Callable[[], bool]) -> None:
        """Until it is so.

        Raises:
            Stalled: nothing has moved for long.
        """
        before, since = None, time.monotonic()
        while not reached():
            rows = None if self._store.dead else self._store.rows()
            now = (rows, *(self._number(number) for number in (Counter.MESSAGES, Gauge.BACKLOG_BYTES)))
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > STALLED:
                raise Stalled(f"nothing has moved for {STALLED:.0f} s, with {rows} of {self._publisher.sent} readings stored")
            time.sleep(0.05)

    def _say(self, text: str) -> None:
        stored = "store dead" if self._store.dead else f"{self._store.rows():,} stored"
        failures = ", ".join(f"{name} {number}" for name, number in self.failures.items() if number)
        print(f"{self._publisher.sent:>12,} sent, {stored}; {failures or 'nothing has failed'}; {text}", flush=True)


def measure(kind: str, readings: Readings, plan: Plan, folder: Path, behind: int) -> dict[str, str | int]:
    """Let everything fail as planned, then compare.

    Args:
        kind: kind of the store.
        readings: readings to send.
        plan: what fails, and when.
        folder: folder for everything; empty.
        behind: seconds that the agent's clock is behind.

    Returns:
        A row of the table; its seconds are those until everything was stored.
    """
    started, program = time.monotonic(), PROGRAM
    with ExitStack() as stack:
        broker, store = stack.enter_context(Mosquitto(folder / "mosquitto")), stack.enter_context(a_store(kind, folder))
        disk = stack.enter_context(SmallDisk(folder / "disk", DISK)) if plan.disk else None
        state = folder / "disk" / "state" if plan.disk else folder / "state"
        channel = release(folder / "registry", baseline_bundle(CONTRACT))
        settings = {"state": str(state), "commit": "2s", "clock": "wall" if behind else "event"}
        config = configure(folder, broker.url, store.url, channel, max_series=2 * readings.series, **settings)
        if readings.plain:
            config.write_text(config.read_text() + PLAIN_RULE)
        if behind:
            program = (str(Path(__file__).with_name("agent_with_clock.py")), str(behind))
        agent = stack.enter_context(running(config, program=program))
        stage = Stage(Cast(broker, store, agent, disk, state, folder / "registry"), readings, plan)
        stage.play()
        seconds = round(time.monotonic() - started)
        verdict = check(store.url, readings)
    failures = {FAILURES[name]: number for name, number in stage.failures.items()}
    row: dict[str, str | int] = {"store": kind, "acknowledged": stage.acknowledged, **failures, **asdict(verdict)}
    return row | {"redelivered": stage.redelivered, "seconds": seconds}


def arguments() -> argparse.Namespace:
    """What to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = partial(parser.add_argument, type=int)
    add("--readings", default=150_000, help="to publish (default 150,000)")
    add("--series", default=100, help="number of series (default 100)")
    add("--agent-kills", default=10, help="(default 10)")
    add("--broker-kills", default=3, help="(default 3)")
    add("--store-kills", default=2, help="(default 2)")
    add("--disk-fills", default=0, help="times that the disk of the agent's state is full (default 0)")
    add("--removals", default=0, help="times that the spool's files are removed (default 0)")
    add("--clock-behind", default=0, help="seconds that the agent's clock is behind (default 0)")
    add("--bundles", default=0, help="releases of a new bundle while the agent is dead (default 0)")
    add("--seed", default=1, help="of all moments (default 1)")
    parser.add_argument("--plain", type=float, default=0.0, help="share of series without a time of their own (default 0)")
    parser.add_argument("--store", choices=("influxdb", "sqlite"), nargs="*", default=["influxdb"], help="one after the other")
    parser.add_argument("--check", metavar="URL", help="only compare this store")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there as well")
    options = parser.parse_args()
    if options.plain and options.broker_kills:
        parser.error("--plain needs --broker-kills 0: what the broker delivers twice without a time cannot be told apart")
    if options.readings < 1000 * max(1, options.store_kills) and not options.check:
        parser.error("--readings: at least 1,000, and as many for every kill of the store")
    return options


def main() -> int:
    """Print one table; 1 where a store is not exact."""
    options = arguments()
    start = time.time_ns() // SECOND * SECOND - options.readings // options.series * STEP if options.clock_behind else START
    readings = Readings(options.readings, options.series, round(options.plain * options.series), start)
    if options.check:
        verdict = check(options.check, readings)
        print(f"lost {verdict.lost:,}, doubled {verdict.doubled:,}, wrong {verdict.wrong:,}")
        return 0 if verdict.exact else 1
    plan = Plan(options.agent_kills, options.broker_kills, options.store_kills, options.bundles, options.seed,
                options.disk_fills, options.removals)  # fmt: skip
    rows, exact = [], True
    for kind in options.store:
        folder = Path(tempfile.mkdtemp(prefix="gatecast-chaos-"))
        print(f"{kind}; if it is not exact everything stays in {folder}", flush=True)
        try:
            row = measure(kind, readings, plan, folder, options.clock_behind)
        except (KeyboardInterrupt, SystemExit):
            shutil.rmtree(folder)
            raise
        rows.append(row)
        if row["lost"] or row["doubled"] or row["wrong"]:
            exact = False
        else:
            shutil.rmtree(folder)
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row.values()] for row in rows]
    print("", *(f"| {' | '.join(line)} |" for line in lines), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if exact else 1


if __name__ == "__main__":
    run_to_end("chaos", main)

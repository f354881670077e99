"""The agent in this process with a scripted subscriber: one step per batch, a clock that stands, a store in one file."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge.agent.build import Outside, build
from edge.agent.journal import Limits, Waits
from edge.agent.loop import Agent
from edge.broker.outgoing import Outlet
from edge.clock.clocks import Clocks
from edge.config.reading import read_config
from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.contract.times import SECOND
from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.messages.message import Message
from edge.messages.rule import IngestRule
from edge.release.ready import open_bundle
from edge.series.engine import Engine
from edge.series.entry import Entry
from edge.spool.spool import Commit, Spool
from edge.stores.sqlite import SqliteStore
from edge.threads import Died
from tests.support.agent_process import START, baseline_bundle, configure, contents, release
from tests.support.servers import HANGS_AFTER, wait_until

if TYPE_CHECKING:
    from edge.sources.source import Source
    from edge.stores.store import Store

MINUTE = 60 * SECOND
Step = Sequence[Message] | Callable[[], object]


class Nowhere:
    """A connection that never comes."""

    five = False
    answered = connections = unsent = 0

    def next_identifier(self) -> int:
        """As `Line.next_identifier`."""
        return 1

    def send(self, packets: bytes, connection: int) -> None:
        """As `Line.send`."""


class Script:
    """A subscriber that hands out what a test wrote down, one step per batch, then stops the agent.

    Args:
        steps: messages, or something to do while the loop waits for some.
    """

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self.steps = list(steps)
        self.problem: str | None = None
        self.remark: str | None = None
        self.subscribed = "'#' at a broker"
        self.unheard: float | None = None
        self.losses = 0
        self.session, self.waiting = 1, 0
        self.acknowledged: list[Message] = []
        self.published: list[str] = []  # topics
        self.most = 0  # messages asked for the last time
        self.agent: Agent | None = None
        self.waits_for_windows = True
        self.outlet = Outlet(Nowhere())
        self.aside: Callable[[Message], bool] | None = None
        self.name = "script"

    def start(self, died: Died) -> None:
        """Nothing to connect to."""
        del died

    def take(self, most: int, timeout: float, linger: float = 0.0) -> Sequence[Message]:
        """The next step."""
        del timeout, linger
        self.most = most
        assert self.agent is not None
        while self.waits_for_windows and self.agent.parts.primer.busy:
            self.agent.parts.live.go_on()
            time.sleep(0.001)
        if not self.steps:
            self.agent.stop()
            return []
        step = self.steps.pop(0)
        batch = step() if callable(step) else step
        return batch if isinstance(batch, list) else []

    def wake(self) -> None:
        """It never waits."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Remember."""
        self.acknowledged += messages

    def publish(self, topic: str, payload: bytes) -> None:
        """Remember."""
        del payload
        self.published.append(topic)

    def stop(self) -> None:
        """Nothing to disconnect from."""


class ScriptedSpool(Spool):
    """A spool that has whatever trouble a test wants."""

    before_commit: Callable[[], None] = staticmethod(lambda: None)
    before_reading: Callable[[], None] = staticmethod(lambda: None)
    before_sending: Callable[[], None] = staticmethod(lambda: None)

    def commit(self, commit: Commit) -> int:
        """As `Spool.commit`."""
        self.before_commit()
        return super().commit(commit)

    def journal(self) -> Iterator[Entry]:
        """As `Spool.journal`."""
        self.before_reading()
        return super().journal()

    def next_blocks(self, after: int, size: int) -> tuple[int, list[bytes]] | None:
        """As `Spool.next_blocks`."""
        self.before_sending()
        return super().next_blocks(after, size)


class FailingForecaster:
    """A forecaster that stops working when a test says so.

    Args:
        forecaster: the forecaster as it was.
        is_spoilt: whether it has stopped working.
    """

    def __init__(self, forecaster: Forecaster, is_spoilt: Callable[[], bool]) -> None:
        self._forecaster, self._is_spoilt = forecaster, is_spoilt
        self.name, self.contract, self.intervals = forecaster.name, forecaster.contract, forecaster.intervals

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        if self._is_spoilt():
            raise BundleError("never")
        return self._forecaster.predict(windows, series, context)

    def self_test(self) -> float | None:
        """As `Forecaster.self_test`."""
        return self._forecaster.self_test()


class Bench:
    """One device's folders, store and clock; agents come and go.

    Args:
        folder: folder for everything.
        waits: times that the agents wait for others.
        options: keys of `[agent]`, and `poll` of `[release]`.
    """

    def __init__(self, folder: Path, waits: Waits | None = None, **options: object) -> None:
        self.folder = folder
        self.waits = replace(waits or Waits(patience=HANGS_AFTER), phase=0.0)
        self.limits = Limits()
        self.registry = folder / "registry"
        channel = options.pop("channel", self.registry / "channels" / "live.json")
        store = f"sqlite:///{folder}/store.db"
        self.config = read_config(configure(folder, "mqtt://127.0.0.1:1", store, str(channel), **{"health": "off"} | options))
        self.log: list[str] = []
        self.told: list[str] = []  # to the supervisor
        self.deaths: list[str] = []  # of threads
        self.spoilt: set[str] = set()  # versions of bundles that have stopped working
        self.now = START + 600 * MINUTE
        self.moment: Callable[[], float] = time.monotonic
        self.synchronised = True
        self.open_store: Callable[[], Store] = partial(SqliteStore, folder / "store.db")
        self.make_store: Callable[[], Store] = self.open_store  # that an agent writes to
        self.sources: list[Callable[[], Source]] = []
        self.open_bundle: Callable[[Bundle], Forecaster] = self._failing

    def _failing(self, bundle: Bundle) -> Forecaster:
        return FailingForecaster(open_bundle(bundle), lambda: bundle.manifest.version in self.spoilt)

    def agent(self, steps: Sequence[Step] = ()) -> Agent:
        """An agent that will go through the steps."""
        script = Script(steps)
        outside = Outside(
            self.make_store(),
            self.open_store,
            script,  # type: ignore[arg-type]
            self.log.append,
            Clocks(lambda: self.now, self.moment, lambda: self.synchronised),
            notify=self.told.append,
            died=self.deaths.append,
            random=lambda: 1.0,
            open_spool=ScriptedSpool,
            open_bundle=self.open_bundle,
            sources=self.sources,
        )
        script.agent = build(self.config, outside, self.waits, self.limits)
        return script.agent

    def run(self, *steps: Step) -> Agent:
        """Run an agent through the steps to its end."""
        agent = self.agent(steps)
        agent.run()
        return agent

    def stored(self) -> dict[str, dict[tuple[str, int, int], tuple[float, ...]]]:
        """What the store holds."""
        store = SqliteStore(self.folder / "store.db")
        rows = contents(store)
        store.close()
        return rows

    def drain(self) -> Agent:
        """Let an agent that hears nothing send all that waits."""
        agent = self.agent()
        spool, sender = agent.parts.spool, agent.parts.sender
        script_of(agent).steps = [lambda: wait_until(lambda: spool.backlog == 0 or sender.has_news)] * 3
        agent.run()
        return agent

    def lines(self, text: str) -> int:
        """How many lines of the log contain the text."""
        return sum(text in line for line in self.log)


def script_of(agent: Agent) -> Script:
    """The subscriber of an agent of ours."""
    script: object = agent.parts.subscriber
    assert isinstance(script, Script)
    return script


def last_value_bench(folder: Path, **sections: object) -> Bench:
    """A device that forecasts the last value of sensors in °C.

    Args:
        folder: folder of its files; made if it is not there.
        sections: sections of the configuration by name, in place of those of `Bench`.
    """
    folder.mkdir(exist_ok=True)
    bench = Bench(folder)
    ingest = (IngestRule("sensors/{site}/{device}", unit="°C"),)
    bench.config = msgspec.structs.replace(bench.config, ingest=ingest, **sections)
    release(bench.registry, baseline_bundle())
    return bench


def each_minute(values: Sequence[float], first: int = 0, name: str = "a.x") -> list[Message]:
    """Readings of a series, one each minute.

    Args:
        values: values in their order.
        first: minutes from the start of the clock to the first one.
        name: name of the series.
    """
    return [message(name, START + minute * MINUTE, value) for minute, value in enumerate(values, first)]


def spool_of(agent: Agent) -> ScriptedSpool:
    """The spool of an agent of ours."""
    spool = agent.parts.spool
    assert isinstance(spool, ScriptedSpool)
    return spool


def die_before_the_next_commit(agent: Agent, last: Sequence[Message]) -> None:
    """Run an agent that ends with its threads and files before it commits anything of a last batch, behind its own steps."""
    spool = spool_of(agent)

    def strike() -> None:
        raise KeyboardInterrupt

    def arm() -> None:
        spool.before_commit = strike

    agent.parts.subscriber.steps += [arm, last]  # type: ignore[attr-defined]
    with suppress(KeyboardInterrupt):
        agent.run()
        raise AssertionError("the agent has not tried to commit")
    agent.parts.watcher.stop()
    agent.parts.primer.stop()
    agent.parts.sender.stop()
    spool.close()
    agent.parts.store.close()


def engine_of(agent: Agent) -> Engine:
    """The engine of an agent for which a bundle is live."""
    engine = agent.parts.live.engine
    assert engine is not None
    return engine


def closed_until(agent: Agent, name: str) -> int:
    """End of the newest closed interval of a series, minutes since START."""
    return (engine_of(agent).state.closed_until(agent.parts.series.names.index(name)) - START) // MINUTE


def window(agent: Agent, name: str) -> list[float]:
    """The window of a series as it would be after the end of the interval that is open now."""
    state = engine_of(agent).state
    closed = state.advance(state.reached + state.contract.interval)
    values: list[float] = closed.windows[closed.series == agent.parts.series.names.index(name)][0].tolist()
    return values


def message(name: str, moment: int, value: float) -> Message:
    """A reading as it comes from the broker."""
    payload = f'{{"time": {moment}, "value": {value!r}}}'.encode()
    return Message("sensors/" + name.replace(".", "/"), payload, moment, False, 1, 1, 1)


def messages(rows: Sequence[tuple[str, int, float]], size: int = 200) -> list[list[Message]]:
    """Rows as batches of messages."""
    everything = [message(*row) for row in rows]
    return [everything[start : start + size] for start in range(0, len(everything), size)]

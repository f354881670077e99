"""The agent in this process with a scripted subscriber: one step per batch, a clock that stands, a store in one file."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.agent.loop import Agent, Waits
from edge.clock.clocks import Clocks
from edge.config import read_config
from edge.contract.columns import Float32, Int32
from edge.contract.times import SECOND
from edge.errors import BundleError
from edge.forecaster.baselines import Baseline
from edge.messages.message import Message
from edge.stores.sqlite import SqliteStore
from tests.support.agent_process import START, configure, contents
from tests.support.servers import HANGS_AFTER, wait_until

MINUTE = 60 * SECOND
Step = Sequence[Message] | Callable[[], object]


class Script:
    """A subscriber that hands out what a test wrote down, one step per batch, then stops the agent.

    Args:
        steps: messages, or something to do while the loop waits for some.
    """

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self.steps = list(steps)
        self.problem: str | None = None
        self.session, self.waiting = 1, 0
        self.acknowledged: list[Message] = []
        self.agent: Agent | None = None

    def start(self) -> None:
        """Nothing to connect to."""

    def take(self, most: int, timeout: float, linger: float = 0.0) -> Sequence[Message]:
        """The next step."""
        del most, timeout, linger
        assert self.agent is not None
        if not self.steps:
            self.agent.stop()
            return []
        step = self.steps.pop(0)
        found = step() if callable(step) else step
        return found if isinstance(found, list) else []

    def wake(self) -> None:
        """It never waits."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Remember."""
        self.acknowledged += messages

    def stop(self) -> None:
        """Nothing to disconnect from."""


class Bench:
    """One device's folders, store and clock; agents come and go.

    Args:
        folder: for everything.
        waits: of the agents, for others.
        options: keys of `[agent]`, and `poll` of `[release]`.
    """

    def __init__(self, folder: Path, waits: Waits | None = None, **options: object) -> None:
        self.folder, self.waits = folder, waits
        self.registry = folder / "registry"
        channel = options.pop("channel", self.registry / "channels" / "live.json")
        store = f"sqlite:///{folder}/store.db"
        self.config = read_config(configure(folder, "mqtt://127.0.0.1:1", store, str(channel), **{"health": "off"} | options))
        self.log: list[str] = []
        self.told: list[str] = []  # to the supervisor
        self.now = START + 600 * MINUTE
        self.moment: Callable[[], float] = time.monotonic
        self.synchronised = True

    def agent(self, steps: Sequence[Step] = ()) -> Agent:
        """An agent that will go through the steps."""
        script = Script(steps)
        store = SqliteStore(self.folder / "store.db")
        script.agent = Agent(
            self.config,
            store,
            script,  # type: ignore[arg-type]
            log=self.log.append,
            clocks=Clocks(lambda: self.now, self.moment, lambda: self.synchronised),
            waits=self.waits or Waits(patience=HANGS_AFTER),
            notify=self.told.append,
        )
        return script.agent

    def run(self, *steps: Step) -> Agent:
        """Run an agent through the steps to its end."""
        agent = self.agent(steps)
        agent.run()
        return agent

    def stored(self) -> dict[str, dict[tuple[str, int, int], tuple[float, ...]]]:
        """What the store holds."""
        store = SqliteStore(self.folder / "store.db")
        found = contents(store)
        store.close()
        return found

    def drain(self) -> Agent:
        """Let an agent that hears nothing send all that waits."""
        agent = self.agent()
        script = script_of(agent)
        script.steps = [lambda: wait_until(lambda: agent._spool.backlog == 0 or agent._sender.has_news)] * 3
        agent.run()
        return agent

    def lines(self, text: str) -> int:
        """How many lines of the log contain the text."""
        return sum(text in line for line in self.log)


def script_of(agent: Agent) -> Script:
    """The subscriber of an agent of ours."""
    script: object = agent._subscriber
    assert isinstance(script, Script)
    return script


def message(name: str, moment: int, value: float) -> Message:
    """A reading as it comes from the broker."""
    payload = f'{{"time": {moment}, "value": {value!r}}}'.encode()
    return Message("sensors/" + name.replace(".", "/"), payload, moment, False, 1, 1, 1)


def messages(rows: Sequence[tuple[str, int, float]], size: int = 200) -> list[list[Message]]:
    """Rows as batches of messages."""
    found = [message(*row) for row in rows]
    return [found[start : start + size] for start in range(0, len(found), size)]


class Failing(Baseline):
    """A forecaster that has stopped working."""

    def predict(self, windows: Float32, series: Int32) -> Float32:
        """Never."""
        del windows, series
        raise BundleError("never")

"""A model that ends the process, or never answers, is counted at the next start, and refused when that goes on."""

import gc
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.forecaster.baselines import Baseline
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import AllQuantiles, Forecaster
from edge.release.deaths import HEALTHY, Death, Note
from edge.release.pointer import Memory, Refusal
from edge.release.ready import ReadyBundle
from edge.release.releases import Releases, ThisDevice
from edge.stores.sqlite import SqliteStore
from pipeline.release.registry import Registry
from tests.support.agent_process import (
    CONTRACT,
    START,
    Row,
    Running,
    baseline_bundle,
    configure,
    hang_up,
    publish,
    publisher,
    release,
    wait_for_all,
)
from tests.support.devices import model_bundle
from tests.support.scripted_agent import MINUTE
from tests.support.servers import Mosquitto, wait_until
from tests.support.stopped import ROOT

BUNDLE, BEFORE = model_bundle(), baseline_bundle(second=1)
VERSION = BUNDLE.manifest.version
REASON = "the agent died or hung in run after run while it forecast"


class Answering(AllQuantiles):
    """A model of our bundle."""

    name, contract = VERSION, CONTRACT

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """The last value, for every quantile."""
        forecasts = Baseline("last_value", CONTRACT).predict(windows, series, context)
        return np.repeat(forecasts[:, :, [CONTRACT.median]], len(CONTRACT.quantiles), axis=2)


class Gateway:
    """Runs of an agent's releases on one folder, in which the model has gone live.

    Args:
        folder: for everything.
        bundles: released one after the other before.
    """

    def __init__(self, folder: Path, *bundles: Bundle) -> None:
        self.folder, self.home = folder / "bundles", folder / "registry"
        self.log: list[str] = []
        self.now = 0.0
        self.start()
        for bundle in (*bundles, BUNDLE):
            release(self.home, bundle)
            self.look()

    def start(self) -> str | None:
        """A new run; returns the name of what forecasts in it."""
        self.releases = Releases(
            self.folder,
            str(self.home / "channels" / "live.json"),
            self.log.append,
            ThisDevice(moment=lambda: self.now, open_bundle=self.open),
        )
        self.live = self.releases.current()
        return None if self.live is None else self.live.forecaster.name

    def open(self, bundle: Bundle) -> Forecaster:
        """Open a bundle as if there were a runtime."""
        return Answering() if bundle.model else Baseline("last_value", CONTRACT)

    def look(self) -> ReadyBundle | None:
        """Look at the channel; what is found goes live."""
        found = self.releases.poll()
        if found is not None:
            self.releases.accept(found)
            self.live = found
        return found

    def die(self, *, answered: bool = False) -> str | None:
        """The run ends while the model works, and the next one starts."""
        note = Note(self.folder / "forecasting")
        if answered:
            note.answered(VERSION)
        working = note.inside(VERSION)
        working.__enter__()
        return self.start()

    def answer(self, at: float) -> None:
        """The live model answers at a moment, and the channel is looked at."""
        assert self.live is not None
        self.now = at
        self.live.forecaster.predict(np.zeros((1, CONTRACT.window)), np.zeros(1, np.int32))
        self.look()


def test_three_deaths_in_a_row_while_a_model_works_refuse_it(tmp_path: Path) -> None:
    """The bundle before forecasts, after further restarts too, and the page says why."""
    gateway = Gateway(tmp_path, BEFORE)
    assert [gateway.die() for _ in range(3)] == [VERSION, VERSION, "last_value"]
    assert (gateway.releases.problem or "").endswith(REASON)
    assert sum("is refused" in line for line in gateway.log) == 1
    assert [gateway.start(), gateway.look(), gateway.start()] == ["last_value", None, "last_value"]


def test_without_a_bundle_before_the_baseline_stands_in_until_the_promotion(tmp_path: Path) -> None:
    """Promoted again, it has three more lives."""
    gateway = Gateway(tmp_path)
    for _ in range(2):
        assert [gateway.die() for _ in range(3)] == [VERSION, VERSION, "last_value"]
        assert gateway.live is not None
        assert gateway.live.refusal is not None
        assert gateway.live.refusal.reason == REASON
        Registry(gateway.home).promote(VERSION)
        assert gateway.look() is not None


def test_deaths_after_answers_count_for_less(tmp_path: Path) -> None:
    """An agent that catches up is in its model most of the time, and so are the kills that it happens to get."""
    gateway = Gateway(tmp_path, BEFORE)
    assert [gateway.die(answered=True) for _ in range(12)] == [VERSION] * 11 + ["last_value"]
    gateway = Gateway(tmp_path / "mixed", BEFORE)
    assert [gateway.die(answered=step == 0) for step in range(4)] == [VERSION] * 3 + ["last_value"]


def test_an_answer_of_the_bundle_before_says_nothing_for_the_live_one(tmp_path: Path) -> None:
    """Nor does its hour."""
    now = [0.0]
    note = Note(tmp_path / "forecasting", lambda: now[0])
    note.answered("before")
    now[0] = 2 * HEALTHY
    with note.inside(VERSION):
        death = Note(tmp_path / "forecasting").left()
    assert death == Death(VERSION, answered=False)
    note.answered(VERSION)
    assert not note.healthy


def test_an_end_elsewhere_begins_the_count_anew(tmp_path: Path) -> None:
    """A kill that happens to fall into a forecast now and then never costs the bundle."""
    gateway = Gateway(tmp_path, BEFORE)
    for _ in range(10):
        assert [gateway.die(), gateway.die(), gateway.start()] == [VERSION] * 3


def test_an_hour_of_answers_begins_the_count_anew(tmp_path: Path) -> None:
    """Less does not: a model that dies of the same readings every ten minutes is found."""
    gateway = Gateway(tmp_path, BEFORE)
    for run in range(10):
        gateway.answer(2 * run * HEALTHY)
        gateway.answer(2 * run * HEALTHY + HEALTHY)
        assert gateway.die() == VERSION
    for share in (0.1, 0.9):
        gateway.answer(gateway.now + 1)
        gateway.answer(gateway.now + share * HEALTHY)
        forecasts = gateway.die()
    assert forecasts == "last_value"


def test_a_self_test_that_ends_the_process_at_start_counts(tmp_path: Path) -> None:
    """Another runtime on the device can make a model deadly that was fine when it came."""
    gateway = Gateway(tmp_path, BEFORE)
    notes: list[bytes] = []

    def test(bundle: Bundle) -> Forecaster:
        notes.append((gateway.folder / "forecasting").read_bytes())
        return Answering()

    gateway.open = test  # type: ignore[method-assign]
    gateway.start()
    assert [note.rstrip(b"\0").decode() for note in notes] == [VERSION]
    assert (gateway.folder / "forecasting").read_bytes().strip(b"\0") == b""


def test_a_death_while_another_bundle_is_tested_is_not_the_live_ones(tmp_path: Path) -> None:
    """The test goes on beside the loop, and is as likely the cause."""
    gateway = Gateway(tmp_path, BEFORE)
    for _ in range(5):
        memory = Memory(gateway.folder / "live.json", gateway.log.append)
        memory.pointer.trying = "other"
        memory.save()
        assert gateway.die() == VERSION


class Killed(BaseException):
    """The process is no more: nothing that would run afterwards is caught by the agent."""


@pytest.mark.parametrize("live", ["refused", "damaged"])
def test_a_bundle_before_that_ends_the_process_when_it_is_opened_is_counted(live: str, tmp_path: Path) -> None:
    """It is opened in the place of the live one, at every start; in the end the baseline stands in."""
    before = model_bundle(b"an older model")
    gateway = Gateway(tmp_path, before)
    if live == "damaged":
        (gateway.folder / VERSION / "manifest.json").write_bytes(b"{")
    else:
        memory = Memory(gateway.folder / "live.json", gateway.log.append)
        memory.refuse(Refusal(VERSION, memory.pointer.live_changed, "live", REASON, "2026-11-22"))

    def kill(bundle: Bundle) -> Forecaster:
        note = (gateway.folder / "forecasting").read_bytes()
        raise Killed(note)

    gateway.open = kill  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(Killed) as killed:
            gateway.start()
        (gateway.folder / "forecasting").write_bytes(killed.value.args[0])
    assert gateway.start() == "last_value"
    assert gateway.live is not None
    assert (gateway.live.bundle, gateway.live.refusal is not None) == (before, True)


def test_a_kill_in_a_test_spares_the_live_model_one_death(tmp_path: Path) -> None:
    """The bundle that was under test may never come again, as it was rolled back: later deaths are the live model's."""
    gateway = Gateway(tmp_path, BEFORE)
    memory = Memory(gateway.folder / "live.json", gateway.log.append)
    memory.pointer.trying = "other"
    memory.save()
    assert [gateway.die() for _ in range(4)] == [VERSION, VERSION, VERSION, "last_value"]


def test_a_disk_that_takes_nothing_costs_no_forecast(tmp_path: Path) -> None:
    """Deaths are not counted then."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    note = Note(blocked / "forecasting")
    with note.inside(VERSION):
        pass
    assert note.left() is None


RUNTIME = """
import os, signal, time
import numpy as np

class Interpreter:
    def __init__(self, model_content, num_threads):
        self.inputs = {0: np.zeros((1, 24)), 1: np.zeros(1, np.int32)}

    def get_input_details(self):
        kinds = {0: (np.float32, [-1, 24]), 1: (np.int32, [-1])}
        return [{"index": place, "dtype": kind, "shape_signature": np.array(shape)} for place, (kind, shape) in kinds.items()]

    def get_output_details(self):
        return [{"index": 2, "dtype": np.float32, "shape": np.array([len(self.inputs[0]), 6, 3])}]

    def resize_tensor_input(self, index, shape):
        self.inputs[index] = np.zeros(shape, self.inputs[index].dtype)

    def allocate_tensors(self): pass

    def set_tensor(self, index, value):
        self.inputs[index] = value

    def invoke(self):
        if (abs(self.inputs[0] % 1 - 0.3) < 1e-3).any():  # a fraction that none of the windows of the trial has
            if os.environ["DEADLY"] == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            open(os.environ["HANGING"], "w").close()
            while True:
                time.sleep(60)

    def get_tensor(self, index):
        return np.zeros((len(self.inputs[0]), 6, 3), np.float32)
"""


def deadly_runtime(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let agents that start now forecast with the runtime above; returns the file that it makes when it hangs."""
    package = folder / "runtime" / "ai_edge_litert"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "interpreter.py").write_text(RUNTIME)
    hanging = folder / "hanging"
    for name, value in (("PYTHONPATH", f"{package.parent}:{ROOT}"), ("DEADLY", kind), ("HANGING", str(hanging))):
        monkeypatch.setenv(name, value)
    return hanging


def deadly_rows() -> list[Row]:
    """Readings of three series of an hour; the model hangs or dies in the window of one of them."""
    rows = [(f"d{number}.t", START + at * MINUTE, float(number + at)) for at in range(60) for number in range(3)]
    rows[90] = (*rows[90][:2], rows[90][2] + 0.3)
    return rows


@pytest.mark.servers
@pytest.mark.slow
def test_an_agent_that_hangs_in_a_model_ends_itself(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any supervisor, with exit code 1 and the place where it hung in its log."""
    hanging, rows = deadly_runtime("hangs", tmp_path, monkeypatch), deadly_rows()
    url = f"sqlite:///{tmp_path}/store.db"
    agent = Running(configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", BUNDLE), stall="4s"))
    agent.start()
    client = publisher(mosquitto.port)
    publish(client, rows)
    hang_up(client)
    try:
        wait_until(lambda: agent.process.process.poll() is not None)
        assert agent.process.process.returncode == 1
        assert hanging.exists()
        assert "interpreter.py" in agent.log.read_text()
    finally:
        agent.process.process.kill()
        agent.process.stop()


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dies", "hangs"])
def test_a_deadly_window_ends_in_the_baseline_and_loses_nothing(
    kind: str, tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker sends the same readings after each restart, until one finds the model refused; everything is stored."""
    hanging = deadly_runtime(kind, tmp_path, monkeypatch)
    url = f"sqlite:///{tmp_path}/store.db"
    config = configure(tmp_path, mosquitto.url, url, release(tmp_path / "registry", BUNDLE))
    rows = deadly_rows()
    agent = Running(config)
    agent.start()
    client = publisher(mosquitto.port)
    publish(client, rows)
    hang_up(client)
    try:
        for _ in range(13):
            wait_until(lambda: agent.lines(REASON) > 0 or hanging.exists() or agent.process.process.poll() is not None)
            if agent.lines(REASON):
                break
            hanging.unlink(missing_ok=True)
            agent.kill()
            agent.start(ready=False)
        agent.process.wait_ready()
        store = SqliteStore(tmp_path / "store.db")
        wait_for_all(agent, store, rows)
        store.close()
        assert agent.health() == (200, "degraded")
        assert agent.lines(f"bundle {VERSION} is refused: {REASON}") == 1
        agent.stop()
    finally:
        agent.process.process.kill()
        agent.process.stop()


def test_a_release_whose_test_does_not_end_is_on_the_page(tmp_path: Path) -> None:
    """Nothing else can be released meanwhile; after a restart it is tried again, three times in all."""
    gateway = Gateway(tmp_path)
    said: list[str | None] = []

    def never(bundle: Bundle) -> Forecaster:
        gateway.now += 100.0
        said.append(gateway.releases.problem)
        gateway.now += 100.0
        said.append(gateway.releases.problem)
        return Baseline("last_value", CONTRACT)

    gateway.open = never  # type: ignore[method-assign]
    gateway.start()
    said.clear()
    release(gateway.home, BEFORE)
    assert gateway.look() is not None
    text = "the test of a released bundle does not end since 200 s, and no other is seen; restart the agent"
    assert [*said, gateway.releases.problem] == [None, text, None]


def test_a_note_that_nobody_uses_any_more_holds_no_file(tmp_path: Path) -> None:
    """An agent that begins again has another one: one a run would be too many files within a week."""
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        with Note(tmp_path / str(number)).inside("1"):
            pass
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before

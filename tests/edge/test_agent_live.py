"""What forecasts."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.agent.journal import Limits
from edge.contract.columns import Float64, Int32, Points, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.meaning import Meaning
from edge.errors import StoreBusy
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import AllQuantiles
from edge.forecaster.manifest import schema_of
from edge.messages.rule import IngestRule
from edge.stores.store import Store
from tests.support.agent_process import CONTRACT, START, baseline_bundle, release
from tests.support.devices import model_bundle
from tests.support.scripted_agent import MINUTE, Bench, engine_of, message, messages, script_of, window


class Constant(AllQuantiles):
    """A model that forecasts what no baseline does.

    Args:
        bundle: its bundle.
    """

    contract = CONTRACT

    def __init__(self, bundle: Bundle) -> None:
        self.name = bundle.manifest.version

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """The same value for every step and quantile."""
        del series, context
        return np.full((len(windows), CONTRACT.horizon, len(CONTRACT.quantiles)), 77.0)


def learned(content: bytes, **meanings: Meaning) -> Bundle:
    """A model of the series `a.t`."""
    bundle = model_bundle(content)
    manifest = msgspec.structs.replace(
        bundle.manifest, series=["a.t"], meanings=meanings, schema=schema_of(bundle.manifest.contract, meanings)
    )
    return Bundle(manifest, bundle.model)


def test_without_a_bundle_nothing_is_restored_primed_or_exchanged(tmp_path: Path) -> None:
    """There is no engine for it; what forecasts is called `none`."""
    bench = Bench(tmp_path)
    agent = bench.agent()
    live = agent.parts.live
    assert live.restore()
    live.prime()
    live.go_on()
    live.restart()
    live.give_way("nothing forecasts")
    assert (live.name, live.engine, live.current, live.problem) == ("none", None, None, None)
    agent.parts.spool.close()
    assert bench.log == []


def test_a_restart_of_all_series_forgets_what_they_have_seen(tmp_path: Path) -> None:
    """The forecaster stays; a store that is away leaves the windows empty."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())

    def away() -> Store:
        raise StoreBusy("no answer")

    bench.open_store = away
    agent = bench.agent([[message("a.t", START, 1.0)]])
    script_of(agent).steps.append(agent.parts.live.restart)
    agent.run()
    assert (agent.parts.live.name, len(engine_of(agent).state)) == ("last_value", 0)
    assert len(engine_of(bench.run()).state) == 0
    assert len(engine_of(bench.run([message("a.t", START + MINUTE, 1.0)])).state) == 1


def medians(bench: Bench) -> list[float]:
    """The medians one interval ahead, in order of time."""
    bench.drain()
    rows = bench.stored()["forecast_lead"]
    return [row[1] for key, row in sorted(rows.items()) if key[2] == 1]


def test_a_message_tells_what_a_name_alone_does_not(tmp_path: Path) -> None:
    """Two rules may give it; an agent that begins from the store's history fills its windows anew at the first message."""
    bench = Bench(tmp_path)
    rules = (IngestRule("sensors/{device}/{metric}", kind="counter"), IngestRule("others/{device}/{metric}"))
    bench.config = msgspec.structs.replace(bench.config, ingest=rules)
    release(bench.registry, baseline_bundle())
    meter = [message("a.t", START + number * MINUTE, 100.0 + 2 * number) for number in range(8)]
    bench.run(meter[:6])
    bench.drain()
    shutil.rmtree(tmp_path / "state")
    bench.run([meter[6]], [meter[7]])
    assert medians(bench) == [2.0] * 6
    assert not [line for line in bench.log if "another kind" in line]


def test_a_model_that_learned_a_series_as_something_else_gives_way_when_a_message_tells(tmp_path: Path) -> None:
    """Its name alone had said nothing; the baseline forecasts from the windows of the right kind, after a restart too."""
    bench, bundle = Bench(tmp_path), learned(b"gauge")
    rules = (IngestRule("sensors/{device}/{metric}", kind="counter"), IngestRule("others/{device}/{metric}"))
    bench.config = msgspec.structs.replace(bench.config, ingest=rules)
    bench.open_bundle = Constant
    release(bench.registry, bundle)
    meter = [message("a.t", START + number * MINUTE, 100.0 + 2 * number) for number in range(12)]
    words = "its model learned series 'a.t' as gauge, which is counter here; run gatecast retrain"
    for run in (meter[:6], meter[6:]):
        bench.log.clear()
        agent = bench.run(run[:3], run[3:])
        live = agent.parts.live
        assert (live.name, live.current and live.current.bundle) == ("last_value", bundle)
        assert bench.lines(words) == 1
        assert words in (agent.parts.releases.problem or "")
    assert set(medians(bench)) == {2.0}


def test_what_a_bundle_told_of_a_series_does_not_bar_the_next_one(tmp_path: Path) -> None:
    """A restart does not take it for what a message told: the trainer learned a gauge from then on."""
    bench, one, two = Bench(tmp_path), learned(b"counter", **{"a.t": Meaning("counter")}), learned(b"gauge")
    bench.limits, bench.open_bundle = Limits(snapshot_rows=1), Constant
    meter = [message("a.t", START + number * MINUTE, 100.0 + 2 * number) for number in range(9)]
    release(bench.registry, one)
    bench.run(meter[:3])
    bench.run(meter[3:6])
    release(bench.registry, two)
    assert bench.run(meter[6:]).parts.live.name == two.manifest.version
    assert bench.lines("is refused") == 0


def test_a_series_of_another_kind_is_filled_again_with_one_line(tmp_path: Path) -> None:
    """What the last run kept of it are cells of a gauge; the store has all its readings."""
    bench = Bench(tmp_path)
    bench.limits = Limits(snapshot_rows=1)
    release(bench.registry, baseline_bundle())
    meter = [message("a.t", START + number * MINUTE, 100.0 + 2 * number) for number in range(8)]
    bench.run(meter[:6])
    bench.drain()
    rules = (IngestRule("sensors/{device}/{metric}", kind="counter"),)
    bench.config = msgspec.structs.replace(bench.config, ingest=rules)
    bench.run([meter[6]], [meter[7]])
    assert medians(bench)[-2:] == [2.0, 2.0]
    words = "series 'a.t' has another kind or hold now: all windows are filled from the store again"
    assert [line for line in bench.log if "another kind" in line] == [words]


def test_history_that_came_into_the_store_later_counts_with_the_next_release(tmp_path: Path) -> None:
    """A file is imported while the agent runs, as a network is trained on it: the baseline would forecast for half a window.

    Windows that the store knows no better keep what they have, and those that are filled are not read again.
    """
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle(CONTRACT))
    bench.run([message("a.t", START + at * MINUTE, float(at)) for at in (100, 101)])
    bench.drain()
    store = bench.open_store()
    earlier = np.arange(100 - CONTRACT.window, 100)
    history = Readings(np.zeros(len(earlier), np.int32), START + earlier * MINUTE, earlier.astype(float))
    store.write(store.encode([Points.of_readings(history)], SeriesTable(["a.t"])))
    store.close()
    for second, filled in ((1, 1), (2, 1)):
        release(bench.registry, baseline_bundle(CONTRACT, second=second))
        agent = bench.run([message("a.t", START + (101 + second) * MINUTE, 101.0 + second)])
        latest = 102 + second
        assert window(agent, "a.t") == [float(at) for at in range(latest - CONTRACT.window, latest)]
        assert bench.lines("windows filled with") == filled


LONGER = Contract(interval=MINUTE, window=60, horizon=CONTRACT.horizon)


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("at_start", [True, False])
def test_a_longer_window_is_filled_from_the_store(at_start: bool, answers: bool, tmp_path: Path) -> None:
    """Also where a start finds another bundle than before; where the store gives nothing, what was known stays."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle(CONTRACT))
    rows = [("a.t", START + at * MINUTE, float(at)) for at in range(100)]
    bench.run(*messages(rows, 50))
    bench.drain()

    def away() -> Store:
        raise StoreBusy("no answer")

    if not answers:
        bench.open_store = away
    release(bench.registry, baseline_bundle(LONGER, second=1))
    if at_start:
        agent = bench.agent()
        ready = agent.parts.releases.poll()
        assert ready is not None
        agent.parts.releases.accept(ready)
        agent.parts.spool.close()
    agent = bench.run([message("a.t", START + 100 * MINUTE, 100.0)])
    known = LONGER.window if answers else CONTRACT.window
    assert window(agent, "a.t")[-known:] == [float(at) for at in range(101 - known, 101)]
    assert bench.lines("windows filled with") == int(answers)
    bench.open_store = Bench(tmp_path).open_store
    assert np.isfinite(window(bench.run(), "a.t")).all()

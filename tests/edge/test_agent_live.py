"""What forecasts."""

import shutil
from pathlib import Path

import msgspec

from edge.agent.loop import Limits
from edge.errors import StoreBusy
from edge.messages.rule import IngestRule
from edge.stores.store import Store
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, engine_of, message, script_of


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

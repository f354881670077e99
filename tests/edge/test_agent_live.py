"""What forecasts."""

from pathlib import Path

from edge.errors import StoreBusy
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
    live.prime_if_due()
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

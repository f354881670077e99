"""The composition root: parts are made and handed over; nobody is asked before the agent runs."""

import threading
from pathlib import Path

from msgspec.structs import replace

from edge.agent.journal import Limits
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, ScriptedSpool, message, script_of, spool_of
from tests.support.servers import free_port, wait_until


def ours() -> set[str]:
    """Names of the agent's threads."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("gatecast-")}


def test_an_agent_that_is_built_has_started_nothing(tmp_path: Path) -> None:
    """No thread, no look at the channel; the spool in its state folder is all there is."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())
    agent = bench.agent()
    assert (ours(), agent.parts.watcher.looked.is_set(), agent.parts.live.engine) == (set(), False, None)
    assert [path.name for path in (tmp_path / "state").iterdir() if not path.name.startswith("spool.db")] == []
    agent.parts.spool.close()


def test_every_thread_has_a_name_and_is_joined(tmp_path: Path) -> None:
    """While the agent runs there are these, and when it has ended there is none."""
    bench, names = Bench(tmp_path, health=f"127.0.0.1:{free_port()}"), set[str]()
    agent = bench.agent([lambda: names.update(ours())])
    agent.run()
    assert names == {"gatecast-sender", "gatecast-releases", "gatecast-health"}
    assert ours() == set()


def test_an_agent_of_a_group_has_a_thread_more(tmp_path: Path) -> None:
    """It looks for other agents that get readings of the same series, and ends with the agent."""
    bench, names = Bench(tmp_path), set[str]()
    bench.config = replace(bench.config, mqtt=replace(bench.config.mqtt, share="line1"))
    agent = bench.agent([lambda: names.update(ours()), [message("d.a", bench.now, 1.0)]])
    agent.run()
    assert names == {"gatecast-sender", "gatecast-releases", "gatecast-sharing"}
    assert ours() == set()


def test_a_sender_that_dies_is_told_of(tmp_path: Path) -> None:
    """The machine has no memory left for what the spool holds."""
    bench = Bench(tmp_path)
    agent = bench.agent([lambda: wait_until(lambda: bench.deaths != [])])

    def fail() -> None:
        raise MemoryError

    spool_of(agent).before_sending = fail
    agent.run()
    assert bench.deaths == ["the thread gatecast-sender died (MemoryError)"]


def test_a_watcher_that_dies_is_told_of(tmp_path: Path) -> None:
    """A library that wants to end the program ends a thread only, and that must not pass in silence."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle())

    def leave(_: Bundle) -> Forecaster:
        raise SystemExit(3)

    bench.open_bundle = leave
    bench.run(lambda: wait_until(lambda: bench.deaths != []))
    assert bench.deaths == ["the thread gatecast-releases died (SystemExit: 3)"]


def test_a_snapshot_replaces_the_journal_after_so_many_rows(tmp_path: Path) -> None:
    """The journal stays short, however long the agent runs."""
    bench, lengths = Bench(tmp_path), []
    release(bench.registry, baseline_bundle())
    bench.limits = Limits(snapshot_rows=20)
    agent = bench.agent()
    spool = agent.parts.spool
    for minute in range(100):
        script_of(agent).steps += [
            [message("a.t", START + minute * MINUTE, 1.0)],
            lambda: lengths.append(len([*spool.journal()])),
        ]
    agent.run()
    assert isinstance(spool, ScriptedSpool)
    assert 3 < max(lengths) <= 20
    assert min(lengths[20:]) < 3


def test_rows_are_not_deleted_that_the_live_bundle_needs(tmp_path: Path) -> None:
    """What the configuration keeps is compared with the bundle that is live; the log and the health page say it."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle(Contract(DAY, 30, 1, (0.1, 0.5, 0.9), "mean", 0.5)))
    bench.config = replace(bench.config, store=replace(bench.config.store, keep="7d"))
    pages: list[str] = []

    def look() -> None:
        wait_until(lambda: any("keep = 7d" in line for line in bench.log))
        pages.append(str(agent.parts.health.health()))

    agent = bench.agent([[message("d.a", bench.now, 1.0)], look])
    agent.run()
    assert "write at least 30d" in pages[0]

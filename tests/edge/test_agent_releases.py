"""The agent's loop and releases: what goes live, what gives way, and what the log and the page say about it."""

import http.server
import socket
import threading
import time
from pathlib import Path

import msgspec

from edge.agent.counters import Counter
from edge.agent.journal import Waits
from edge.contract.contract import SHORTEST_INTERVAL, Contract
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.release.ready import open_bundle
from pipeline.release.registry import Registry
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, message, messages, script_of
from tests.support.servers import wait_until


def test_a_bundle_that_fails_live_gives_way_at_once(tmp_path: Path) -> None:
    """The one before forecasts from the next batch on; the batch itself is forecast by the baseline and not lost."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(60)]
    one, two = baseline_bundle(second=1), baseline_bundle(second=2)
    release(bench.registry, one)
    bench.run(*messages(rows[:30], 5))
    release(bench.registry, two)
    agent = bench.agent()
    script = script_of(agent)

    def spoil() -> None:
        bench.spoilt.add(two.manifest.version)

    script.steps = [messages(rows[30:35])[0], spoil, *messages(rows[35:], 5)]
    agent.run()
    live = agent.parts.live.current
    assert live is not None
    assert live.bundle == one
    assert (bench.lines("is refused: never"), bench.lines("gone back")) == (1, 1)
    bench.run()
    assert bench.lines(f"bundle {two.manifest.version} is live") == 1
    bench.drain()
    assert len(bench.stored()["forecast_lead"]) == len({(at, lead) for at in range(1, 60) for lead in (1, 3, 6)})


def test_a_series_whose_forecasts_break_is_on_the_page(tmp_path: Path) -> None:
    """The only one of this device, in a bundle for several: the bundle stays, and the page says what is missing."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(60)]
    bundle = baseline_bundle()
    release(bench.registry, Bundle(msgspec.structs.replace(bundle.manifest, series=["a.t", "b.t"])))
    agent = bench.agent()

    def spoil() -> None:
        bench.spoilt.add(bundle.manifest.version)

    script = script_of(agent)
    script.steps = [*messages(rows[:30], 5), spoil, *messages(rows[30:], 5)]
    agent.run()
    assert bench.lines("is refused") == 0
    status, page = agent.parts.health.health()
    assert (status, page["status"]) == (200, "degraded")
    assert page["reason"] == "the newest forecasts of 1 series were broken; the baseline makes them"


def test_the_only_bundle_failing_is_said_once(tmp_path: Path) -> None:
    """Without one before, the baseline goes on forecasting, batch after batch, without another word."""
    bench, rows = Bench(tmp_path), [("a.t", START + at * MINUTE, float(at)) for at in range(60)]
    bundle = baseline_bundle()
    release(bench.registry, bundle)
    agent = bench.agent()
    script = script_of(agent)

    def spoil() -> None:
        bench.spoilt.add(bundle.manifest.version)

    script.steps = [*messages(rows[:30], 5), spoil, *messages(rows[30:], 5)]
    agent.run()
    assert bench.lines("is refused") == 1
    assert agent.parts.health.labels == {"model": "last_value"}
    assert agent.parts.counters.total(Counter.FORECASTS) + agent.parts.counters.total(Counter.FALLBACK_FORECASTS) == 59


def test_a_restart_says_that_the_baseline_stands_in_and_why(tmp_path: Path) -> None:
    """The log names no bundle as live that does not forecast, and the page says what is missing, until the promotion."""
    bench = Bench(tmp_path)
    bench.now = START + 6000 * MINUTE
    bundle = baseline_bundle(name="mean_of_3_days", contract=Contract(60 * MINUTE, 72, 6))
    release(bench.registry, bundle)
    agent = bench.agent()

    def spoil() -> None:
        bench.spoilt.add(bundle.manifest.version)

    script_of(agent).steps = [spoil, *messages([("a.t", START + at * 60 * MINUTE, 1.0) for at in range(60)])]
    agent.run()
    bench.log.clear()
    pages: list[tuple[int, dict[str, str]]] = []
    again = bench.agent()
    script_of(again).steps = [lambda: pages.append(again.parts.health.health())]
    again.run()
    version = bundle.manifest.version
    assert bench.lines(f"bundle {version} is live") == 0
    assert bench.lines(f"bundle {version} is refused since 2026-") == 1
    assert bench.lines("never; seasonal_naive_day forecasts in its place; 1 series known") == 1
    ((status, page),) = pages
    assert (status, page["status"], page["model"]) == (200, "degraded", "seasonal_naive_day")
    assert page["reason"].startswith(f"a released bundle is refused: {version} since 2026-")
    Registry(bench.registry).promote(version)
    bench.run()
    assert bench.lines(f"bundle {version} is live") == 1


def test_a_start_without_a_bundle_says_which_refusal_is_to_blame(tmp_path: Path) -> None:
    """What was released is damaged: the log and the page name it, after a restart too."""
    bench, bundle = Bench(tmp_path), baseline_bundle()
    release(bench.registry, bundle)
    manifest = bench.registry / "bundles" / bundle.manifest.version / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-9])
    bench.run()
    bench.log.clear()
    pages: list[tuple[int, dict[str, str]]] = []
    agent = bench.agent()
    script_of(agent).steps = [lambda: pages.append(agent.parts.health.health())]
    agent.run()
    refused = f"a released bundle is refused: {bundle.manifest.version} since "
    assert bench.lines(f"no bundle is live: readings are stored, nothing is forecast; {refused}") == 1
    assert [(status, page["status"], page["reason"].startswith(refused)) for status, page in pages] == [(200, "degraded", True)]


def test_the_watcher_survives_anything(tmp_path: Path) -> None:
    """An error nobody thought of costs one look at the channel, and one line."""
    bench = Bench(tmp_path, poll="10ms")
    release(bench.registry, baseline_bundle())
    looks: list[int] = []

    def surprise(bundle: Bundle) -> Forecaster:
        looks.append(1)
        if len(looks) < 3:
            raise RuntimeError("surprise")
        return open_bundle(bundle)

    bench.open_bundle = surprise
    agent = bench.agent()
    script_of(agent).steps = [lambda: wait_until(lambda: len(looks) == 3), *[lambda: time.sleep(0.01)] * 100]
    agent.run()
    assert agent.parts.live.current is not None
    assert bench.lines("unexpected RuntimeError: surprise") == 1


def test_a_channel_that_never_answers_delays_nothing(tmp_path: Path) -> None:
    """Start goes on with the bundle on the device, and stopping needs no answer either."""
    asking: list[socket.socket] = []
    given_up = threading.Event()

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asking.append(self.connection)
            self.connection.recv(1)  # until the one who asks hangs up
            given_up.set()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bench = Bench(tmp_path, Waits(patience=0.2), channel=f"http://127.0.0.1:{server.server_address[1]}/live.json")
    agent = bench.run([message("a.t", START, 1.0)])
    assert not given_up.is_set()
    assert agent.parts.counters.total(Counter.READINGS) == 1
    for connection in asking:
        connection.shutdown(socket.SHUT_RDWR)
    server.shutdown()
    server.server_close()


def test_a_loop_that_does_not_come_back_is_an_outage(tmp_path: Path) -> None:
    """The page says so while the loop hangs, and is well again when it turns."""
    bench, late = Bench(tmp_path), [0.0]
    bench.moment = lambda: late[0]
    pages: list[tuple[int, str]] = []
    agent = bench.agent()

    def look() -> None:
        status, page = agent.parts.health.health()
        pages.append((status, page["status"]))

    def hang() -> None:
        late[0] += 300.0
        look()

    script_of(agent).steps = [look, hang, look]
    agent.run()
    assert [status for status, _ in pages] == [200, 503, 200]
    assert pages[1][1].startswith("the agent has stood still for 300 s")


def test_a_bundle_of_billions_of_columns_does_not_go_live(tmp_path: Path) -> None:
    """Milliseconds under a lateness of a year: refused with one line, and the agent goes on."""
    bench = Bench(tmp_path, lateness="365d")
    release(bench.registry, baseline_bundle(Contract(SHORTEST_INTERVAL, 24, 6)))
    agent = bench.run([message("a.t", START, 1.0)])
    assert agent.parts.live.engine is None
    assert bench.lines("is refused: it needs ") == 1
    assert script_of(agent).acknowledged != []

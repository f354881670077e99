"""The demo as a user runs it: shipped weather through mosquitto into a real InfluxDB, and what Grafana sees of it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edge.agent.counters import Counters, row
from edge.contract.columns import SeriesTable
from edge.contract.times import DAY, SECOND
from edge.stores.store import open_store
from tests.support.grafana_queries import answers
from tests.support.servers import Influx, requires

pytestmark = [pytest.mark.training, pytest.mark.slow, pytest.mark.servers]
DASHBOARDS = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
REPLAY_END = 1_388_444_400 * SECOND  # 2013-12-30T23:00Z


def run_demo(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`gatecast demo` in a process of its own, without a Prefect server; it ends by itself where it gets no further."""
    unset = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "demo", "--folder", str(folder), "--no-open", *arguments],
        env={**unset, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def bucket(influx: Influx) -> str:
    """A database for this module."""
    influx.create("demo")
    return "demo"


@pytest.fixture(scope="module")
def demo(influx: Influx, bucket: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of one whole demo."""
    requires("mosquitto")
    folder = tmp_path_factory.mktemp("demo")
    out = folder / "out.json"
    done = run_demo(
        folder / "work", "--store", influx.store_url(bucket), "--json", str(out), GATECAST_INFLUX_TOKEN=influx.token
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    figures: dict[str, Any] = json.loads(out.read_text())
    return figures


def test_nothing_is_lost_and_nothing_doubled(demo: dict[str, Any], influx: Influx, bucket: str) -> None:
    """Every reading sent and every forecast made is in the real store exactly once."""
    assert demo["readings_sent"] == demo["readings_stored"] > 20_000
    assert (demo["lost"], demo["doubled"], demo["broker"]) == (0, 0, "mosquitto")
    rows = influx.query(bucket, f'SELECT count("value") FROM "reading" WHERE time >= {REPLAY_END - 60 * DAY}')
    assert rows[0]["count"] == demo["readings_sent"]


def test_the_model_beats_the_baselines_on_the_shipped_weather(demo: dict[str, Any]) -> None:
    """At least 12 % below the best baseline on average, ahead on 14 of 15 sensors, interval near its promise."""
    assert demo["series"] == 15
    assert demo["mean_skill"] >= 0.12
    assert demo["series_won"] >= 14
    assert 0.72 <= demo["coverage_80"] <= 0.88
    assert demo["model"]["bytes"] < 1_000_000


def test_the_figures_that_others_read_are_all_there(demo: dict[str, Any]) -> None:
    """The JSON has the documented keys; plot and report are files that need nothing else."""
    model = {"version", "cell", "design", "bytes", "parameters", "train_seconds", "settings"}
    assert {
        "readings_sent", "readings_stored", "forecasts", "lost", "doubled", "series", "mean_skill", "series_won", "coverage_80",
        "model", "microseconds_per_forecast", "readings_per_second", "seconds", "plot", "report",
    } <= set(demo)  # fmt: skip
    assert model <= set(demo["model"])
    assert Path(demo["plot"]).read_bytes()[:4] == b"\x89PNG"
    page = Path(demo["report"]).read_text(encoding="utf-8")
    assert "Which network, and why" in page
    assert page.count("<article") == page.count('<tr><th scope="row"><a href="#series-') == 15
    assert page.count('<i class="unit">°F</i>') >= 6
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page


def test_every_dashboard_query_has_a_real_answer(demo: dict[str, Any], influx: Influx, bucket: str) -> None:
    """Each panel, variable and annotation finds data, in the time of the weather or in the time of the agent."""
    assert demo["lost"] == 0
    now = time.time_ns()
    # Panels of what was added since the row before need two rows a while apart, and the agent of a demo lives for seconds.
    earlier, table = row(Counters(), "none", now - 800 * SECOND), SeriesTable(["gatecast-demo"])
    influx.write(bucket, open_store(influx.store_url(bucket)).encode([earlier], table).decode())
    empty: dict[str, set[str]] = {}
    for name in ("forecast", "quality", "fleet"):
        dashboard = json.loads((DASHBOARDS / f"{name}.json").read_text("utf-8"))
        found: dict[str, list[dict[str, Any]]] = {}
        for moment, span in ((REPLAY_END, (REPLAY_END - 7 * DAY, REPLAY_END + 2 * DAY)), (now, (now - 900 * SECOND, now))):
            for query, rows in answers(dashboard, lambda query: influx.query(bucket, query), now=moment, span=span)[1].items():
                found[query] = found.get(query) or rows
        assert len(found) > 10
        empty[name] = {query for query, rows in found.items() if not rows}
    # The demo has no rules for alerts and anomalies.
    rules = {"annotation 'Alerts'", "annotation 'Anomalies'", "panel 'Days in which such a value is expected once' A"}
    assert empty["forecast"] == rules
    assert empty["quality"] == set()
    # The clock of a demo is that of its readings, so nobody looks for silent series.
    silent = {"panel 'Silent series' A", "panel 'Silent series by agent' A"}
    assert empty["fleet"] <= silent | {
        f"panel '{lost}, by reason' A" for lost in ("Skipped", "Lost", "Without a model's forecast")
    }


def test_a_store_that_knows_the_future_is_refused(demo: dict[str, Any], influx: Influx, bucket: str, tmp_path: Path) -> None:
    """A second demo in the same bucket would train on what it is to forecast: one line, exit code 2."""
    assert demo["lost"] == 0
    done = run_demo(tmp_path / "again", "--store", influx.store_url(bucket), GATECAST_INFLUX_TOKEN=influx.token)
    assert done.returncode == 2
    assert "empty bucket" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_token_is_one_line(influx: Influx, bucket: str, tmp_path: Path) -> None:
    """Exit code 1 and what to check, before anything is trained."""
    done = run_demo(tmp_path / "work", "--store", influx.store_url(bucket), GATECAST_INFLUX_TOKEN="gatecast:wrong")
    assert done.returncode == 1
    assert "GATECAST_INFLUX_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A folder that is not a demo's is refused; one that is, is made anew."""
    (tmp_path / "letters.txt").write_text("dear")
    done = run_demo(tmp_path)
    assert (done.returncode, "not a demo's" in done.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_history_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """Text in a value column: exit code 1, the line of the file, nothing trained."""
    data = tmp_path / "bad.csv"
    data.write_text("time,a\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00Z,warm\n")
    done = run_demo(tmp_path / "work", "--data", str(data))
    assert done.returncode == 1
    assert "line 3" in done.stderr
    assert "warm" in done.stderr
    shutil.rmtree(tmp_path / "work")

"""Makes the pictures of docs/dashboards.md: the dashboards' own queries on a real InfluxDB, drawn without Grafana.

*Forecast* and *Quality* show what a run of `gatecast demo` has stored: recorded weather, forecast by the network that the demo
trains. The demo has no rules, so alerts and anomalies are what the agent's code says of the same days with that network, some
rules and `[anomaly]`. An agent of the demo lives for seconds, and the demo is trained once, so agents and runs of *Fleet* and
*Retraining* are made up, as those of the tests.

    python benchmarks/dashboard_pictures.py                   # starts an InfluxDB and runs the demo: some minutes
    python benchmarks/dashboard_pictures.py --store URL --folder DEMO    # of the InfluxDB that a demo has filled; its folder
"""

import argparse
import contextlib
import json
import lzma
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from dashboard_drawing import Shown, draw

from edge.agent.counters import Counter, Counters, Gauge
from edge.alerts.alerts import Alerts
from edge.alerts.rule import AlertRule
from edge.anomalies.rule import AnomalyRule
from edge.anomalies.watch import Watch
from edge.checks.configured import local_bundle
from edge.commands.csv_file import read_csv
from edge.config.reading import read_config
from edge.contract.columns import SeriesTable
from edge.contract.schema import ANOMALY
from edge.contract.times import DAY, LATEST, SECOND
from edge.forecaster.bundle import Bundle
from edge.forecaster.learned import Learned
from edge.release.ready import open_bundle
from edge.series.engine import Engine
from edge.stores.influx import InfluxStore
from pipeline.judging.drift import Rule
from tests.support.grafana_queries import Rows, answers
from tests.support.grafana_seed import HOUR, MINUTE, Write, a_look, a_retraining, released, reports
from tests.support.named_influx import NamedInflux
from tests.support.servers import Influx

ROOT = Path(__file__).parents[1]
GRAFANA = ROOT / "deploy" / "grafana"
UIDS = ("forecast", "quality", "alerts", "fleet", "retraining")
WEATHER = ROOT / "flows" / "data" / "nyc-weather-2013.csv.xz"
RULES = (
    AlertRule(name="frost", series="*.temperature", below=32.0, within="12h"),
    AlertRule(name="wind", series="*.wind_speed", above=15.0, within="6h"),
    AlertRule(name="low", series="*.pressure", below=1005.0, within="12h"),
)
RARE = AnomalyRule("30d")
BESIDE = ("agent", "retraining", "drift", "alert", "alert_score", "anomaly")  # measurements that the demo has not stored
REPLAY_END = 1_388_444_400 * SECOND  # 2013-12-30T23:00Z, when the weather of the demo ends
CHOSEN = {"series": "jfk.pressure", "filter": "", "lead": "6"}
SPANS = {"forecast": (-4 * DAY, DAY), "quality": (-14 * DAY, 0), "alerts": (-30 * DAY, 0), "fleet": (-6 * HOUR, 0)}


def demo(store_url: str, folder: Path) -> None:
    """Run the demo into a store; its progress goes to this terminal."""
    subprocess.run(
        [sys.executable, "-m", "flows.cli", "demo", "--folder", str(folder / "demo"), "--no-open", "--store", store_url],
        cwd=ROOT,
        check=True,
    )


def released_in(folder: Path) -> Bundle:
    """The bundle that a demo has released, by its working folder."""
    bundle = local_bundle(read_config(folder / "gatecast.toml"))
    if bundle is None:
        raise SystemExit(f"{folder} is no folder of a demo that has released a bundle")
    return bundle


def trained(write: Write) -> None:
    """Weekly runs of three months and a look a day, with a drift and the run that it caused: made up, as the tests' are."""
    random = np.random.default_rng(3)
    drifting = 6  # days before the end
    champion, error = "20131001T230000Z-gru-aaaaaaaa", 0.236
    live = [(0, champion)]  # from when on, and what
    # The look that finds the drift asks for a run, which ends some minutes later.
    ends = sorted([*(REPLAY_END - week * 7 * DAY for week in range(12, 0, -1)), REPLAY_END - drifting * DAY + 6 * MINUTE])
    for number, end in enumerate(ends):
        challenger = f"{datetime.fromtimestamp(end // SECOND, UTC):%Y%m%dT%H%M%SZ}-gru-{number:08x}"
        made = error - 0.004 + random.normal(0, 0.004) + 0.02 * (number in (4, 8))
        is_better = made < error
        said = (
            f"released: {1 - made / 0.27:.1%} below the best baseline" if is_better else "not released: the champion is better"
        )
        write(
            a_retraining(
                end,
                seconds=300 + random.normal(0, 25),
                released=int(is_better),
                cause="drift" if end % DAY != REPLAY_END % DAY else "schedule",
                verdict=said,
                champion=champion,
                challenger=challenger,
                champion_error=error,
                challenger_error=made,
                baseline_error=0.27 + random.normal(0, 0.002),
                skill=1 - made / 0.27,
                coverage=0.8 + random.normal(0, 0.015),
            )
        )
        champion, error = (challenger, made) if is_better else (champion, error)
        live.append((end, champion))
    for day in range(84, -1, -1):
        statistic = min(random.normal(0, 0.9), 2) + (5.5 if day == drifting else 0)
        drifted, now = int(statistic > Rule().threshold), REPLAY_END - day * DAY
        write(
            a_look(
                now,
                statistic=statistic,
                threshold=Rule().threshold,
                live_error=0.85 + 0.02 * statistic,
                drifted=drifted,
                raised=drifted,
                judged_series=15,
                model=next(model for since, model in reversed(live) if since < now),
            )
        )


def agents(write: Write) -> None:
    """Six hours of three agents, made up: the store of one is away for a while, and some of its messages are no JSON."""
    random = np.random.default_rng(5)
    times = [REPLAY_END - 6 * HOUR + number * MINUTE for number in range(361)]
    for agent, rate, microseconds in (("line-1", 120.0, 48), ("line-2", 80.0, 47), ("yard", 35.0, 95)):

        def work(counters: Counters, number: int, agent: str = agent, rate: float = rate, cost: int = microseconds) -> None:
            is_away = agent == "yard" and 200 < number < 245
            counters.set(Gauge.READINGS_PER_SECOND, rate * random.normal(1, 0.04))
            counters.set(Gauge.LAG_SECONDS, random.gamma(9, 0.15))
            counters.set(Gauge.BACKLOG_BYTES, 40_000 * (number - 200) if is_away else float(random.integers(0, 9000)))
            counters.set(Gauge.SILENT_SERIES, int(agent == "line-2" and number > 280))
            counters.count_all({Counter.FORECASTS: rate * random.normal(1, 0.05), Counter.FORECAST_SECONDS: rate * cost * 1e-6})
            if agent == "yard" and number % 7 == 0:
                counters.count_all({Counter.MESSAGES_SKIPPED: 2, Counter.SKIPPED_BAD_JSON: 1, Counter.SKIPPED_NO_VALUE: 1})
            counters.count_all(
                {Counter.LATE: random.poisson(0.3), Counter.DUPLICATES: 40 * (agent == "yard" and 245 <= number < 250)}
            )
            counters.count(Counter.TOO_LATE, float(random.poisson(0.02)))
            counters.count(Counter.FALLBACK_FORECASTS, float(random.poisson(0.4)))

        write(reports(agent, times, work))
        write(released(agent, REPLAY_END - 4 * HOUR))


def spoken(write: Write, bundle: Bundle) -> None:
    """What an agent with rules would have said of the weather, by its own code; the pictures show days that nobody trained on.

    Args:
        write: function that stores a block.
        bundle: bundle that the demo has released.
    """
    series, store = SeriesTable(), InfluxStore("http://127.0.0.1:1", "b")
    engine = Engine(open_bundle(bundle), bundle.manifest.series, series, learned=Learned.of(bundle.manifest))
    contract = engine.forecaster.contract
    engine.watch, alerts = Watch.of(RARE, contract, engine.leads), Alerts(RULES, series)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weather.csv"
        path.write_bytes(lzma.decompress(WEATHER.read_bytes()))
        for readings in read_csv(path, series, LATEST):
            effect = engine.step(readings)
            alerts.look(effect.forecasts, contract)
            rows = [*alerts.rows(), *(points for points in effect.points if points.measurement is ANOMALY)]
            if rows:
                write(store.encode(rows, series))


def pictures(server: Influx | NamedInflux, bucket: str, bundle: Bundle, out: Path) -> None:
    """Draw every dashboard.

    Args:
        server: server that has the demo's bucket.
        bucket: name of the bucket; what the demo has not stored comes into a bucket beside it.
        bundle: bundle that the demo has released.
        out: folder for the pictures.
    """
    beside = f"{bucket}-pictures"
    server.create(beside)
    write = InfluxStore(server.url, beside, "gatecast", server.token).write
    agents(write)
    trained(write)
    spoken(write, bundle)
    for name in UIDS:
        board = json.loads((GRAFANA / f"dashboards/{name}.json").read_text("utf-8"))
        start, stop = SPANS.get(name, (-84 * DAY, 0))
        span = (REPLAY_END + start, REPLAY_END + stop)

        def ask(query: str) -> Rows:
            is_beside = any(f'FROM "{measurement}"' in query for measurement in BESIDE)
            return server.query(beside if is_beside else bucket, query)

        variables, rows = answers(board, ask, now=REPLAY_END, span=span, chosen=CHOSEN)
        picture = draw(Shown(board, variables, rows, span, REPLAY_END))
        path = out / f"{name}.png"
        path.write_bytes(picture)
        print(f"{path}: {len(picture) / 1000:.0f} kB, {sum(map(len, rows.values()))} rows of {len(rows)} queries")


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description="pictures of the dashboards")
    parser.add_argument("--store", help="URL of the store of a demo that has run; without it the demo is run now")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="folder for the pictures")
    parser.add_argument("--folder", type=Path, default=Path("gatecast-demo"), help="working folder of that demo")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    if options.store:
        with contextlib.closing(NamedInflux(options.store, os.environ.get("GATECAST_INFLUX_TOKEN", ""))) as named:
            pictures(named, named.named_bucket, released_in(options.folder), options.out)
        return
    with tempfile.TemporaryDirectory() as folder, Influx(Path(folder) / "influx") as server:
        server.create("demo")
        demo(server.store_url("demo"), Path(folder))
        pictures(server, "demo", released_in(Path(folder) / "demo"), options.out)


if __name__ == "__main__":
    main()

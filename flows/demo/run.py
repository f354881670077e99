"""The whole way on recorded data: history, retraining, release, agent, stream, store, and what came of it."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from edge.agent.counters import Counter, Gauge, Number
from edge.config.reading import read_config
from edge.config.training_sections import Fleet
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import GAUGE
from edge.contract.times import DAY, format_duration
from edge.errors import ConfigurationError, GatecastError, HistoryError
from edge.quoting import counted
from edge.stores.sqlite import sqlite_url
from edge.stores.store import Store, open_store
from edge.tables.options import NO_OPTIONS, TableOptions
from flows.demo.pictures import panels
from flows.demo.stream import in_order, publish, topic_safe, topics_of
from flows.output.demonstration import Demonstration
from flows.processes.patience import Patience
from flows.processes.servers import AgentProcess, free_port, start_broker
from flows.progress import Show
from flows.retraining.flow import run as run_retrain
from pipeline.files.reading import read_file
from pipeline.history.defaults import derive_contract
from pipeline.history.from_store import tag, write_history
from pipeline.judging.stored_forecasts import count, expected_forecasts, measure, stored_leads

Units: TypeAlias = Mapping[str, str]
NO_UNITS: Units = {}
SHIPPED = "nyc-weather-2013.csv.xz"
# Of the shipped weather, see flows/data/README.md.
WEATHER: Units = {"temperature": "°F", "dew_point": "°F", "humidity": "%", "wind_speed": "mph", "pressure": "mbar"}
REPLAYED = 60 * DAY
LARGEST_SHARE = 0.2  # of the history that is replayed, where it is shorter


def load(data: Path | None, table: TableOptions = NO_OPTIONS) -> tuple[SeriesTable, Readings]:
    """The shipped readings or the user's own, in order of time, with names that can be topics.

    Raises:
        ConfigurationError: there is no such file.
        HistoryError: it cannot be read.
    """
    if data is not None:
        series, readings = read_file(data, table)
    else:
        series, readings = read_file(Path(__file__).parents[1] / "data" / SHIPPED)
    return topic_safe(series), in_order(readings)


def split_time(readings: Readings, interval: int) -> int:
    """Where history ends and the stream begins: the last 60 days, or the last fifth where there is less than 300 days.

    Raises:
        HistoryError: nothing to split.
    """
    if len(readings) < 2:
        raise HistoryError("expected readings to train on and to replay; got almost none")
    first, last = int(readings.time.min()), int(readings.time.max())
    split = last - min(REPLAYED, int(LARGEST_SHARE * (last - first)))
    return -(-split // interval) * interval


def write_config(
    folder: Path, store: str, ports: tuple[int, int], series: SeriesTable, contract: Contract, units: Units = NO_UNITS
) -> Path:
    """The demo's `gatecast.toml`, an ordinary one.

    Args:
        folder: working folder.
        store: URL of the store.
        ports: ports of the broker and of the agent's numbers.
        series: names of the series.
        contract: interval, horizon and window.
        units: units of the series, by what stands behind the last dot of their names.
    """
    path = folder / "gatecast.toml"
    path.write_text(
        f"""\
# Made by gatecast demo; runs as it is: gatecast-agent run --config {path.name}
[mqtt]
url = "mqtt://127.0.0.1:{ports[0]}"
client_id = "gatecast-demo"

{_rules(series, units)}
[store]
url = {_toml(store)}

[agent]
state = {_toml(folder / "agent")}
clock = "event" # recorded data: only readings close intervals
leads = {list(stored_leads(contract.horizon))}
health = "127.0.0.1:{ports[1]}"
report = "2s"

[release]
channel = {_toml(folder / "registry" / "channels" / "live.json")}

[fleet]
interval = "{format_duration(contract.interval)}"
horizon = {contract.horizon}
window = {contract.window}

[registry]
path = {_toml(folder / "registry")}
""",
        encoding="utf-8",
    )
    return path


def _rules(series: SeriesTable, units: Units) -> str:
    """The rules for the topics of the series: one for those of each unit that is named, or one for all."""
    topic, name, _ = topics_of(series)
    if not units:
        return f"[[ingest]]\ntopic = {_toml(topic)}\nseries = {_toml(name)}\n"
    rules = [(*(text.replace("{metric}", metric) for text in (topic, name)), unit) for metric, unit in units.items()]
    return "\n".join(
        f"[[ingest]]\ntopic = {_toml(topic)}\nseries = {_toml(name)}\nunit = {_toml(unit)}\n" for topic, name, unit in rules
    )


def _toml(value: str | Path) -> str:
    """A text as TOML writes it: as JSON does, but for one control character that TOML wants escaped too."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def run(
    folder: Path,
    *,
    data: Path | None,
    store_url: str | None,
    show: Show,
    table: TableOptions = NO_OPTIONS,
    ready: Callable[[Path], None] = lambda _: None,
) -> Demonstration:
    """Run the demo.

    Args:
        folder: working folder, from `prepare_folder`.
        data: file of readings; None: the shipped weather.
        store_url: URL of the store that takes everything; None: an SQLite file in the folder.
        show: stages and progress, as the user sees them.
        table: statement of the user about the file.
        ready: function that is called with the path of the configuration before the replay begins.

    Raises:
        GatecastError: one line that says what to do.
    """
    units = NO_UNITS if data is not None else WEATHER
    url = store_url or sqlite_url(folder / "store.db")
    with show.stage("import"):
        series, readings = load(data, table)
        contract = derive_contract(Fleet(), readings)
        split = split_time(readings, contract.interval)
        health_port = free_port()
        store = open_store(url)
        _refuse_later_data(store, split)
        config_path = write_config(folder, url, (1, health_port), series, contract, units)
        config = read_config(config_path)
        series = tag(series, config.ingests())
        history = readings.take(readings.time < split)
        written = write_history(store, series, history)
        show.note(f"  {counted(written, 'reading')} of {len(series)} series until the replay begins")
    with show.stage("retrain"):
        retrained = run_retrain(config_path, until=split)
    stream = readings.take(readings.time >= split)
    broker, broker_name, port = start_broker(folder / "broker")
    with broker, show.stage("replay"):
        write_config(folder, url, (port, health_port), series, contract, units)
        ready(config_path)
        show.note(f"  {broker_name} on port {port}; the agent's numbers on http://127.0.0.1:{health_port}/metrics")
        with AgentProcess(config_path, folder / "agent.log", health_port) as agent:
            numbers, rate = _replay(agent, port, topics_of(series)[2], stream, show)
    with show.stage("summary"):
        end = int(stream.time.max()) + contract.interval * (contract.horizon + 2)
        counts = count(store, stream, series, expected_forecasts(history, stream, contract), split, end)
        measured = measure(store, contract, stored_leads(contract.horizon), readings, series, (split, end))
        store.close()
        told = retrained.prepared.table.told
        meanings = tuple(told.get(name, GAUGE) for name in measured.table.names)
        measured = replace(measured, table=replace(measured.table, meanings=meanings))
    live = retrained.release.goes_out
    if live is None:
        raise GatecastError("nothing was released, though the registry was empty")
    return Demonstration(
        retrained=retrained,
        counts=counts,
        measured=measured,
        panels=panels(measured, contract),
        contract=contract,
        live=live,
        broker=broker_name,
        store=url,
        shipped=data is None,
        microseconds_per_forecast=math.nan if live.model is None else _microseconds_per_forecast(numbers),
        readings_per_second=rate,
        seconds=show.seconds,
        folder=folder,
    )


def _replay(
    agent: AgentProcess, port: int, topics: list[str], stream: Readings, show: Show
) -> tuple[dict[Number, float], float]:
    """Publish the stream and wait until the store has all that follows from it.

    Returns:
        The agent's numbers, and readings per second through broker, agent and spool.

    Raises:
        GatecastError: the broker, the agent or the store takes no more.
    """
    agent.wait_ready()
    started = time.monotonic()
    publish(
        port,
        topics,
        stream,
        lambda: int(agent.numbers()[Counter.READINGS]),
        lambda sent: show.advance("readings", sent, len(stream), "sent over MQTT"),
    )
    rate = len(stream) / (time.monotonic() - started)
    return _flushed(agent), rate


def _microseconds_per_forecast(numbers: dict[Number, float]) -> float:
    """Time in the agent; NaN where it has made no forecast."""
    forecasts = numbers[Counter.FORECASTS]
    return numbers[Counter.FORECAST_SECONDS] / forecasts * 1e6 if forecasts else math.nan


def _refuse_later_data(store: Store, split: int) -> None:
    """Refuse a store with readings of the time to be replayed: the training would learn from them."""
    span = store.span()
    if span is not None and span[1] >= split:
        raise ConfigurationError("the store already holds readings of the time to be replayed; give the demo an empty bucket")


def _flushed(agent: AgentProcess) -> dict[Number, float]:
    """The agent's numbers once the store has everything.

    Raises:
        GatecastError: the store takes no more.
    """
    patience = Patience()
    while (backlog := (numbers := agent.numbers())[Gauge.BACKLOG_BYTES]) > 0:
        if patience.lost(-backlog):
            raise GatecastError(
                f"{backlog:.0f} bytes wait for the store, and no fewer for {patience.seconds:.0f} s; see agent.log"
            )
        time.sleep(0.1)
    return numbers

"""What this device can do, measured with the agent itself: each time in a process and a folder of its own."""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import msgspec

from edge.bench.course import Job, Outcome
from edge.bench.feed import TOPIC, Feed, Stream
from edge.config.sections import Config, Mqtt, Release, StoreSection
from edge.errors import GatecastError
from edge.files import replace_file
from edge.forecaster.bundle import Bundle, write_bundle
from edge.messages.rule import IngestRule
from edge.release.pointer import Memory

UNMEASURED = 0.1  # share of the readings, after which the agent is in its stride


@dataclass(frozen=True, slots=True)
class Load:
    """Sensors that send readings.

    Args:
        series: number of sensors.
        per_closing: readings of a sensor in an interval.
        size: length of a payload, bytes.
    """

    series: int
    per_closing: int
    size: int = 100


RESTARTS = 4  # intervals of each sensor that lie between a run and now


class Device:
    """This device, as a configuration and a bundle make it; a context manager.

    Args:
        config: configuration; its broker, its store, its state and its channel are not touched.
        bundle: bundle that forecasts.
        parent: folder for a temporary folder, on the disk that the agent is to write to.
    """

    def __init__(self, config: Config, bundle: Bundle, parent: Path) -> None:
        self._config, self._bundle = config, bundle
        self._home = tempfile.TemporaryDirectory(prefix="gatecast-bench-", dir=parent)
        self._runs = 0
        self._used: _Site | None = None
        self._restarts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._home.cleanup()

    def speed(self, load: Load, readings: int) -> Outcome:
        """Take so many readings as fast as the device can; the first tenth is not measured."""
        self._used, self._restarts = self._new_site(load, readings), 0
        site = self._used
        return self._run(site, site.stream(readings), unmeasured=int(UNMEASURED * readings))

    def restart(self) -> float:
        """Seconds from the start of the program to the first forecast, after `speed`; `RESTARTS` times at most."""
        if (site := self._used) is None:
            raise ValueError("nothing has run here")
        stream = site.after_all(self._restarts)
        self._restarts += 1
        begin = time.monotonic()
        outcome = self._run(site, stream, unmeasured=stream.count, stored=False, forecasts=1)
        return outcome.first_forecast - begin

    def latency(self, load: Load, rate: float, seconds: float) -> Outcome:
        """Take so many readings a second; the first tenth is not measured."""
        readings = max(int(rate * seconds), 2)
        site = self._new_site(load, readings)
        return self._run(site, site.stream(readings), unmeasured=int(UNMEASURED * readings), rate=rate)

    def memory(self, series: int) -> Outcome:
        """Fill the windows of all series, and close an interval of all."""
        site = self._new_site(Load(series, 1), series)  # each reading closes the last interval of the history
        return self._run(site, site.stream(series), unmeasured=series, stored=False)

    def _new_site(self, load: Load, readings: int) -> "_Site":
        """A new folder with the bundle in it, and the times of the readings, which end before now."""
        self._runs += 1
        folder = Path(self._home.name, f"run-{self._runs}")
        put_live(self._bundle, folder / "state")
        interval = self._bundle.manifest.contract.interval
        intervals = -(-readings // (load.series * load.per_closing)) + 1
        start = (time.time_ns() // interval - intervals - RESTARTS) * interval
        return _Site(folder, load, start, interval // load.per_closing, start + intervals * interval)

    def _run(
        self, site: "_Site", stream: Stream, *, unmeasured: int, rate: float = 0.0, stored: bool = True, forecasts: int = 0
    ) -> Outcome:
        """Let the agent take a stream.

        Args:
            site: folder that it works in.
            stream: the readings.
            unmeasured: number of the first readings that are not measured.
            rate: readings in a second; 0: as fast as it takes them.
            stored: whether rows are written to a store, if there is one that needs no server.
            forecasts: number of forecasts after which it ends; 0: it takes all readings.

        Raises:
            GatecastError: it ends without a result.
        """
        contract = self._bundle.manifest.contract
        with Feed(stream, rate) as feed:
            config = self._config_at(site, feed.port)
            stored = stored and config.store.url.startswith("sqlite:")
            history = site.load.series, site.start, contract.interval
            job = Job(config, stream.count, unmeasured, *history, stored=stored, forecasts=forecasts)
            return run_course(job, site.folder / "log")

    def _config_at(self, site: "_Site", port: int) -> Config:
        """The configuration with everything outside of it replaced."""
        config, change = self._config, msgspec.structs.replace
        path = quote(str(site.folder / "store.db"))
        url = f"sqlite:///{path}" if config.store.url.startswith("sqlite:") else "influxdb://127.0.0.1:9/bench?org=bench"
        agent = change(
            config.agent,
            state=str(site.folder / "state"),
            clock="event",
            health="off",
            report="1h",
            max_series=2 * max(site.load.series, 1),
        )
        return change(
            config,
            mqtt=Mqtt(f"mqtt://127.0.0.1:{port}", "gatecast-bench", reader=config.mqtt.reader),
            ingest=(IngestRule(TOPIC),),
            store=StoreSection(url),
            history=(),
            release=Release(),
            agent=agent,
        )


@dataclass(frozen=True, slots=True)
class _Site:
    """Where the agent works, and on what.

    Args:
        folder: folder for everything that it writes.
        load: sensors that send the readings.
        start: time of the first reading, ns UTC.
        step: time between two readings of a sensor, ns.
        end: time at which all intervals of them have ended, ns UTC.
    """

    folder: Path
    load: Load
    start: int
    step: int
    end: int

    def stream(self, count: int) -> Stream:
        """So many readings."""
        return Stream(self.load.series, 0, count, self.start, self.step, self.load.size)

    def after_all(self, before: int) -> Stream:
        """A reading of each sensor, which closes the last interval of all others.

        Args:
            before: number of such streams that the agent had before.
        """
        return Stream(
            self.load.series,
            0,
            self.load.series,
            self.end + before * self.step * self.load.per_closing,
            self.step,
            self.load.size,
        )


def put_live(bundle: Bundle, state: Path) -> None:
    """Let an agent find a bundle live that has run there before.

    Args:
        bundle: bundle.
        state: folder of its state.
    """
    bundles = state / "bundles"
    bundles.mkdir(parents=True)
    write_bundle(bundles, bundle)
    Memory(bundles / "live.json", lambda _: None, replace_file).point_to(bundle.manifest.version, None)


def run_course(job: Job, log: Path) -> Outcome:
    """Run the agent in a process of its own, which ends with this one.

    Args:
        job: readings to take, and the agent that takes them.
        log: file for what it says meanwhile.

    Raises:
        GatecastError: it ends without a result.
    """
    command = [sys.executable, "-m", "edge.bench.course"]
    pipe = subprocess.PIPE
    with log.open("wb") as said, subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said) as process:
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            process.stdin.flush()
            answer = process.stdout.read()
        except BaseException:
            process.kill()
            raise
    try:
        return msgspec.json.decode(answer, type=Outcome)
    except msgspec.MsgspecError as error:
        lines = log.read_text(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
        raise GatecastError(f"the agent that is measured ended without a result: {lines[-1]}") from error

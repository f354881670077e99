"""The measurements of `gatecast-agent bench`, one after the other."""

import os
import platform
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.bench.device import Device, Load
from edge.bench.report import Report
from edge.checks.configured import local_bundle
from edge.config.fleet import contract_at
from edge.config.reading import read_config
from edge.config.sections import Config
from edge.config.training_sections import Fleet
from edge.contract.times import parse_duration
from edge.errors import GatecastError
from edge.forecaster.bundle import Bundle, read_bundle
from edge.forecaster.model import runtime_name
from edge.quoting import counted
from edge.release.first import first_bundle

DEFAULT = Path("gatecast.toml")
INTERVAL = "15min"  # where neither a bundle nor the configuration says one


@dataclass(frozen=True, slots=True)
class Wishes:
    """How much is measured.

    Args:
        load: sensors that send the readings.
        readings: number of readings to take as fast as the device can.
        rate: readings a second for the latency.
        seconds: time at that rate.
        sizes: numbers of series with which the memory is measured.
    """

    load: Load
    readings: int
    rate: float
    seconds: float
    sizes: tuple[int, ...]


def measure(config_path: Path, bundle_path: Path | None, wishes: Wishes, say: Callable[[str], None]) -> Report:
    """Measure this device.

    Args:
        config_path: configuration; where nobody wrote the one of the usual name, the defaults count.
        bundle_path: folder of the bundle to use; None: the live one, or else a baseline.
        wishes: amount of the measurements.
        say: function called with a line before each measurement.

    Raises:
        ConfigurationError: the configuration is wrong.
        BundleError: the bundle is damaged, or does not run here.
        GatecastError: a measurement ended without a result.
    """
    config = Config() if config_path == DEFAULT and not DEFAULT.exists() else read_config(config_path)
    bundle = (read_bundle(bundle_path) if bundle_path else local_bundle(config)) or baseline_for(config.fleet)
    manifest, load = bundle.manifest, wishes.load
    with interruptible(), Device(config, bundle, disk_of(Path(config.agent.state))) as device:
        say(f"1 of 4: {counted(wishes.readings, 'reading')} as fast as this device can")
        speed = device.speed(load, wishes.readings)
        if not any(speed.forecasts):
            raise GatecastError(
                f"bundle {manifest.version} forecasts nothing here; gatecast-agent check says why, or take fewer --series"
            )
        say(f"2 of 4: {wishes.rate:,.0f} readings a second, for {wishes.seconds:,.0f} s")
        latency = device.latency(load, wishes.rate, wishes.seconds)
        say("3 of 4: memory")
        outcomes = {size: device.memory(size) for size in wishes.sizes}
        say("4 of 4: restart")
        restart = device.restart()
    made = manifest.model.cell if manifest.model else manifest.baseline
    system = f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores"
    return Report(
        device=f"{system}, {runtime_name()}",
        bundle=f"bundle {manifest.version}: {made}, {manifest.contract.words}",
        store=config.store.open().kind,
        load=load,
        interval=manifest.contract.interval,
        speed=speed,
        rate=wishes.rate,
        latency=latency,
        memory={size: outcome.resident for size, outcome in outcomes.items() if any(outcome.forecasts)},
        refused=[size for size, outcome in outcomes.items() if not any(outcome.forecasts)],
        restart=restart,
    )


@contextmanager
def interruptible() -> Iterator[None]:
    """A block that Ctrl-C and SIGTERM end, also where a script has turned Ctrl-C off; for the main thread only."""
    numbers = signal.SIGINT, signal.SIGTERM
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def disk_of(state: Path) -> Path:
    """The nearest folder above the state that exists: it is on the disk that the agent writes to."""
    return next(folder for folder in state.absolute().parents if folder.exists())


def baseline_for(fleet: Fleet) -> Bundle:
    """A bundle without a model, on the grid of the configuration where that names one."""
    contract = contract_at(fleet, parse_duration(fleet.interval or INTERVAL))
    return first_bundle("last_value", contract, datetime.now(UTC))

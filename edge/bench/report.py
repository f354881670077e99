"""What was measured, in words."""

from dataclasses import dataclass

from edge.bench.course import Outcome
from edge.bench.device import Load
from edge.bench.stages import Stage
from edge.contract.times import SECOND, format_duration
from edge.quoting import counted

MINUTE = 60  # seconds
ENOUGH = 0.5  # share of a device's time; beyond it a backlog takes long to catch up with


@dataclass(frozen=True, slots=True)
class Report:
    """What this device can do.

    Args:
        device: interpreter, processor and runtime.
        bundle: name and grid of the bundle.
        store: kind of the store.
        load: sensors that sent the readings.
        interval: interval of the bundle, ns.
        speed: run as fast as possible.
        rate: readings a second of the other run.
        latency: run at that rate.
        memory: resident memory and its peak, MB, by the number of series.
        refused: numbers of series with which the bundle does not run here.
        restart: seconds from the start of the program to the first forecast.
    """

    device: str
    bundle: str
    store: str
    load: Load
    interval: int
    speed: Outcome
    rate: float
    latency: Outcome
    memory: dict[int, tuple[float, float]]
    refused: list[int]
    restart: float

    @property
    def cpu(self) -> float:
        """CPU time of a reading, µs."""
        return sum(self.speed.cpu.values())

    @property
    def per_second(self) -> float:
        """Readings in a second that are taken and stored."""
        return self.speed.readings / self.speed.stored

    def document(self) -> dict[str, object]:
        """The same as JSON types, with the unit in each name."""
        half, most = self.latency.waits or (None, None)
        return {
            "device": self.device,
            "bundle": self.bundle,
            "store": self.store,
            "series": self.load.series,
            "readings_per_closing": self.load.per_closing,
            "cpu_microseconds_per_reading": {name: round(cost, 3) for name, cost in self.speed.cpu.items()},
            "readings_per_second_per_core": round(1e6 / self.cpu),
            "readings_per_second": round(self.per_second),
            "rate": self.rate,
            "commit_seconds_p50": half,
            "commit_seconds_p99": most,
            "memory_megabytes": {str(series): {"resident": now, "peak": peak} for series, (now, peak) in self.memory.items()},
            "series_without_room": self.refused,
            "restart_seconds": round(self.restart, 3),
        }

    def lines(self) -> list[str]:
        """Lines for people; the last ones say what to make of it."""
        load = self.load
        lines = [
            self.device,
            self.bundle,
            f"{load.series:,} sensors, {counted(load.per_closing, 'reading')} in an interval, {load.size} bytes of JSON each",
            self.written,
            "",
            "CPU time of a reading",
            *(f"  {stage.name.lower():<10}{self.speed.cpu[stage.name.lower()]:>8.1f} µs  {stage.value}" for stage in Stage),
            f"  {'together':<10}{self.cpu:>8.1f} µs  {1e6 / self.cpu:,.0f} readings a second and core",
            f"memory    {'; '.join(f'{series:,} series {now:.0f} MB' for series, (now, _) in self.memory.items())}",
            *(f"          {series:,} series: the bundle needs more memory than this device has" for series in self.refused),
            f"restart   {self.restart:.1f} s from the start of the program to the first forecast",
        ]
        if self.latency.waits is not None:
            half, most = (1000 * wait for wait in self.latency.waits)
            at = f"at {self.rate:,.0f} readings a second"
            lines.append(f"latency   {at}: half are on the disk within {half:.0f} ms, 99 % within {most:.0f} ms")
        return [*lines, "", *self._advice()]

    @property
    def written(self) -> str:
        """Where the rows go."""
        if self.store == "sqlite":
            return "rows go to SQLite on the same disk"
        return f"rows are made for {self.store} and dropped: what the store itself takes is not in the figures"

    def _advice(self) -> list[str]:
        load, most = self.load, self.per_second
        by_interval = load.series * load.per_closing / (self.interval / SECOND)
        sensors, by_minute, interval = f"{load.series:,} sensors", load.series / MINUTE, format_duration(self.interval)
        lines = [
            f"This device takes {most:,.0f} readings a second.",
            f"{sensors} send {by_minute:,.1f} with a reading each a minute,",
            f"and {by_interval:,.1f} with {counted(load.per_closing, 'reading')} each in {interval}.",
        ]
        if by_interval > ENOUGH * most:
            lines.append("The latter is more than half of what it takes: let sensors report less often, or take more devices.")
        if 2 * self.latency.seconds > 3 * self.latency.readings / self.rate:
            lines.append(
                f"It does not keep up with {self.rate:,.0f} readings a second: measure the latency with a smaller --rate."
            )
        if self.refused:
            lines.append("For more series take a bundle with a shorter window or horizon, or a device with more memory.")
        return lines

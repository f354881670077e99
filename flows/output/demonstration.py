"""What a demo led to, and whether that is a success."""

from dataclasses import dataclass
from pathlib import Path

from edge.contract.contract import Contract
from edge.forecaster.bundle import Bundle
from flows.output.retrained import Retrained
from pipeline.judging.stored_forecasts import Counts, Measured
from pipeline.report.plots import Panel


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What a demo led to.

    Args:
        retrained: candidates and release of the retraining.
        counts: numbers of readings and forecasts that were sent, stored, lost and doubled.
        measured: errors of the stored forecasts beside those of the baselines.
        panels: newest forecasts of the series that have whole ones, to draw.
        contract: contract of the live bundle.
        live: bundle that went out; it may be a baseline's.
        broker: name of the broker.
        store: URL of the store.
        shipped: whether it ran on the shipped data.
        microseconds_per_forecast: time of one forecast in the agent; NaN where a baseline forecast.
        readings_per_second: rate through broker, agent and spool.
        seconds: time that each stage took.
        folder: folder of the plot, the report, and all files of the demo.
    """

    retrained: Retrained
    counts: Counts
    measured: Measured
    panels: tuple[Panel, ...]
    contract: Contract
    live: Bundle
    broker: str
    store: str
    shipped: bool
    microseconds_per_forecast: float
    readings_per_second: float
    seconds: dict[str, float]
    folder: Path

    @property
    def report(self) -> Path:
        """The page with everything."""
        return self.folder / "report.html"

    @property
    def plot(self) -> Path | None:
        """The picture; None where there is no forecast to draw."""
        return self.folder / "forecast.png" if self.panels else None

    @property
    def beats_baselines(self) -> bool:
        """Whether a network went out and its forecasts were better than every baseline's on average."""
        return self.live.model is not None and self.measured.errors.skill > 0

    @property
    def code(self) -> int:
        """Exit code: 1 where anything was lost or doubled, or the model does not win on the shipped data."""
        broken = self.counts.lost or self.counts.doubled
        return int(bool(broken) or (self.shipped and not self.beats_baselines))

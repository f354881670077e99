"""The flows that `gatecast serve` runs: a table with one line for each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from prefect import Flow

from edge.config.sections import Config
from flows.monitoring.flow import LONGEST, monitor
from flows.retraining.flow import retrain
from flows.retraining.limit import longest

# What started a run; a run that is started on Prefect's pages has the cause of the deployment, `manual`.
Cause: TypeAlias = Literal["schedule", "drift", "manual"]


@dataclass(frozen=True, slots=True)
class Served:
    """A flow that `gatecast serve` runs.

    Args:
        flow: Prefect's flow; it takes `config_path` and `cause`, and can be imported by its module and its name.
        cron: times of its runs, five fields in UTC.
        active: whether these times start runs; False: only other causes do.
        description: sentence for Prefect's pages.
        seconds: longest time that a run may take.
        quiet: whether only runs are told that failed or have something to say.
        section: section of `gatecast.toml` that has its times.
        trains: whether each of its runs is a row of `retraining`.
    """

    flow: Flow[..., Any]
    cron: str
    active: bool
    description: str
    seconds: float
    quiet: bool = False
    section: str = "schedule"
    trains: bool = False

    @property
    def name(self) -> str:
        """Name of the flow, and slug of its schedule."""
        return self.flow.name

    def parameters(self, config_path: Path, cause: Cause) -> dict[str, str]:
        """Parameters of a run with this cause."""
        return {"config_path": str(config_path.resolve()), "cause": cause}


def served(config: Config) -> tuple[Served, ...]:
    """Every flow that is served, in the order in which they are told."""
    return (
        Served(
            retrain,
            config.schedule.cron,
            config.schedule.active,
            "Retrain on the store's history and release what beats the baselines and the champion.",
            longest(config),
            trains=True,
        ),
        Served(
            monitor,
            config.monitor.cron,
            config.monitor.active,
            "Compare the live error with that of the backtest, and start a retraining where it is worse.",
            LONGEST,
            quiet=True,
            section="monitor",
        ),
    )

"""The monitor as a Prefect flow: a look, and a retraining where the live error is worse than the backtest promised."""

import time
from collections.abc import Callable
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from edge.config.reading import read_config
from edge.contract.times import parse_duration
from edge.errors import ConfigurationError, StoreError
from flows.monitoring.asking import asked
from flows.monitoring.outcome import leads_grid, monitored_line
from flows.monitoring.watching import watched, write_look
from flows.progress import current
from flows.retraining.fleet import fleet_name
from flows.retraining.flow import retrain
from flows.retraining.limit import GRACE, own_children, within
from flows.retraining.started import begin
from pipeline.report.page import markdown

LONGEST = 3600.0  # seconds that a look may take
ADVICE = "does the store of [store] url answer, and the folder of [registry] path?"
NOTHING_TO_COMPARE = "NothingToCompare"  # state of a run without a statement
DRIFT_STATE = "Drift"  # state of a run that has found drift


@flow(name="monitor", persist_result=False, validate_parameters=False)
def monitor(config_path: str, *, cause: str = "manual", deployment: str = "") -> State:
    """Compare the live error with that of the backtest, and start a retraining where it is worse.

    Args:
        config_path: path of `gatecast.toml`.
        cause: reason of the run: `schedule` or `manual`.
        deployment: deployment that retrains, such as `retrain/process`; empty: that of `gatecast serve` for this fleet.

    Raises:
        GatecastError: one line that says what to do.
    """
    del cause
    run = begin()
    return looked(config_path, deployment) if run is None else limited(config_path, deployment, run.fail)


def limited(
    config_path: str,
    deployment: str,
    last_resort: Callable[[str], None],
    seconds: float = LONGEST,
    grace: float = GRACE,
    processes: Callable[[], list[int]] = own_children,
) -> State:
    """A look that nobody waits for: it has an end where a store or a folder gives no answer.

    Args:
        config_path: path of `gatecast.toml`.
        deployment: deployment that retrains.
        last_resort: function that ends this process, as in `flows.retraining.limit.within`.
        seconds: longest time of the look.
        grace: seconds that it has to end by itself then.
        processes: function that returns the ids of the processes to kill then.

    Raises:
        GatecastError: one line that says what to do.
    """
    with within(seconds, last_resort, processes, grace, ADVICE):
        return looked(config_path, deployment)


def looked(config_path: str, deployment: str) -> State:
    """A look and what follows from it; arguments as of `monitor`.

    Raises:
        GatecastError: one line that says what to do.
    """
    config = read_config(Path(config_path))
    fleet, show = fleet_name(Path(config_path), config), current()
    monitored = watched(config, fleet, time.time_ns())
    if monitored.asks:
        cooldown = parse_duration(config.monitor.cooldown)
        monitored = asked(monitored, config_path, deployment or f"{retrain.name}/{fleet}", cooldown)
    line = monitored_line(monitored)
    try:
        write_look(config, monitored)
    except (StoreError, ConfigurationError) as error:  # the look and what followed from it count all the same
        line = f"{line}; the store did not take the row: {error}"
    show.note(f"  {line}")
    if monitored.look is not None and monitored.problem is None:
        create_markdown_artifact(key=f"gatecast-{fleet}-drift", markdown=f"{line}\n\n{markdown(leads_grid(monitored.look))}")
    name = NOTHING_TO_COMPARE if monitored.problem else DRIFT_STATE if monitored.drifted else None
    return Completed(message=line) if name is None else Completed(name=name, message=line)

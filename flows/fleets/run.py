"""Many fleets, retrained by one command: each has a flow of its own, and what fails costs that fleet alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, cast

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from edge.errors import GatecastError
from flows.fleets.configurations import Named, common_train
from flows.output.retrained import Retrained, consequence, retrained_document
from flows.progress import Show, current, shown_by
from flows.retraining.flow import retrain
from flows.retraining.server import reachable_server
from flows.running.parcel import Workshop
from flows.running.workshop import check_installed, shared
from pipeline.tuning.study import library


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a fleet.

    Args:
        fleet: name of the fleet.
        config: path of its configuration.
        seconds: duration of its run.
        verdict: one line: what is live now, or why it failed.
        document: result as `retrain --json` has it; None where the run failed.
    """

    fleet: str
    config: Path
    seconds: float
    verdict: str
    document: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of every fleet.

    Args:
        release: whether the better forecaster is released; False: it is only judged.
        until: moment, ns UTC, before which readings are used; None: all of them.
        trials: number of trials of the search for settings; 0: there is no search.
    """

    release: bool = True
    until: int | None = None
    trials: int = 0


class FleetShow(Show):
    """The display of one fleet among several: every line begins with its name.

    Args:
        show: display of the command.
        fleet: name of the fleet.
    """

    def __init__(self, show: Show, fleet: str) -> None:
        super().__init__(show.console)
        self._show, self._fleet = show, fleet

    def note(self, text: str, *, markup: bool = False) -> None:
        """Write one line."""
        self._show.note(f"  {self._fleet}: {text.strip()}", markup=markup)

    def advance(self, what: str, done: int, total: int, text: str = "") -> None:
        """Show how far a part of the work has come."""
        self._show.advance(f"{self._fleet}: {what}", done, total, text)


@task(name="fleet", task_run_name="fleet-{name}", cache_policy=NO_CACHE, persist_result=False)
def retrain_fleet(name: str, path: str, wanted: Wanted) -> Outcome:
    """Retrain one fleet in a flow of its own; a failure is its outcome, and nobody else's.

    What a task is given, and what its function names, travels to other machines with the tasks below it: the display does not.
    """
    show = current()
    started = perf_counter()
    document: dict[str, object] | None = None
    try:
        with shown_by(FleetShow(show, name)):
            # Only a run of a deployment ends without a result.
            done = cast("Retrained", retrain(path, release=wanted.release, until=wanted.until, trials=wanted.trials))
        document, verdict = retrained_document(done, released=wanted.release), consequence(done, released=wanted.release)
    except GatecastError as error:
        verdict = str(error)
    except Exception as error:  # noqa: BLE001 - the others go on, and this one is told
        verdict = f"{type(error).__name__}: {error}"
    outcome = Outcome(name, Path(path), round(perf_counter() - started, 1), verdict, document)
    show.note(f"  {name}: {'failed: ' if document is None else ''}{verdict} ({outcome.seconds} s)")
    return outcome


@flow(name="retrain-fleets", persist_result=False, validate_parameters=False)
def retrain_fleets(fleets: list[Named], wanted: Wanted) -> list[Outcome]:
    """Retrain many fleets, in the order of the list; their candidates share the processes that `[train] runner` names.

    Args:
        fleets: fleets with their configurations.
        wanted: options of every fleet.

    Raises:
        GatecastError: the processes cannot be had at all.
    """
    with shared(common_train(fleets)) as shop:
        runner: Any = ThreadPoolTaskRunner(max_workers=at_once(shop, fleets))
        with runner:
            futures = [
                runner.submit(retrain_fleet, {"name": fleet.name, "path": str(fleet.path), "wanted": wanted})
                for fleet in fleets
            ]
            return [future.result() for future in futures]


def at_once(shop: Workshop, fleets: Sequence[Named]) -> int:
    """Number of fleets at once: on this machine one, whose candidates train side by side; with a cluster more, to keep it busy.

    While as many fleets train as the cluster has room for, one is read from its store, and another one is judged.

    Args:
        shop: processes that candidates are trained by.
        fleets: fleets with their configurations.
    """
    if not shop.shared:
        return 1
    fewest = min(len(fleet.config.train.cells) * len(fleet.config.train.designs) for fleet in fleets)
    return shop.slots // fewest + 2


def run(fleets: list[Named], wanted: Wanted) -> list[Outcome]:
    """The flow, on Prefect's server or on one of its own.

    Args:
        fleets: fleets with their configurations.
        wanted: options of every fleet.

    Raises:
        GatecastError: one line that says what to do.
    """
    check_installed(common_train(fleets))  # before a server starts
    if wanted.trials:
        library()
    with reachable_server():
        outcomes: list[Outcome] = retrain_fleets(fleets, wanted)
        return outcomes

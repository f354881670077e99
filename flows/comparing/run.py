"""The work of `gatecast compare`: all trainings, several at once, and then the measuring with nothing beside it."""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias, TypeVar

from edge.forecaster.manifest import Cell, Design
from flows.progress import Show
from pipeline.cells.comparison import FORMS, Budget, Comparison, StudyPlan, Trained, from_candidate, measure, study
from pipeline.cells.recall import Memory
from pipeline.history.prepared import Prepared
from pipeline.release.candidates import make_candidate
from pipeline.training.architecture import Architecture

Answer: TypeAlias = tuple[Trained, Memory | None]
Result = TypeVar("Result")

PARTS = {"tutorial": "epochs", "memory": "delays"}


def compare(prepared: Prepared, given: Budget, workers: int, show: Show) -> Comparison:
    """Train everything, then measure it.

    Args:
        prepared: history.
        given: budget of everything that is trained.
        workers: trainings at once.
        show: display of the progress.

    Raises:
        BundleError: a network cannot be converted, or the converted one does not forecast the same.
        HistoryError: a training fails.
    """

    def network(cell: Cell, design: Design, folder: Path) -> Answer:
        name = f"{cell} ({design})"

        def progress(epoch: int, epochs: int, _training: float, validation: float) -> None:
            show.advance(name, epoch, epochs, f"epochs, validation loss {validation:.4f}")

        architecture = Architecture(cell, design, given.units)
        candidate = make_candidate(prepared, architecture, given.settings, folder, progress)
        show.advance(name, candidate.record.epochs, candidate.record.epochs, "epochs, converted and verified")
        return from_candidate(candidate, architecture, prepared.contract), None

    def studied(cell: Cell, folder: Path) -> Answer:
        def told(what: str, done: int, total: int) -> None:
            show.advance(f"{cell} ({what})", done, total, PARTS[what])

        return study(cell, prepared, StudyPlan(given.units, given.settings, given.recall), folder, told)

    with show.stage("train"), tempfile.TemporaryDirectory(prefix="gatecast-") as temporary:
        folder = Path(temporary)
        # Long trainings start first, so that no long one runs alone at the end.
        cells = given.cells[::-1]
        jobs: list[Callable[[], Answer]] = []
        if "plain" in given.forms:
            jobs += [lambda cell=cell: network(cell, "plain", folder / f"{cell}-plain") for cell in cells]  # type: ignore[misc]
        jobs += [lambda cell=cell: studied(cell, folder / f"{cell}-tutorial") for cell in cells]  # type: ignore[misc]
        jobs += [lambda cell=cell: network(cell, "segment", folder / f"{cell}-segment") for cell in cells]  # type: ignore[misc]
        answers = run_all(jobs, workers)
    answers.sort(key=lambda answer: (FORMS.index(answer[0].form), given.cells.index(answer[0].cell)))
    with show.stage("measure"):
        memories = [memory for _, memory in answers if memory is not None]
        return measure(prepared, [trained for trained, _ in answers], memories, given, time.perf_counter)


def run_all(jobs: Sequence[Callable[[], Result]], workers: int) -> list[Result]:
    """What the jobs return, in their order; after a failure no further job starts.

    Args:
        jobs: functions, the first ones start first.
        workers: number of jobs at once.
    """
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise

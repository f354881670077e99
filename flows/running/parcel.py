"""What a training needs, as one thing, and where it goes to.

Here it is handed over as it is, to another process or machine it goes as values.
No folder, no file and no secret goes along: a table in a file becomes an array, and of the configuration only `[train]` is
needed. What comes back is a `Candidate`, which has no path in it either.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner

from edge.config.training_sections import Train
from edge.errors import HistoryError
from flows.progress import Show
from pipeline.processes.nursery import Nursery
from pipeline.tuning.tuning import Tuned

LARGEST = 2_000_000_000  # bytes of a history that is sent, one copy for each candidate


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where candidates are trained.

    Args:
        task_runner: function that makes Prefect's task runner for one flow.
        slots: number of candidates at once.
        apart: whether they are trained in other processes than the flow's, which get values only.
        result: function that waits for a candidate; it raises a `GatecastError` where the processes failed.
        shared: whether several flows share these processes; otherwise each flow has as many of its own.
    """

    task_runner: Callable[[], TaskRunner[Any]]
    slots: int
    apart: bool
    result: Callable[[PrefectFuture[Any]], Any]
    shared: bool = False


class Parcel:
    """History and settings of the candidates of a run; Prefect and Dask do not look into it.

    Args:
        tuned: history, architectures and settings.
        train: section `[train]` of the configuration.
        show: display of the progress; it stays here, so a parcel that has arrived elsewhere has none.
    """

    def __init__(self, tuned: Tuned, train: Train, show: Show | None) -> None:
        self.tuned, self.train, self.show = tuned, train, show
        self.nursery: Nursery | None = None
        self._packed: bytes | None = None

    def __reduce__(self) -> "tuple[Callable[[bytes], Parcel], tuple[bytes]]":
        """Let pickle take the values along; they are packed once for all candidates."""
        if self._packed is None:
            self._packed = pickle.dumps((_in_memory(self.tuned), self.train), protocol=5)
        return _arrived, (self._packed,)

    def pack(self) -> int:
        """Pack the values; returns their size in bytes.

        Raises:
            HistoryError: they are too large to be sent.
        """
        table = self.tuned.prepared.table
        if table.values.nbytes > LARGEST:
            raise HistoryError(
                f"{len(table.names)} series x {table.values.shape[1]} intervals are {table.values.nbytes / 1e9:.1f} GB, and a "
                f'cluster is sent at most {LARGEST / 1e9:.1f} GB; take [train] runner = "threads", a longer [fleet] interval, '
                "or fleets of fewer series"
            )
        self.__reduce__()
        return len(self._packed or b"")


def _arrived(packed: bytes) -> Parcel:
    """The parcel in the process that does it; trainings there are forked from a process that is warm."""
    tuned, train = pickle.loads(packed)  # noqa: S301 - from the flow that this process works for
    parcel = Parcel(tuned, train, None)
    parcel.nursery = nursery(tuned.settings.threads)
    return parcel


@cache
def nursery(threads: int) -> Nursery:
    """The warm processes of this process; they end with it.

    Args:
        threads: number of threads of one operation of TensorFlow.
    """
    return Nursery("pipeline.training.worker", threads)


def _in_memory(tuned: Tuned) -> Tuned:
    """The same with a table that is no file."""
    prepared = tuned.prepared
    if not isinstance(prepared.table.values, np.memmap):
        return tuned
    table = replace(prepared.table, values=np.array(prepared.table.values))
    return replace(tuned, prepared=replace(prepared, table=table))

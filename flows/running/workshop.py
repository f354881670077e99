"""The processes that candidates are trained by, as `[train] runner` names them."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from prefect.futures import PrefectFuture
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from edge.config.training_sections import Train
from flows.running.parcel import Workshop

OPEN: ContextVar[Workshop | None] = ContextVar("workshop", default=None)


@contextmanager
def workshop(train: Train) -> Iterator[Workshop]:
    """The processes that a configuration names, for a flow or for several; inside of it every flow has these.

    Args:
        train: section `[train]` of the configuration.

    Raises:
        ConfigurationError: Dask is not installed.
        GatecastError: the cluster does not answer, has no workers, or does not fit.
    """
    if (given := OPEN.get()) is not None:
        yield given
        return
    if train.runner == "threads":
        yield Workshop(lambda: ThreadPoolTaskRunner(max_workers=train.workers), train.workers, apart=False, result=_result)
    elif train.runner == "processes":
        yield Workshop(lambda: ProcessPoolTaskRunner(max_workers=train.workers), train.workers, apart=True, result=_result)
    else:
        from flows.running.cluster import cluster  # noqa: PLC0415 - of an extra

        with cluster(train) as there:
            yield there


def check_installed(train: Train) -> None:
    """Fail at once where a package that the runner needs is not installed.

    Args:
        train: section `[train]` of the configuration.

    Raises:
        ModuleNotFoundError: names the package.
    """
    if train.runner not in ("threads", "processes"):
        importlib.import_module("flows.running.cluster")


@contextmanager
def shared(train: Train) -> Iterator[Workshop]:
    """One workshop for all flows that begin in this context."""
    with workshop(train) as opened:
        token = OPEN.set(opened)
        try:
            yield opened
        finally:
            OPEN.reset(token)


def _result(future: PrefectFuture[Any]) -> Any:  # noqa: ANN401 - what a task returns
    return future.result()

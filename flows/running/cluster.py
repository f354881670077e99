"""A Dask cluster: one of our own on this machine, or one that is there. What can fail is found before history is read.

Dask's protocol runs whatever it is sent, and without TLS it asks nobody who they are. Our own cluster listens on this machine
only, with a certificate that is made for it and that nobody else has.
"""

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from time import monotonic
from typing import Any

import dask
import httpx
from distributed import Client, LocalCluster
from distributed.comm import CommClosedError, connect
from distributed.scheduler import KilledWorker
from distributed.security import Security
from prefect.settings import PREFECT_API_URL
from prefect_dask import DaskTaskRunner

from edge.config.training_sections import Train
from edge.errors import GatecastError
from edge.quoting import without_accounts
from flows.running.parcel import Workshop, nursery

CONNECT = 10.0  # seconds that a scheduler has to answer
WORKERS = 60.0  # seconds for a first worker to come, and for a lost one to come back
DEATHS = 1  # deaths of a worker of ours after which its candidate is tried once more
LOOK = 5.0  # seconds between two looks whether there are workers
ALIKE = ("gatecast", "distributed", "keras", "numpy", "prefect", "tensorflow", "tensorflow-cpu")
Facts = Mapping[str, str | None]


@contextmanager
def cluster(train: Train) -> Iterator[Workshop]:
    """The workers of a Dask cluster, each of which has a warm process that trainings are forked from.

    Args:
        train: section `[train]` of the configuration.

    Raises:
        GatecastError: the scheduler does not answer, has no workers, or they do not fit.
    """
    _keep_dask_quiet()
    with ExitStack() as stack:
        if train.runner == "dask":
            security = Security.temporary()
            own = stack.enter_context(_own(train.workers, security))
            address = own.scheduler_address
        else:
            security, address = security_of(train), train.runner
        client = stack.enter_context(connected(address, security))
        slots = sum(client.nthreads().values())
        check(client, PREFECT_API_URL.value())
        client.run(warm_up)

        def task_runner() -> Any:  # noqa: ANN401 - prefect-dask's types are its own
            return DaskTaskRunner(address=address, client_kwargs={"security": security, "timeout": CONNECT})

        yield Workshop(task_runner, slots, apart=True, result=lambda future: result(future, client), shared=True)


def security_of(train: Train) -> Security:
    """Certificates for a cluster with TLS; without it there are none, whatever Dask's own configuration says.

    Args:
        train: section `[train]` of the configuration.
    """
    if not train.runner.startswith("tls://"):
        return Security(require_encryption=False)
    return Security(
        require_encryption=True,
        tls_ca_file=train.ca_file,
        tls_client_cert=train.cert_file,
        tls_client_key=train.key_file or train.cert_file,
    )


@contextmanager
def connected(address: str, security: Security, patience: float = WORKERS) -> Iterator[Client]:
    """A client of a scheduler that has a worker.

    Args:
        address: address of the scheduler.
        security: certificates.
        patience: seconds for a first worker to come.

    Raises:
        GatecastError: the scheduler does not answer, or has no workers.
    """
    try:
        asyncio.run(_answers(address, security))  # a client would wait for ever for a server that takes connections only
        client = Client(address, timeout=CONNECT, set_as_default=False, security=security)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise GatecastError(
            f"the Dask scheduler at {address} does not answer: {_reason(error)}; start it with dask scheduler, check [train] "
            "runner, and that both sides have the same version of Dask and both or none use TLS"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=patience)
        except TimeoutError as error:
            raise GatecastError(
                f"the Dask cluster at {address} has no workers; start one on each machine: dask worker {address} --nthreads 1"
            ) from error
        yield client


async def _answers(address: str, security: Security) -> None:
    comm = await asyncio.wait_for(connect(address, timeout=CONNECT, **security.get_connection_args("client")), 2 * CONNECT)
    comm.abort()


def check(client: Client, api: str | None) -> None:
    """Refuse workers that would fail later or give other results.

    Args:
        client: client of the cluster.
        api: address of Prefect's server, which the tasks report to.

    Raises:
        GatecastError: a worker has no Gatecast or another version of what trains, or cannot reach Prefect.
    """
    ours = facts(None)
    answers: dict[str, Any] = client.run(facts, api, on_error="return")
    for worker, theirs in answers.items():
        if isinstance(theirs, BaseException):
            reason = f"cannot run Gatecast ({_reason(theirs)})"
        elif differences := [f"{key} {theirs.get(key)}, here {ours[key]}" for key in ours if theirs.get(key) != ours[key]]:
            reason = f"has other versions: {'; '.join(differences)}"
        elif theirs["unreachable"] is not None:
            there = without_accounts(str(api))
            raise GatecastError(
                f"the Dask worker {worker} cannot reach Prefect at {there} ({theirs['unreachable']}); start Prefect's server "
                "where workers reach it, prefect server start --host ADDRESS, and set PREFECT_API_URL"
            )
        else:
            continue
        raise GatecastError(f"the Dask worker {worker} {reason}; install the same there as here: pip install '.[dask]'")


def facts(api: str | None) -> Facts:
    """Versions of what decides a result, and why Prefect cannot be reached; runs on a worker.

    Args:
        api: address of Prefect's server; None: it is not asked.
    """
    known: dict[str, str | None] = {"python": ".".join(map(str, sys.version_info[:2]))}
    for package in ALIKE:
        try:
            known[package] = version(package)
        except PackageNotFoundError:
            known[package] = None
    if api is not None:
        known["unreachable"] = None
        try:
            httpx.get(f"{api}/health", timeout=CONNECT)
        except httpx.HTTPError as error:
            known["unreachable"] = _reason(error)
    return known


def warm_up() -> None:
    """Let this worker import TensorFlow while the history is read."""
    nursery(1).warm_up()


def result(future: Any, client: Client, patience: float = WORKERS, look: float = LOOK) -> Any:  # noqa: ANN401 - has no types
    """What a task returned; it ends where the cluster does.

    Args:
        future: future of prefect-dask, of the task.
        client: client of the cluster.
        patience: seconds that the cluster may be without a worker.
        look: seconds between two looks whether there are workers.

    Raises:
        GatecastError: that of the task, or of a cluster that failed.
    """
    seen = monotonic()
    try:
        while not _done(future, look):
            if client.nthreads():
                seen = monotonic()
            elif monotonic() - seen > patience:
                raise GatecastError("all workers of the Dask cluster have gone; start some, and retrain again")
        return future.result()
    except KilledWorker as error:
        raise GatecastError(
            "the workers that trained a candidate died each time; look into their log (is there enough memory?)"
        ) from error
    except (CancelledError, CommClosedError, OSError) as error:
        raise GatecastError(f"the Dask scheduler has gone ({_reason(error)}); start it, and retrain again") from error


def _done(future: Any, seconds: float) -> bool:  # noqa: ANN401
    future.wait(seconds)
    return bool(future.wrapped_future.done())


@contextmanager
def _own(workers: int, security: Security) -> Iterator[LocalCluster]:
    """A cluster of one thread per worker process, which ends with this process."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": DEATHS}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # what trains is another process, which Dask does not see
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as own,
    ):
        yield own


def _keep_dask_quiet() -> None:
    """Let a failure be one line of ours: Dask tells of lost connections at length."""
    for name in ("distributed", *(name for name in logging.root.manager.loggerDict if name.startswith("distributed."))):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _reason(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__

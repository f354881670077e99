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
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError, connect
from distributed.scheduler import KilledWorker
from distributed.security import Security
from prefect.settings import PREFECT_API_URL
from prefect_dask import DaskTaskRunner, PrefectDaskClient

from edge.config.training_sections import Train
from edge.errors import GatecastError
from edge.quoting import without_accounts
from flows.running.parcel import Workshop, nursery

CONNECT = 10.0  # seconds that a scheduler has to answer
WORKERS = 60.0  # seconds for a first worker to come, and for a lost one or a lost scheduler to come back
DEATHS = 1  # deaths of a worker of ours after which its candidate is tried once more
RESTART = "1h"  # time for a worker of ours that died to come back
LOOK = 5.0  # seconds between two looks whether there are workers
ALIKE = ("gatecast", "distributed", "keras", "numpy", "prefect", "tensorflow", "tensorflow-cpu")
GONE = (CancelledError, CommClosedError, ClosedClientError, OSError)  # what Dask raises where there is no scheduler any more
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
            own = stack.enter_context(own_cluster(train.workers, security))
            address = own.scheduler_address
        else:
            security, address = security_of(train), train.runner
        client = stack.enter_context(connected(address, security))
        slots = sum(client.nthreads().values())
        check(client, PREFECT_API_URL.value())
        client.run(warm_up, on_error="ignore")
        yield Workshop(lambda: Connected(client), slots, apart=True, result=lambda future: result(future, client), shared=True)


class Connected(DaskTaskRunner):  # type: ignore[misc] # its base has no types
    """Prefect's task runner on a connection that is there, so that no fleet has to be let in while the machines are busy.

    Args:
        connection: client of the cluster; whoever made it closes it.
    """

    def __init__(self, connection: PrefectDaskClient) -> None:
        super().__init__(address=connection.scheduler.address)
        self._connection = connection
        self._futures: list[Any] = []

    @property
    def client(self) -> PrefectDaskClient:
        """The connection."""
        return self._connection

    def submit(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as prefect-dask has it
        """As `DaskTaskRunner.submit`.

        Raises:
            GatecastError: the scheduler has gone.
        """
        try:
            future = super().submit(*arguments, **named)
        except GONE as error:
            raise _gone(error) from error
        self._futures.append(future)
        return future

    def __exit__(self, *error: object) -> None:
        for future in self._futures:  # of a run that failed, those that have not begun are not begun any more
            future.wrapped_future.release()
        super().__exit__(*error)


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
def connected(
    address: str, security: Security, patience: float = WORKERS, answer: float = CONNECT
) -> Iterator[PrefectDaskClient]:
    """A client of a scheduler that has a worker.

    Args:
        address: address of the scheduler.
        security: certificates.
        patience: seconds for a first worker to come.
        answer: seconds that the scheduler has to answer.

    Raises:
        GatecastError: the scheduler does not answer, or has no workers.
    """
    try:
        # A client would wait for ever for a server that takes connections only.
        asyncio.run(_answers(address, security, answer))
        client = PrefectDaskClient(address, timeout=WORKERS, set_as_default=False, security=security)
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
                f"{' --tls-ca-file FILE --tls-cert FILE --tls-key FILE' if address.startswith('tls://') else ''}"
            ) from error
        yield client


async def _answers(address: str, security: Security, seconds: float) -> None:
    comm = await asyncio.wait_for(connect(address, timeout=seconds, **security.get_connection_args("client")), 2 * seconds)
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
            if _has_workers(client):
                seen = monotonic()
            elif monotonic() - seen > patience:
                raise GatecastError("all workers of the Dask cluster have gone; start some, and retrain again")
        future.wrapped_future.result()  # only what Dask raises: an error of the task is in the state that this returns
    except KilledWorker as error:
        raise GatecastError(
            "the workers that trained a candidate died each time; look into their log (is there enough memory?)"
        ) from error
    except GONE as error:
        raise _gone(error) from error
    return future.result()


def _has_workers(client: Client) -> bool:
    try:
        return bool(client.nthreads())
    except AttributeError as error:  # of a client that has closed itself, because no scheduler came back
        raise OSError("the connection is closed") from error


def _gone(error: BaseException) -> GatecastError:
    return GatecastError(f"the Dask scheduler has gone ({_reason(error)}); start it, and retrain again")


def _done(future: Any, seconds: float) -> bool:  # noqa: ANN401
    future.wait(seconds)
    return bool(future.wrapped_future.done())


@contextmanager
def own_cluster(workers: int, security: Security) -> Iterator[LocalCluster]:
    """A cluster of one thread per worker process, which ends with this process.

    Args:
        workers: number of workers.
        security: certificates that its client needs as well.
    """
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.scheduler.http.routes": [],
        "distributed.deploy.lost-worker-timeout": RESTART,  # of 15 s: a worker that was slower to come back was given up
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # what trains is another process, which Dask does not see
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # it listens anyway, and 8787 may be taken
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

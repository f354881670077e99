"""What can go wrong with a cluster is one line, before history is read or where a worker or the scheduler dies."""

import socket
from collections.abc import Callable
from concurrent.futures import CancelledError
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import LocalCluster
from distributed.scheduler import KilledWorker
from distributed.security import Security

from edge.config.training_sections import Train
from edge.errors import GatecastError, HistoryError
from flows.running.cluster import check, connected, facts, result, security_of
from tests.support.servers import free_port


class Told:
    """A client whose workers answer as they are told.

    Args:
        answers: answer of each worker; an error where the question cannot be put.
    """

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def run(self, _function: Callable[..., Any], *_: object, on_error: str) -> dict[str, Any]:
        """As `Client.run`."""
        assert on_error == "return"
        return self._answers


class Asked:
    """A future as prefect-dask's, that is done after some looks.

    Args:
        looks: number of looks before it is done.
        ending: function that returns what the task did, or raises.
    """

    def __init__(self, looks: int, ending: Callable[[], object]) -> None:
        self._left, self.result = looks, ending
        self.wrapped_future = SimpleNamespace(done=lambda: self._left <= 0)

    def wait(self, _seconds: float) -> None:
        """As `PrefectFuture.wait`."""
        self._left -= 1


def ends(error: BaseException) -> Callable[[], object]:
    """A function that raises it."""

    def end() -> object:
        raise error

    return end


ALIVE = SimpleNamespace(nthreads=lambda: {"tcp://10.0.0.7:9000": 1})
EMPTY = SimpleNamespace(nthreads=dict)
WORKER = "tcp://10.0.0.7:9000"


def test_a_scheduler_that_is_not_there_is_one_line() -> None:
    """Nothing listens at the address: what to start, and what to check."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with (
        pytest.raises(GatecastError, match=f"^the Dask scheduler at {address} does not answer: "),
        connected(address, Security(), patience=1),
    ):
        pass


def test_a_server_that_speaks_something_else_is_one_line() -> None:
    """A port that takes connections and says nothing that Dask says."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(GatecastError, match="does not answer"), connected(address, Security(), patience=1):
            pass


def test_a_cluster_without_workers_is_one_line() -> None:
    """A scheduler alone would let the candidates wait for ever."""
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=None, host="127.0.0.1", protocol="tcp://") as alone,
        pytest.raises(GatecastError, match="has no workers; start one on each machine: dask worker tcp://127"),
        connected(alone.scheduler_address, Security(), patience=0.2),
    ):
        pass


def test_workers_that_fit_are_taken() -> None:
    """The same versions, and Prefect can be reached."""
    check(Told({WORKER: {**facts(None), "unreachable": None}}), "http://10.0.0.1:4200/api")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (ModuleNotFoundError("No module named 'flows'"), r"cannot run Gatecast \(No module named 'flows'\); install the same"),
        (
            {**facts(None), "unreachable": None, "numpy": "1.9", "keras": None},
            "has other versions: keras None, here .*; numpy 1.9, here",
        ),
        (
            {**facts(None), "unreachable": "Connection refused"},
            r"cannot reach Prefect at http://x/api \(Connection refused\); start",
        ),
    ],
)
def test_workers_that_would_fail_later_are_refused_in_words(answer: object, line: str) -> None:
    """No Gatecast, other versions, or no way to Prefect: the line names the worker and what to do."""
    with pytest.raises(GatecastError, match=f"the Dask worker {WORKER} {line}"):
        check(Told({WORKER: answer}), "http://x/api")


def test_a_prefect_that_nobody_serves_is_found_by_the_worker_itself() -> None:
    """The question is put from where the task will run."""
    assert facts(f"http://127.0.0.1:{free_port()}/api")["unreachable"] is not None


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [
        (HistoryError("too short"), HistoryError, "^too short$"),
        (KilledWorker("key", "worker", 1), GatecastError, "the workers that trained a candidate died each time"),
        (CancelledError(), GatecastError, "the Dask scheduler has gone"),
        (OSError("connection lost"), GatecastError, r"the Dask scheduler has gone \(connection lost\)"),
    ],
)
def test_the_end_of_a_task_is_told_in_words(error: Exception, kind: type[Exception], line: str) -> None:
    """An error of the task is raised as it is; what Dask says of its own becomes one line."""
    with pytest.raises(kind, match=line):
        result(Asked(2, ends(error)), ALIVE, patience=60, look=0)


def test_a_cluster_that_has_lost_all_workers_does_not_hang() -> None:
    """A task that no worker is left for would wait for ever."""
    with pytest.raises(GatecastError, match="all workers of the Dask cluster have gone"):
        result(Asked(10_000_000, lambda: None), EMPTY, patience=0.05, look=0)


def test_a_task_that_takes_long_is_waited_for() -> None:
    """As long as there are workers."""
    assert result(Asked(3, lambda: "candidate"), ALIVE, patience=0, look=0) == "candidate"


def test_without_tls_no_certificate_of_another_configuration_is_used() -> None:
    """With tls:// the files of the configuration are, and the key may stand in the certificate's file."""
    assert security_of(Train(runner="tcp://10.0.0.5:8786")).get_connection_args("client")["require_encryption"] is False
    secured = security_of(Train(runner="tls://10.0.0.5:8786", ca_file="ca.pem", cert_file="us.pem"))
    assert (secured.tls_ca_file, secured.tls_client_cert, secured.tls_client_key) == ("ca.pem", "us.pem", "us.pem")
    assert secured.require_encryption

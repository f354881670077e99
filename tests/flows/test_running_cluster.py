"""What can go wrong with a cluster is one line, before history is read or where a worker or the scheduler dies."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack
from errno import ENOSPC
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from distributed import LocalCluster
from distributed.client import ClosedClientError
from distributed.scheduler import KilledWorker
from distributed.security import Security
from prefect_dask import PrefectDaskClient
from prefect_dask.task_runners import PrefectDaskFuture

from edge.config.training_sections import Train
from edge.errors import GatecastError, HistoryError
from flows.running.cluster import Connected, check, connected, facts, own_cluster, result, security_of
from tests.support.servers import HANGS_AFTER, free_port, wait_until


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
        of_dask: function that raises what Dask raises where the task did not come to its end.
    """

    def __init__(self, looks: int, ending: Callable[[], object], of_dask: Callable[[], object] = lambda: None) -> None:
        self._left, self.result = looks, ending
        self.wrapped_future = SimpleNamespace(done=lambda: self._left <= 0, result=of_dask)

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
CLOSED = SimpleNamespace(nthreads=ends(AttributeError("'NoneType' object has no attribute 'ncores'")))
WORKER = "tcp://10.0.0.7:9000"


def test_a_scheduler_that_is_not_there_is_one_line() -> None:
    """Nothing listens at the address: what to start, and what to check."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with (
        pytest.raises(GatecastError, match=f"^the Dask scheduler at {address} does not answer: "),
        connected(address, Security(), patience=1, answer=0.5),
    ):
        pass


def test_a_server_that_speaks_something_else_is_one_line() -> None:
    """A port that takes connections and says nothing that Dask says."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(GatecastError, match="does not answer"),
            connected(address, Security(), patience=1, answer=0.5),
        ):
            pass


def test_a_cluster_without_workers_is_one_line() -> None:
    """A scheduler alone would let the candidates wait for ever."""
    with (
        LocalCluster(
            n_workers=0, processes=False, dashboard_address="127.0.0.1:0", host="127.0.0.1", protocol="tcp://"
        ) as alone,
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
    ("error", "line"),
    [
        (KilledWorker("key", "worker", 1), "the workers that trained a candidate died each time"),
        (CancelledError(), "the Dask scheduler has gone"),
        (ClosedClientError("Client is closed."), r"the Dask scheduler has gone \(Client is closed\)"),
        (OSError("connection lost"), r"the Dask scheduler has gone \(connection lost\)"),
    ],
)
def test_what_dask_says_of_its_own_becomes_one_line(error: Exception, line: str) -> None:
    """Where the task did not come to its end."""
    with pytest.raises(GatecastError, match=line):
        result(Asked(2, lambda: None, ends(error)), ALIVE, patience=60, look=0)


@pytest.mark.parametrize("error", [HistoryError("too short"), OSError(ENOSPC, "No space left on device")])
def test_an_error_of_the_task_is_raised_as_it_is(error: Exception) -> None:
    """A full disk of a worker does not look like a scheduler that has gone."""
    with pytest.raises(type(error), match=f"{error.args[-1]}$"):
        result(Asked(2, ends(error)), ALIVE, patience=60, look=0)


def test_a_cluster_that_has_lost_all_workers_does_not_hang() -> None:
    """A task that no worker is left for would wait for ever."""
    with pytest.raises(GatecastError, match="all workers of the Dask cluster have gone"):
        result(Asked(10_000_000, lambda: None), EMPTY, patience=0.05, look=0)


@pytest.fixture
def schedulers(tmp_path: Path) -> Iterator[Callable[[int], subprocess.Popen[bytes]]]:
    """Schedulers as processes of their own, on the port that is asked for."""
    with ExitStack() as stack:

        def start(port: int) -> subprocess.Popen[bytes]:
            options = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
            log = stack.enter_context((tmp_path / "scheduler.log").open("ab"))
            started = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", *options], stderr=log)
            stack.enter_context(started)
            stack.callback(started.kill)
            return started

        yield start


@pytest.mark.servers
def test_a_scheduler_that_is_killed_is_one_line_for_each_candidate(
    schedulers: Callable[[int], subprocess.Popen[bytes]],
) -> None:
    """The one that waits is told at once; those that are asked for later are told as well, and nobody hangs."""
    port = free_port()
    scheduler = schedulers(port)
    line = r"^the Dask scheduler has gone \(.*\); start it, and retrain again$"
    with (
        PrefectDaskClient(f"tcp://127.0.0.1:{port}", timeout=HANGS_AFTER, set_as_default=False) as client,
        Connected(client) as runner,
    ):
        future = PrefectDaskFuture(task_run_id=uuid4(), wrapped_future=client.submit(int))
        scheduler.kill()
        scheduler.wait()
        with pytest.raises(GatecastError, match=line):
            result(future, client, HANGS_AFTER, look=HANGS_AFTER)
        client.close()
        with pytest.raises(GatecastError, match=line):
            runner.submit(sorted, {})


@pytest.mark.servers
def test_a_worker_that_is_killed_costs_one_attempt(tmp_path: Path) -> None:
    """The other worker makes the candidate; one that kills its workers is one line, and the next one is made."""

    def hold(folder: Path) -> int:  # pickled by value: workers need not have the tests
        (folder / str(os.getpid())).touch()
        while not (folder / "go on").exists():
            time.sleep(0.01)
        return os.getpid()

    def kill_next(folder: Path, *known: int) -> int:
        def begun() -> list[int]:
            return [int(path.name) for path in folder.glob("[0-9]*") if int(path.name) not in known]

        wait_until(lambda: bool(begun()))
        (pid,) = begun()
        os.kill(pid, signal.SIGKILL)
        return pid

    security = Security.temporary()
    with own_cluster(2, security) as own, connected(own.scheduler_address, security, HANGS_AFTER) as client:

        def end(folder: Path, future: Any) -> int:  # noqa: ANN401 - of Dask
            (folder / "go on").touch()
            asked = PrefectDaskFuture(task_run_id=uuid4(), wrapped_future=future)
            return int(result(asked, client, HANGS_AFTER, look=0.1))

        folders = [tmp_path / name for name in ("once", "each time", "afterwards")]
        for folder in folders:
            folder.mkdir()
        once = client.submit(hold, folders[0])
        killed = kill_next(folders[0])
        assert end(folders[0], once) not in (killed, os.getpid())
        once.release()  # or it would be made again where its worker dies
        each_time = client.submit(hold, folders[1])
        kill_next(folders[1], kill_next(folders[1]))
        with pytest.raises(GatecastError, match=r"^the workers that trained a candidate died each time"):
            end(folders[1], each_time)
        assert end(folders[2], client.submit(hold, folders[2])) > 0


def test_a_connection_that_was_given_up_meanwhile_is_one_line() -> None:
    """Dask's own words for it are those of a fault in the program."""
    with pytest.raises(GatecastError, match=r"^the Dask scheduler has gone \(the connection is closed\); start it"):
        result(Asked(10_000_000, lambda: None), CLOSED, patience=60, look=0)


def test_a_task_that_takes_long_is_waited_for() -> None:
    """As long as there are workers."""
    assert result(Asked(3, lambda: "candidate"), ALIVE, patience=0, look=0) == "candidate"


def test_without_tls_no_certificate_of_another_configuration_is_used() -> None:
    """With tls:// the files of the configuration are, and the key may stand in the certificate's file."""
    assert security_of(Train(runner="tcp://10.0.0.5:8786")).get_connection_args("client")["require_encryption"] is False
    secured = security_of(Train(runner="tls://10.0.0.5:8786", ca_file="ca.pem", cert_file="us.pem"))
    assert (secured.tls_ca_file, secured.tls_client_cert, secured.tls_client_key) == ("ca.pem", "us.pem", "us.pem")
    assert secured.require_encryption

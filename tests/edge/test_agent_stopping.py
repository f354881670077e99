"""A signal ends every wait of the thread that takes it, also one whose time is over by then."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from edge.agent.stopping import Stop, ends_within
from edge.broker.address import Address
from edge.broker.client import Subscription
from edge.broker.subscriber import Subscriber
from edge.messages.message import Message
from tests.support.agent_process import configure
from tests.support.servers import free_port
from tests.support.stopped import Command

WAIT = 0.1  # seconds
LONG = 20.0  # seconds after which a wait that would not end is ended


@contextmanager
def handling(work: Callable[[], None]) -> Iterator[None]:
    """A signal comes while we wait, and when its handler has done the work the time of the wait is over."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        end = time.monotonic() + 2 * WAIT
        work()
        while time.monotonic() < end:
            pass

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, WAIT / 2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_wait_for_messages_ends() -> None:
    """The queue alone would go on for ever in CPython 3.11 and 3.12."""
    subscriber = Subscriber(Address("127.0.0.1", free_port(), tls=False, user=None), Subscription("gateway", ["t/#"]))
    late = Message("t/late", b"", 0, False, 0, 0, 1)
    rescue = threading.Timer(LONG, lambda: subscriber._hand_over([late]))
    rescue.start()
    with handling(subscriber.wake):
        assert subscriber.take(10, WAIT) == []
    rescue.cancel()


def test_a_batch_ends_where_somebody_wakes() -> None:
    """What came before is handed out, and what comes after it the next time."""
    subscriber = Subscriber(Address("127.0.0.1", free_port(), tls=False, user=None), Subscription("gateway", ["t/#"]))
    batches = [[Message(f"t/{number}", b"", 0, False, 0, 0, 1) for number in numbers] for numbers in ((1, 2), (3,))]
    for batch in batches:
        subscriber._hand_over(batch)
        subscriber.wake()
    assert [subscriber.take(10, WAIT, LONG) for _ in batches] == batches
    assert subscriber.take(10, 0.0) == []


def test_a_wait_for_anything_else_ends() -> None:
    """Asked by the handler, and at once when it was asked before."""
    stop = Stop()
    rescue = threading.Timer(LONG, stop.ask)
    rescue.start()
    with handling(stop.ask):
        assert stop.wait(WAIT)
        assert rescue.is_alive()
    assert stop.wait(LONG)
    assert rescue.is_alive()
    rescue.cancel()


def test_without_a_signal_the_time_is_over() -> None:
    """Nobody asked."""
    assert not Stop().wait(0.0)


@pytest.mark.parametrize("times", [1, 3])
def test_asking_again_changes_nothing(times: int) -> None:
    """A second Ctrl-C is no other wish."""
    stop = Stop()
    for _ in range(times):
        stop.ask()
    assert stop.asked
    assert stop.wait(LONG)


HANGING = """
import ctypes, os, signal
from edge.agent.stopping import ends_within

signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
mutex, lock = ctypes.create_string_buffer(256), ctypes.CDLL(None).pthread_mutex_lock
with ends_within(0.1, {signal.SIGTERM}, lambda: os._exit(7)):
    print("hangs", flush=True)
    lock(mutex)
    lock(mutex)
"""


def test_a_library_that_never_returns_does_not_keep_the_process(tmp_path: Path) -> None:
    """Python's handler does not run there; the time after the signal is over all the same."""
    command = Command(["-c", HANGING], tmp_path)
    command.wait_for("hangs", output=True)
    assert command.end(signal.SIGTERM)[0] == 7


def test_a_block_that_ends_in_time_is_left_alone() -> None:
    """Other signals and earlier ends do not count, and the thread is gone afterwards."""
    given_up = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    threads = threading.active_count()
    with ends_within(0.0, {signal.SIGTERM}, given_up.set):
        os.kill(os.getpid(), signal.SIGUSR1)
    with ends_within(LONG, {signal.SIGUSR1}, given_up.set):
        os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert not given_up.is_set()
    assert threading.active_count() == threads


DYING = """
import dataclasses, sys
from pathlib import Path
from edge.agent.build import build, outside_of
from edge.agent.stopping import Lifetime
from edge.config.reading import read_config
from edge.spool.spool import Spool

class Dying(Spool):
    def next_blocks(self, after, size):
        raise MemoryError

lifetime = Lifetime(lambda line: print(line, file=sys.stderr))
config = read_config(Path("gatecast.toml"))
outside = dataclasses.replace(outside_of(config, lambda _: None, lifetime.died), open_spool=Dying)
sys.exit(lifetime.spend(lambda: build(config, outside)))
"""


def test_a_thread_that_dies_ends_the_process(tmp_path: Path) -> None:
    """With one line and exit code 1, so that the supervisor starts the agent again."""
    configure(tmp_path, f"mqtt://127.0.0.1:{free_port()}", f"sqlite:///{tmp_path}/store.db", health="off")
    done = subprocess.run([sys.executable, "-c", DYING], cwd=tmp_path, capture_output=True, text=True, check=False)
    line = "the thread gatecast-sender died (MemoryError); the agent ends, so that it can be started again\n"
    assert (done.returncode, done.stderr) == (1, line)

"""A broker that is away or refuses is one line; kind K9: silence where nothing can work."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from edge.config.sections import Mqtt
from edge.errors import BrokerError
from flows.discovering.listen import Listener
from pipeline.samples.heard import Heard
from tests.support.servers import free_port, wait_until

CONNACK, REFUSED = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05"


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts, also where the tests run in the background of a shell that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _all_threads_end() -> Iterator[None]:
    """After a refusal the library's thread sleeps for a second before it ends: the next file of tests counts threads."""
    yield
    wait_until(lambda: not any(thread.name == "gatecast-mqtt" for thread in threading.enumerate()))


@contextmanager
def broker(behave: Callable[[socket.socket], None]) -> Iterator[Mqtt]:
    """A broker of one visit."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            wire, _ = server.accept()
            with wire:
                wire.recv(1000)
                behave(wire)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Mqtt(f"mqtt://127.0.0.1:{server.getsockname()[1]}")
        thread.join()


def granted(wire: socket.socket, *answers: int, ahead: bytes = b"") -> None:
    """Accept the client, and answer its subscription; messages may come ahead of the answer."""
    wire.sendall(CONNACK)
    identifier = wire.recv(1000)[2:4]
    wire.sendall(ahead + b"\x90" + bytes([2 + len(answers)]) + identifier + bytes(answers))


def interrupt(when: Callable[[], bool]) -> None:
    """Press Ctrl-C as soon as something is true."""
    wait_until(when)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_a_broker_that_is_away_is_named() -> None:
    """With its address and what to check."""
    port = free_port()
    with pytest.raises(BrokerError, match=rf"cannot reach the broker at 127.0.0.1:{port}.*--broker"):
        Listener(Mqtt(f"mqtt://127.0.0.1:{port}"), ["#"], Heard()).listen(1)


def test_a_broker_that_refuses_the_account_says_so() -> None:
    """With the variable of the password."""
    with broker(lambda wire: wire.sendall(REFUSED)) as mqtt, pytest.raises(BrokerError, match="GATECAST_MQTT_PASSWORD"):
        Listener(mqtt, ["#"], Heard()).listen(1)


def test_a_broker_that_refuses_the_topics_says_so() -> None:
    """With the option that names others; its own topics it may keep to itself."""
    with broker(lambda wire: granted(wire, 0x80, 0x80)) as mqtt, pytest.raises(BrokerError, match="--topic"):
        Listener(mqtt, ["#"], Heard()).listen(1)


def test_a_broker_that_hangs_up_is_asked_for_tls() -> None:
    """That is what it may want."""
    with broker(lambda _: None) as mqtt, pytest.raises(BrokerError, match="mqtts://"):
        Listener(mqtt, ["#"], Heard()).listen(1)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_listening_and_keeps_what_was_heard() -> None:
    """As if the time had been over."""
    heard, stop = Heard(), threading.Event()

    def publish(wire: socket.socket) -> None:
        granted(wire, 0, 0)
        wire.sendall(b"\x30\x05\x00\x01a21")
        stop.wait(60)

    with broker(publish) as mqtt:
        listener = Listener(mqtt, ["#"], heard)
        killer = threading.Thread(target=interrupt, args=(lambda: heard.messages > 0,))
        killer.start()
        listened = listener.listen(600)
        killer.join()
        stop.set()
    assert (listened.stopped, listened.seconds < 600, list(heard.topics)) == (True, True, ["a"])


def test_messages_are_heard_and_retained_ones_are_told_apart() -> None:
    """A topic that is no text is left out, and so are forecasts that an agent publishes."""
    heard = Heard()
    stop = threading.Event()

    def publish(wire: socket.socket) -> None:
        sent = ((0x30, b"a/b"), (0x31, b"a/c"), (0x30, b"\xff\xfe"), (0x31, b"$SYS/x"), (0x31, b"gatecast/a/forecast/b"))
        packets = [bytes([head, 4 + len(topic), 0, len(topic)]) + topic + b"21" for head, topic in sent]
        granted(wire, 0, 0x80, ahead=b"".join(packets))
        stop.wait(60)

    with broker(publish) as mqtt:
        listened = Listener(mqtt, ["#"], heard).listen(0.1)
        stop.set()
    assert {topic.name: (topic.live, topic.retained) for topic in heard} == {"a/b": (1, 0), "a/c": (0, 1)}
    assert (list(heard.system), listened.stopped, listened.losses) == (["$SYS/x"], False, 0)

"""Threads with a name and an owner: started once, joined at the end, and told of where they die; and what ends their waits."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, Self, TypeAlias

Died: TypeAlias = Callable[[str], None]


def raise_again(line: str) -> None:
    """Raise the error again, for a thread without an owner: Python prints the traceback."""
    raise RuntimeError(line)


class Thread:
    """One thread of the agent.

    Args:
        name: name of the work; `sender` gives the thread `gatecast-sender`.
        work: function that runs in the thread until its owner ends it.
        died: function called in the thread, with one line, where the work raised anything at all.
    """

    def __init__(self, name: str, work: Callable[[], object], died: Died = raise_again) -> None:
        self._work, self._died = work, died
        self._thread = threading.Thread(target=self._run, name=f"gatecast-{name}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for the end.

        Args:
            seconds: longest wait; a thread that does not end by then is left to the end of the process.

        Returns:
            Whether the thread has ended; also True where it was never started.
        """
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        tell_of_death(self._work, self._died)


def tell_of_death(work: Callable[[], object], died: Died) -> None:
    """Work in this thread; whatever ends the work, MemoryError and SystemExit too, becomes one line for `died`."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - a thread must not end in silence, whatever ended it
        died(f"the thread {threading.current_thread().name} died ({_reason(error)})")


def _reason(error: BaseException) -> str:
    name, text = type(error).__name__, ""
    with suppress(BaseException):  # an error of a library may fail once more where its text is made
        text = str(error)
    return f"{name}: {text}" if text else name


class Connecting(Protocol):
    """A connection of a library."""

    sock: Any  # a socket, or None


class Deadline:
    """An end for all connections of one transfer: what has not come by then is cut off, however slowly the bytes come.

    The limit of a socket is one for each wait, and begins anew with each byte.

    Args:
        seconds: time until the end.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._over = seconds, False
        self._sockets: list[socket.socket] = []
        self._connecting: Connecting | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self._over

    def check(self, error: Exception | None = None) -> None:
        """Raise TimeoutError where the time is over."""
        if self._over:
            raise TimeoutError(f"the transfer took more than {self._seconds:g} s") from error

    def connect(self, connection: Connecting, connect: Callable[[], None]) -> None:
        """Connect, through a proxy if there is one, and watch the socket; the response keeps it, the connection may not.

        Raises:
            TimeoutError: the time is over.
        """
        self._connecting = connection
        connect()
        self.watch(connection)

    def watch(self, connection: Connecting) -> None:
        """Cut off an open connection at the end.

        Raises:
            TimeoutError: the time is over.
        """
        self._sockets.append(connection.sock)
        self.check()

    def _cut(self) -> None:
        self._over = True
        connecting = None if self._connecting is None else self._connecting.sock
        for open_socket in (*self._sockets, connecting):
            if open_socket is not None:
                with suppress(OSError):  # closed meanwhile, or being made into an encrypted one
                    socket.socket.shutdown(open_socket, socket.SHUT_RDWR)

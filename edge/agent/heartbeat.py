"""Whether the loop still runs: for the health page, and for a supervisor such as systemd (sd_notify(3))."""

import faulthandler
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

PAUSE = 1.0  # seconds between two messages to the supervisor
ENDS_AFTER = 2.5  # times the silence that the health page calls a problem; with the default of `[agent] stall` five minutes
Part = TypeVar("Part")


def notifier(environment: Mapping[str, str] = os.environ) -> Callable[[str], None]:
    """Sends a line to the supervisor that NOTIFY_SOCKET names; nothing where there is none, or where it is gone."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return lambda _: None
    address = f"\0{address[1:]}" if address.startswith("@") else address

    def notify(text: str) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(text.encode(), address)

    return notify


def end_within(seconds: float) -> None:
    """End this process after so many seconds, unless this is called again before; 0: do not.

    The exit code is 1, and the stacks of all threads go to standard error. The thread that waits is the interpreter's own: it
    ends the process also where no Python runs, as in a library that never returns. Docker restarts what has ended, and nothing
    that only hangs.

    Args:
        seconds: time until the end.
    """
    if seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()


class Heartbeat:
    """The loop's sign of life; only the loop may give it.

    Args:
        longest: seconds without one after which something is wrong.
        moment: seconds, monotonic.
        notify: function that sends a line to the supervisor.
        end_within: function that ends the process after so many seconds, unless it is called again; 0: it does not.
    """

    def __init__(
        self,
        longest: float,
        moment: Callable[[], float],
        notify: Callable[[str], None],
        end_within: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._longest, self._moment, self._notify, self._end_within = longest, moment, notify, end_within
        self._last = moment()
        self._told: float | None = None

    def begin(self) -> None:
        """The program has started."""
        self._notify("READY=1")
        self.beat()

    def beat(self) -> None:
        """Note that the loop has finished a round."""
        self._last = now = self._moment()
        if self._told is None or now - self._told >= PAUSE:
            self._told = now
            self._notify("WATCHDOG=1")
            self._end_within(ENDS_AFTER * self._longest)

    def end(self) -> None:
        """The loop has ended; nothing is wrong if no sign of life comes now."""
        self._end_within(0.0)

    @property
    def problem(self) -> str | None:
        """A line that says how long the loop has stood still, or None while it runs."""
        silence = self._moment() - self._last
        if silence <= self._longest:
            return None
        return f"the agent has stood still for {silence:.0f} s: nothing is taken, forecast or committed; restart it"


def alive(parts: Iterable[Part], beat: Callable[[], None]) -> Iterator[Part]:
    """The parts of a long piece of work, with a sign of life before each."""
    for part in parts:
        beat()
        yield part

"""Threads with a name and an owner: started once, joined at the end, and told of where they die."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

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

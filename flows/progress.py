"""What a person sees while long work runs: bars and stages on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Show:
    """Stages with their seconds, and progress within a stage; may be called from several threads.

    Args:
        console: console that is written to; a terminal gets bars, anything else gets a line per quarter.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False)
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()
        self._quarters: dict[str, int] = {}
        self._bars: Progress | None = None
        self._keys: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A named part of the work; its seconds are kept."""
        started = time.monotonic()
        self.note(f"[bold]{name}[/] …", markup=True)
        try:
            if self.console.is_terminal:
                columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
                with Progress(*columns, TimeElapsedColumn(), console=self.console, transient=True) as bars:
                    self._bars, self._keys = bars, {}
                    bars.add_task(name, total=None, text="")
                    yield
            else:
                yield
        finally:
            self._bars = None
            self.seconds[name] = round(time.monotonic() - started, 2)
        self.note(f"[green]{name}[/] done in {self.seconds[name]:.1f} s", markup=True)

    def note(self, text: str, *, markup: bool = False) -> None:
        """Write one line."""
        with self._lock:
            self.console.print(text, markup=markup, soft_wrap=True)

    def advance(self, what: str, done: int, total: int, text: str = "") -> None:
        """Show how far a part of the work has come."""
        with self._lock:
            if self._bars is not None:
                if what not in self._keys:
                    self._keys[what] = self._bars.add_task(what, total=total, text=text)
                self._bars.update(self._keys[what], completed=done, total=total, text=text)  # type: ignore[arg-type]
                return
            quarter = 4 * done // max(total, 1)
            if quarter <= self._quarters.get(what, 0):
                return
            self._quarters[what] = quarter
            self.console.print(f"  {what}: {done} of {total} {text}", markup=False, soft_wrap=True)


CURRENT: ContextVar[Show | None] = ContextVar("show", default=None)


def current() -> Show:
    """The show of the command that runs, or a new one where a flow runs on its own."""
    return CURRENT.get() or Show()


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Let all that begins in this context show itself there."""
    token = CURRENT.set(show)
    try:
        yield
    finally:
        CURRENT.reset(token)

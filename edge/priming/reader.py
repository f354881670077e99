"""A thread that reads history: a store that does not answer keeps it waiting, and nobody else."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from edge.contract.columns import Readings, SeriesTable
from edge.errors import GatecastError, StoreBusy, StoreDenied, StoreError
from edge.priming.history import Page, Rules, Wanted, read_history
from edge.sources.source import Source
from edge.stores.store import Store
from edge.threads import Died, Thread, raise_again

PAGES = 4  # pages that wait for the loop: more would only take memory
LOOKS = 0.2  # seconds between two looks whether somebody still wants the pages
ENDS_WITHIN = 1.0  # seconds; a store that does not answer may keep the thread for longer, and it is left alone then
Line: TypeAlias = tuple[str, str]  # kind and text of a line for the log


@dataclass(frozen=True, slots=True)
class Origins:
    """Where history comes from.

    Args:
        store: function that opens a connection of its own: the sender is using the other one.
        sources: functions that open a source each of what `[[history]]` names.
        rules: rules that choose among the history.
    """

    store: Callable[[], Store]
    sources: Sequence[Callable[[], Source]]
    rules: Rules


@dataclass(slots=True)
class Ended:
    """The end of a reading.

    Args:
        error: reason why there is no more history; None: there was all of it.
        sources: number of sources that were read beside the store.
        lines: lines for the log.
    """

    error: StoreError | None = None
    sources: int = 0
    lines: list[Line] = field(default_factory=list)


class HistoryReader:
    """Reads the history once.

    Args:
        origins: functions that open the store and the sources.
        wanted: history that is wanted.
        patient: whether a source of `[[history]]` that does not answer now is to be waited for; else it is left out.
        died: function called with one line where the thread dies.
    """

    def __init__(self, origins: Origins, wanted: Wanted, *, patient: bool, died: Died = raise_again) -> None:
        self._origins, self._wanted, self._patient = origins, wanted, patient
        self._waiting: queue.Queue[Page | Ended] = queue.Queue(PAGES)
        self._stopping = threading.Event()
        self._thread = Thread("history", self._run, died)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def next(self) -> Page | Ended | None:
        """The next page; None where none is there yet."""
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            return None

    def give_up(self) -> None:
        """Nobody wants the pages any more; the thread ends when the store has answered."""
        self._stopping.set()

    def stop(self) -> bool:
        """Give up.

        Returns:
            Whether the thread has ended; False where the store keeps it for longer than `ENDS_WITHIN` seconds.
        """
        self.give_up()
        return self._thread.join(ENDS_WITHIN)

    def _run(self) -> None:
        end = Ended()
        opened: list[Source] = []
        try:
            store = self._origins.store()
            try:
                for source in self._open_sources(end):
                    opened.append(source)  # noqa: PERF402 - those that were opened are closed, whatever the next one does
                end.sources = len(opened)
                with _understood("the store"):
                    for page in read_history(self._wanted, store, opened, self._origins.rules):
                        if not self._put(page):
                            return
                end.lines += [(source.settings.label, "; ".join(notes)) for source in opened if (notes := source.notes.lines())]
            finally:
                store.close()
                for source in opened:
                    source.close()
        except StoreError as error:
            end.error = error
        self._put(end)

    def _put(self, part: Page | Ended) -> bool:
        """Hand a part to the loop, when it has taken those before; returns False where nobody wants it any more."""
        while not self._stopping.is_set():
            try:
                self._waiting.put(part, timeout=LOOKS)
            except queue.Full:
                continue
            return True
        return False

    def _open_sources(self, end: Ended) -> Iterator[Source]:
        """The sources that answer.

        Raises:
            StoreBusy: one of them does not answer now, and may do so soon.
        """
        for number, open_source in enumerate(self._origins.sources, 1):
            try:
                with _understood("it"):
                    source = open_source()
                    source.span()
            except GatecastError as error:
                if isinstance(error, StoreBusy) and self._patient:
                    raise StoreBusy(f"[[history]] number {number} does not answer yet ({error})") from error
                end.lines.append((f"history {number}", f"windows are filled without it: {error}"))
            else:
                yield _Guarded(source, end, f"history {number}", patient=self._patient)


class _Guarded:
    """A source that others fill: what cannot be read of it is left out, with one line, and nothing else is.

    Args:
        source: the source.
        end: end of the reading, which gets the line.
        kind: kind of the line.
        patient: whether it is to be waited for where it does not answer now.
    """

    def __init__(self, source: Source, end: Ended, kind: str, *, patient: bool) -> None:
        self.settings, self.notes = source.settings, source.notes
        self._source, self._end, self._kind, self._patient = source, end, kind, patient

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        return self._source.span()

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`; they end before what cannot be read."""
        try:
            with _understood("it"):
                yield from self._source.readings(start, stop, series)
        except GatecastError as error:
            if isinstance(error, StoreBusy) and self._patient:
                raise
            self._end.lines.append((self._kind, f"windows are filled without the rest of it: {error}"))

    def close(self) -> None:
        """As `Source.close`."""
        self._source.close()


@contextmanager
def _understood(what: str) -> Iterator[None]:
    """Make content that nobody has thought of an error of who gave it: the agent must not end of it, at every start again."""
    try:
        yield
    except (GatecastError, MemoryError):
        raise
    except Exception as error:  # whatever others have written
        raise StoreDenied(f"{what} holds what cannot be read ({type(error).__name__}: {error})") from error

"""Windows filled with history, page by page between two batches, while a thread reads it.

The readings that come in meanwhile are stored and acknowledged, and wait: so they count after the history, in their order.
They do not wait for a store that gives nothing. Then windows are filled with what comes live, and history goes before it later.
The journal knows which of them wait: after a restart they still count, and none of their forecasts is missing.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from edge.backoff import Backoff
from edge.contract.columns import Int32, Readings
from edge.errors import StoreBusy
from edge.log import Grumbler
from edge.messages.reading import Naming
from edge.priming.history import Page, Wanted
from edge.priming.reader import Ended, HistoryReader, Origins
from edge.quoting import counted
from edge.series.engine import Engine
from edge.series.recent import REMEMBERED, replaced
from edge.threads import Died, raise_again

UNKNOWN = -2  # index of a series that had no reading yet
PATIENT = 3  # tries that a source of [[history]] has to answer in; then the windows are filled without it
MOST_STALLS = 5  # of a store that gave no more pages, after which the pauses grow no longer
AGAIN = 30.0  # seconds, longest pause before a store that gave no history is asked again
MANY_NAMES = 10
ROWS = 20_000  # readings of the history that go into the windows between two batches


@dataclass(frozen=True, slots=True)
class Around:
    """What goes on around the filling of windows.

    Args:
        sent: function that gives a function, which says whether the store has what waits for it now, or takes nothing.
        wait: function that takes readings from ahead of our clock, until they count.
        moment: function that gives seconds, monotonic.
        patience: longest time that the store has to take what waits, and then to give the first page, before readings
            count without history, seconds.
        between: longest time that the store has to give the next page, as all readings wait for it, seconds.
        died: function called with one line where the thread dies.
    """

    sent: Callable[[], Callable[[], bool]] = lambda: lambda: True
    wait: Callable[[Readings], None] = lambda _: None
    moment: Callable[[], float] = time.monotonic
    patience: float = 5.0
    between: float = 15.0
    died: Died = raise_again


@dataclass(slots=True)
class _Filling:
    """One try to fill the windows.

    Args:
        reader: thread that reads the history.
        beyond: the first time of a reading that waits, as a live one does; None: all count at once.
        sent: function that says whether the store has what it must have before it is read.
        moment: beginning of the wait for the store, or for its next page, seconds.
        waited: number of readings that waited before, as those of the run before do.
        started: whether the thread reads.
        ending: end of the filling, which lets the live readings follow; None before the first page.
        add: function that takes a part of the history.
        names: name of each series of the history.
        indices: index of each of them in the engine, -1 where there is no room for it.
        waiting: readings that wait until our clock is there.
        count: number of readings so far.
    """

    reader: HistoryReader
    beyond: int | None
    sent: Callable[[], bool]
    moment: float
    waited: int
    started: bool = False
    ending: ExitStack | None = None
    add: Callable[[Readings], object] = lambda _: None
    names: list[str] = field(default_factory=list)
    indices: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    waiting: list[Readings] = field(default_factory=list)
    count: int = 0


class Primer:
    """Fills empty windows now, or when the store answers. Only the loop calls it, but `problem`.

    Args:
        origins: functions that open the store and the sources of the history.
        naming: series that are known or may be added.
        grumbler: grumbler that says what happened.
        around: work that goes on around it.
        again: pause before a store that gave no history is asked again.
        rows: readings of the history that go into the windows between two batches.
    """

    def __init__(
        self,
        origins: Origins,
        naming: Naming,
        grumbler: Grumbler,
        around: Around = Around(),
        again: Backoff = Backoff(AGAIN, AGAIN),
        rows: int = ROWS,
    ) -> None:
        self._origins, self._naming, self._grumbler, self._around = origins, naming, grumbler, around
        self._again, self._rows, self._tries, self._stalls = again, rows, 0, 0
        self._filling: _Filling | None = None
        self._next: float | None = None
        self._held = Readings.empty()
        self.complete = True  # whether the windows have the history that there is

    @property
    def due(self) -> bool:
        """Whether a store that gave no history is to be asked again."""
        return self._next is not None and self._around.moment() >= self._next

    @property
    def busy(self) -> bool:
        """Whether history is being read."""
        return self._filling is not None

    @property
    def fills(self) -> bool:
        """Whether pages of the history are going into the windows: the engine must take nothing else."""
        return self._filling is not None and self._filling.ending is not None

    @property
    def holds(self) -> bool:
        """Whether readings that come in now have to wait."""
        filling = self._filling
        if filling is None:
            return False
        return filling.ending is not None or self._around.moment() - filling.moment < self._around.patience

    @property
    def problem(self) -> str | None:
        """A line that says that windows are being filled; None where they are not."""
        filling = self._filling
        if filling is None:
            return None
        state = f"{counted(filling.count, 'reading')} so far" if filling.ending is not None else "the store has given none yet"
        return f"windows are being filled from the store's history ({state}); readings are stored meanwhile"

    def begin(self, engine: Engine, latest: int, beyond: int | None = None) -> None:
        """Begin to fill the windows; what was being read for them before is of no use any more.

        Args:
            engine: the engine.
            latest: the latest time to look for, ns UTC.
            beyond: the first time of a reading that waits, as a live one does; None: all count at once.
        """
        self.give_up()
        self._next, self.complete = None, False
        self._tries += 1
        contract = engine.forecaster.contract
        wanted = Wanted(contract.interval, contract.columns, engine.lookback, latest)
        reader = HistoryReader(self._origins, wanted, patient=self._tries < PATIENT, died=self._around.died)
        self._filling = _Filling(reader, beyond, self._around.sent(), self._around.moment(), len(self._held))

    def give_up(self) -> None:
        """Read no further; the windows have what was read, and what came in live before."""
        filling, self._filling = self._filling, None
        if filling is not None:
            filling.reader.give_up()
            _close(filling)

    def stop(self) -> None:
        """End the thread; one that waits for a store that does not answer is left to the end of the process."""
        filling, self._filling = self._filling, None
        if filling is not None:
            filling.reader.stop()

    def pass_on(self, readings: Readings, most: int) -> Readings:
        """The readings that count now, in the order in which they came: none while windows are filled.

        Of those that waited `counted` has to be told: until then they are among those that wait.

        Args:
            readings: readings that have just come.
            most: number of readings that count at once, where some have waited; or twice the number of those that have just
                come, which is more where a message has many.
        """
        if not self.holds and not len(self._held):
            return readings
        self._held = Readings.concatenate([self._held, readings])
        if self.holds:
            return Readings.empty()
        return self._held.take(slice(0, max(most, 2 * len(readings))))

    def counted(self, count: int) -> None:
        """The engine has taken so many readings that `pass_on` gave."""
        self._held = self._held.take(slice(count, None))

    @property
    def waits(self) -> bool:
        """Whether there are readings that were stored and do not count yet."""
        return self.holds or len(self._held) > 0

    @property
    def waiting(self) -> Readings:
        """These readings, in order of arrival."""
        return self._held

    def take_back(self, readings: Readings) -> None:
        """Let readings wait that waited when the last run ended; before `begin`."""
        self._held = readings

    def go_on(self, engine: Engine) -> bool:
        """Let the history that was read meanwhile go into the windows, a part of it only where there is much.

        Args:
            engine: the engine that was given to `begin`.

        Returns:
            Whether the windows have changed, and are ready now.
        """
        filling = self._filling
        if filling is None:
            return False
        if not filling.started:
            if not filling.sent() and self._around.moment() - filling.moment < self._around.patience:
                return False
            filling.started, filling.moment = True, self._around.moment()
            filling.reader.start()
        before = filling.count
        while filling.count - before < self._rows and (part := filling.reader.next()) is not None:
            if isinstance(part, Ended):
                return self._end(engine, filling, part)
            if not self._fill(engine, filling, part):
                text = (
                    f"more than {REMEMBERED:,} readings came meanwhile, or it names over {MANY_NAMES} times as many series "
                    "as there are slots: the windows go on without the rest of the history"
                )
                return self._end(engine, filling, Ended(lines=[("history", text)]))
        if filling.ending is not None and self._around.moment() - filling.moment >= self._around.between:
            return self._stall(engine, filling)
        return False

    def _stall(self, engine: Engine, filling: _Filling) -> bool:
        """Leave a store that gave some pages and no more; each time it is asked again after twice the pause."""
        text = f"it gave {counted(filling.count, 'reading')}, and no more for {self._around.between:g} s"
        has_changed = self._end(engine, filling, Ended(StoreBusy(text)))
        self._stalls = min(self._stalls + 1, MOST_STALLS)
        if self._next is not None:
            self._next += self._again.longest * (2**self._stalls - 1)
        return has_changed

    def _fill(self, engine: Engine, filling: _Filling, page: Page) -> bool:
        """Let a page go into the windows; returns False where history is of no use any more."""
        if filling.ending is None:
            if not engine.state.remembers_all:  # readings of the store would count twice
                return False
            filling.ending = ExitStack()
            filling.add = filling.ending.enter_context(engine.filling())
        if len(filling.names) + len(page.names) > MANY_NAMES * self._naming.most + self._rows:
            return False
        filling.count += len(page.readings)
        filling.moment = self._around.moment()
        readings = self._indexed(filling, page)
        if filling.beyond is not None and (early := readings.time >= filling.beyond).any():
            filling.waiting.append(readings.take(early))
            readings = readings.take(~early)
        filling.add(readings.take(np.isnan(replaced(self._held, readings))))
        return len(self._held) - filling.waited < REMEMBERED

    def _indexed(self, filling: _Filling, page: Page) -> Readings:
        """The readings of a page under the indices of the engine; a series gets one with its first reading."""
        filling.names += page.names
        new = np.full(len(page.names), UNKNOWN, np.int32)
        filling.indices = np.concatenate([filling.indices, new])
        owners = filling.indices[page.readings.series]
        for fresh in np.unique(page.readings.series[owners == UNKNOWN]).tolist():
            filling.indices[fresh] = self._naming.index(filling.names[fresh])
        owners = filling.indices[page.readings.series]
        return Readings(owners, page.readings.time, page.readings.value).take(owners >= 0)

    def _end(self, engine: Engine, filling: _Filling, end: Ended) -> bool:
        self.give_up()
        for kind, text in end.lines:
            self._grumbler.say(kind, text)
        self._around.wait(Readings.concatenate(filling.waiting))
        if end.error is not None:
            self._grumbler.say("history", f"windows stay empty, because the store gives no history: {end.error}")
            if engine.state.remembers_all:
                self._next = self._around.moment() + self._again.wait(1)
            return filling.ending is not None
        self._tries, self._stalls, self.complete = 0, 0, True
        if filling.count:
            origin = "the store and [[history]]" if end.sources else "the store"
            text = f"windows filled with {counted(filling.count, 'reading')} of {len(engine.state)} series from {origin}"
            self._grumbler.say("primed", text)
        return True


def _close(filling: _Filling) -> None:
    if filling.ending is not None:
        filling.ending.close()

"""The series state on disk: a snapshot, and the batches since; it comes back from there at the next start."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from edge.agent.committing import Committer
from edge.agent.heartbeat import alive
from edge.agent.priming import AGAIN, Primer
from edge.clock.closing import SETTLED
from edge.clock.holding import Hold
from edge.clock.trust import STEADY
from edge.contract.columns import Int32, Readings
from edge.contract.contract import Contract
from edge.release.capacity import FORECAST_ROWS
from edge.series.effect import Effect
from edge.series.engine import Engine, needs_no_history
from edge.series.entry import Entry
from edge.series.recent import REMEMBERED
from edge.slots.returning import staying
from edge.spool.sender import ENDS_WITHIN
from edge.spool.spool import Commit, Spool

SNAPSHOT_ROWS = REMEMBERED // 2
UNFILLED = b"unfilled"  # the windows lack history, or readings wait for it, which are behind this
WAITING_ROWS = 50_000  # readings in one part of a snapshot


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the agent holds at once.

    Args:
        snapshot_rows: readings and closed windows in the journal before a snapshot replaces it.
        forecast_rows: forecast moments that are made and committed together.
    """

    snapshot_rows: int = SNAPSHOT_ROWS
    forecast_rows: int = FORECAST_ROWS


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the agent waits for others, seconds.

    Args:
        patience: longest wait at start for a first look at the channel and for the windows; and longest time that readings wait
            for the store to take what is ready, and then to give history.
        disk: pause between tries of a disk that is full.
        history: longest pause before a store that gave no history is asked again.
        settled: time after connecting until the first of the messages that the broker has kept must have come.
        steady: time until a clock that was set, or that is not confirmed, is believed.
        phase: longest wait of an agent that starts together with its machine, before it asks anybody; the wait is random,
            for after a power cut a whole fleet starts at the same moment.
        write: longest wait at the end for a write to the store that is under way; an agent that begins again waits on.
    """

    patience: float = 5.0
    disk: float = 1.0
    history: float = AGAIN
    settled: float = SETTLED
    steady: float = STEADY
    phase: float = 5.0
    write: float = ENDS_WITHIN


@dataclass(frozen=True, slots=True)
class Room:
    """How many series have a slot, and what tells which of them need theirs.

    Args:
        most: number of slots.
        hold: readings that wait for a clock that has proved itself.
        primer: primer that has the readings that wait for history.
        now: function that gives our clock, ns UTC.
        latest: function that gives the latest time of a reading without a slot, ns UTC.
    """

    most: int
    hold: Hold
    primer: Primer
    now: Callable[[], int]
    latest: Callable[[], int]


class Journal:
    """Snapshots and journal of one engine.

    Args:
        spool: file of both.
        committer: committer that writes them.
        log: function called with one line where the state of the last run cannot be used.
        beat: function called for each part that is read: all of them may take minutes.
        room: the slots of series; those of silent series come back.
        snapshot_rows: readings and closed windows in the journal before a snapshot replaces it.
    """

    def __init__(
        self,
        spool: Spool,
        committer: Committer,
        log: Callable[[str], None],
        beat: Callable[[], None],
        room: Room,
        snapshot_rows: int = SNAPSHOT_ROWS,
    ) -> None:
        self._spool, self._committer, self._log, self._beat = spool, committer, log, beat
        self._room, self._snapshot_rows = room, snapshot_rows
        self.filled = True  # whether the windows have the history that there is; a start asks for it where they have not
        self._rows = 0  # since the last snapshot

    def snapshot(self, engine: Engine) -> None:
        """Commit the whole state; the journal from here on belongs to the engine's grid."""
        self._committer.commit(Commit(snapshot=partial(self.dump, engine)))
        self._rows = 0

    def dump(self, engine: Engine) -> Iterator[bytes]:
        """The parts of a snapshot."""
        yield from engine.dump()
        waiting = self._room.primer.waiting
        if len(waiting) or not self.filled:
            yield UNFILLED
            for start in range(0, len(waiting), WAITING_ROWS):
                yield Entry.waiting(waiting.take(slice(start, start + WAITING_ROWS))).encode()

    def is_full_after(self, effect: Effect, readings: int, *, whole: bool = True) -> bool:
        """Count a step that is about to be committed.

        Args:
            effect: result of the step.
            readings: number of its readings.
            whole: whether all has counted that is stored by then; else it follows in the next steps, and the snapshot after it.

        Returns:
            Whether a snapshot is to replace the journal with this commit.
        """
        self._rows += readings + len(effect.entry.forecasts) + 1
        if self._rows < self._snapshot_rows or not whole:
            return False
        self._rows = 0
        return True

    def restore(self, engine: Engine) -> bool:
        """Bring windows and waiting forecasts back into an engine that is empty, and to the primer what waits for history.

        A state that was made under other settings is adapted, and a snapshot of it committed.

        Returns:
            Whether there was a state for the grid of the live bundle, and its windows had been filled with history and are no
            longer now.
        """
        known, stale = self._read(engine)
        if stale:
            self.snapshot(engine)
        return known and self.filled

    def staying(self, engine: Engine) -> Int32 | None:
        """The series that keep their slots, int32 `[n]`; None where all do, as not enough slots would come back."""
        room, last_heard = self._room, engine.state.last_heard(len(engine.series))
        now = min(room.now(), max(room.latest(), int(last_heard.max(initial=0))))
        # The clock forecasts from a window until its last reading has left, and such a forecast waits for its fact after that.
        needed = (engine.lookback + max(engine.leads)) * engine.state.contract.interval
        return staying(last_heard, room.most, now, needed, np.unique(room.hold.waiting.series))

    def take_slots_back(self, engine: Engine) -> None:
        """Let series that are silent for longer than a window give up their slots, at the end of an agent.

        From here on nobody may use an index of a series that he knew before.
        """
        room, before, stay = self._room, len(engine.series), self.staying(engine)
        if stay is None:
            return
        engine.keep(stay)
        room.hold.keep(stay)
        self._committer.begin_again(partial(self.dump, engine))
        free = before - len(stay)
        self._log(f"{free} of {room.most} slots are free again: their series had no reading for longer than a window")

    def _read(self, engine: Engine) -> tuple[bool, bool]:
        """Returns whether there was a state for the engine's grid, and whether it was made under other settings."""
        try:
            known, held, before, renamed = self._load(engine)
        except ValueError as error:
            self._log(f"the state of the last run cannot be used: {error}; the windows are filled from the store")
            engine.restart()
            return False, False
        if renamed is not None:
            self._log(f"series {renamed[:120]!r} has another kind or hold now: all windows are filled from the store again")
            return False, False
        contract = engine.forecaster.contract
        if not held.shares_grid(contract) or not known:
            return False, False
        self.filled = self.filled and needs_no_history(held, contract)
        return True, (engine.state, engine.scoring) != before

    def _load(self, engine: Engine) -> tuple[bool, Contract, tuple[object, object], str | None]:
        """Load what there is.

        Returns:
            Whether there was anything, its contract, state and scoring as they were loaded, and the result of `settle`.

        Raises:
            ValueError: it cannot be used.
        """
        try:
            parts = alive(self._spool.snapshot(), self._beat)
            first = next(parts, None)
            known = first is not None
            queue = _Queue()
            if first is not None:
                engine.load(chain([first], parts))
                self.filled = next(parts, None) != UNFILLED
                for part in parts:
                    queue.note(Entry.decode(part))
            for entry in alive(self._spool.journal(), self._beat):
                if not entry.waits:
                    engine.replay(entry)
                queue.note(entry)
                known = True
            held, before = engine.state.contract, (engine.state, engine.scoring)
            renamed = engine.settle()
            self._room.primer.take_back(queue.rest(len(engine.series)))
        except Exception as error:  # whatever it is: the store has all readings, and an agent that cannot start has none
            raise ValueError(repr(error)) from error
        return known, held, before, renamed


class _Queue:
    """The readings that wait for history, by what the entries say: they begin to wait and count in the same order."""

    def __init__(self) -> None:
        self._parts: list[Readings] = []
        self._begun = self._counted = 0

    def note(self, entry: Entry) -> None:
        """Look at the next entry."""
        if entry.waits:
            self._parts.append(entry.readings)
            self._begun += len(entry.readings)
        else:  # what waits goes first, so where something waits, what counts is of it
            self._counted = min(self._begun, self._counted + len(entry.readings))

    def rest(self, series: int) -> Readings:
        """Those that have not counted.

        Args:
            series: number of series that are known.

        Raises:
            ValueError: one of them is of no such series.
        """
        rest = Readings.concatenate(self._parts).take(slice(self._counted, None))
        if len(rest) and not 0 <= rest.series.min() <= rest.series.max() < series:
            raise ValueError("readings that wait are of series that are not known")
        return rest

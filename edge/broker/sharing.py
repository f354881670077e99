"""Whether another agent of the group gets readings of our series: the store has more of them than came through us."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.errors import StoreError
from edge.quoting import quoted
from edge.stores.store import Store
from edge.threads import Died, Thread, raise_again

WATCHED = 16  # series
MOST_TIMES = 2000  # readings of a series in one look; one that has more is left out
LONGEST_NAME = 120  # characters of a name in a line
ENDS_WITHIN = 1.0  # seconds; a store that does not answer may keep the thread for longer, and it is left alone then


@dataclass(frozen=True, slots=True)
class Look:
    """How long a look takes, seconds.

    Args:
        ahead: time before the span whose readings are compared; a sensor's clock may be ahead by less.
        span: length of the span.
        settle: time after the span in which agents write what they got.
    """

    ahead: float = 900.0
    span: float = 600.0
    settle: float = 120.0


@dataclass(slots=True)
class Sample:
    """Which readings of a span came through this agent.

    Args:
        start: begin of the span, ns UTC.
        stop: end of the span, ns UTC.
        due: time of the comparison, ns UTC.
        times: times of the readings by series.
    """

    start: int
    stop: int
    due: int
    times: dict[int, set[int]] = field(default_factory=dict)


class Sharing:
    """Compares what came through this agent with what the store has, again and again, in a thread of its own.

    The loop notes readings before they are committed, so the store has more of a series only where somebody else writes it.

    Args:
        series: the table of all series.
        store: function that opens a connection of its own to the store.
        now: function that gives our clock, ns UTC.
        look: length of a look.
    """

    def __init__(self, series: SeriesTable, store: Callable[[], Store], now: Callable[[], int], look: Look = Look()) -> None:
        self._series, self._store, self._now, self._look = series, store, now, look
        self._sample = self._next_sample()
        self._full: Sample | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._thread: Thread | None = None
        self.problem: str | None = None
        self.looks = 0  # comparisons

    def start(self, died: Died = raise_again) -> None:
        """Begin to compare.

        Args:
            died: function called with one line where the thread dies.
        """
        self._thread = Thread("sharing", self._run, died)
        self._thread.start()

    def stop(self) -> None:
        """Compare no more."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(ENDS_WITHIN)

    def note(self, readings: Readings) -> None:
        """Note readings that came, before they are committed."""
        sample, now = self._sample, self._now()
        if now < sample.start and len(readings) and int(readings.time.max()) >= sample.start:
            self._sample = self._next_sample()  # our clock is wrong: readings of this span may have come before
            return
        if len(sample.times) < WATCHED:
            for series in dict.fromkeys(readings.series.tolist()):
                if len(sample.times) < WATCHED:
                    sample.times.setdefault(series, set())
        inside = (readings.time >= sample.start) & (readings.time < sample.stop)
        for series, time in zip(readings.series[inside].tolist(), readings.time[inside].tolist(), strict=True):
            times = sample.times.get(series)
            if times is not None and len(times) <= MOST_TIMES:
                times.add(time)
        if now >= sample.due:
            self._full, self._sample = sample, self._next_sample()
            self._wake.set()

    def _compare(self, sample: Sample) -> str | None:
        """Why windows may have gaps; None where the store has no reading that did not come through us."""
        store = self._store()
        few = {series: len(times) for series, times in sample.times.items() if len(times) <= MOST_TIMES}
        names = {store.name_of(self._series.names[series]): count for series, count in few.items()}
        try:
            stored = store.count_readings(sample.start, sample.stop)
        finally:
            store.close()
        others = {name: stored.get(name, 0) - count for name, count in names.items() if stored.get(name, 0) > count}
        if not others:
            return None
        name, count = max(others.items(), key=lambda item: item[1])
        return (
            f"another agent gets readings of {len(others)} of {len(names)} series that were compared, first {count} of "
            f"{quoted(name, LONGEST_NAME)}, so windows have gaps; let the broker keep a topic with one agent, or divide the "
            "topics: see docs/operations.md"
        )

    def _next_sample(self) -> Sample:
        start = self._now() + int(self._look.ahead * SECOND)
        stop = start + int(self._look.span * SECOND)
        return Sample(start, stop, stop + int(self._look.settle * SECOND))

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            sample, self._full = self._full, None
            if sample is not None:
                try:
                    self.problem = self._compare(sample)
                    self.looks += 1
                except StoreError:
                    continue  # the sender says what is wrong with the store

"""The parts of the agent, each with a stopwatch around its work, and a store and a history for them."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from edge.bench.feed import name_of
from edge.bench.stages import Stage, Stopwatch
from edge.broker.subscriber import Subscriber
from edge.contract.columns import Float64, Int32, Points, Readings, SeriesTable
from edge.contract.contract import Context
from edge.contract.schema import Measurement
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.messages.intake import Intake
from edge.messages.message import Message
from edge.release.ready import open_bundle
from edge.series.effect import Effect
from edge.series.engine import Engine
from edge.spool.spool import Commit, Spool
from edge.stores.store import Store
from edge.threads import Died, raise_again


def watched_intake(watch: Stopwatch) -> type[Intake]:
    """An intake that is watched."""

    class Watched(Intake):
        def take(self, messages: Sequence[Message]) -> Readings:
            with watch.during(Stage.INTAKE):
                return super().take(messages)

    return Watched


def watched_engine(watch: Stopwatch) -> type[Engine]:
    """An engine that is watched."""

    class Watched(Engine):
        def step(self, readings: Readings, now: int | None = None, most: int | None = None) -> Effect:
            with watch.during(Stage.ENGINE):
                return super().step(readings, now, most)

    return Watched


def watched_spool(watch: Stopwatch, commits: Callable[[int], None], sends: Callable[[int], None]) -> type[Spool]:
    """A spool that is watched.

    Args:
        watch: stopwatch.
        commits: function called with the number of blocks that are about to be committed.
        sends: function called with the number of the newest block that is about to be sent.
    """

    class Watched(Spool):
        def commit(self, commit: Commit) -> int:
            commits(len(commit.blocks))
            with watch.during(Stage.COMMIT):
                return super().commit(commit)

        def next_blocks(self, after: int, size: int) -> tuple[int, list[bytes]] | None:
            following = super().next_blocks(after, size)
            if following is not None:
                sends(following[0])
            return following

    return Watched


def watched_subscriber(
    watch: Stopwatch,
    ready: Callable[[], bool],
    taken: Callable[[Sequence[Message]], None],
    committed: Callable[[Sequence[Message]], None],
) -> type[Subscriber]:
    """A subscriber that is watched.

    Args:
        watch: stopwatch.
        ready: function that says whether to connect: a history that fills windows is not measured.
        taken: function called with the messages of each batch.
        committed: function called with the messages of a batch when they are acknowledged.
    """

    class Watched(Subscriber):
        _may_start: Callable[[], None] | None = None

        def start(self, died: Died = raise_again) -> None:
            self._may_start = partial(super().start, died)

        def take(self, most: int, timeout: float, linger: float = 0.0) -> list[Message]:
            if self._may_start is not None and ready():
                self._may_start()
                self._may_start = None
            with watch.during(Stage.RECEIVE):
                messages = super().take(most, timeout, linger)
            taken(messages)
            return messages

        def acknowledge(self, messages: Sequence[Message]) -> None:
            with watch.during(Stage.RECEIVE):
                super().acknowledge(messages)
            committed(messages)

    return Watched


class WatchedForecaster:
    """A forecaster that is watched.

    Args:
        inner: forecaster of the bundle.
        watch: stopwatch.
    """

    def __init__(self, inner: Forecaster, watch: Stopwatch) -> None:
        self._inner, self._watch = inner, watch
        self.name, self.contract, self.intervals = inner.name, inner.contract, inner.intervals

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        with self._watch.during(Stage.FORECAST):
            return self._inner.predict(windows, series, context)

    def self_test(self) -> float | None:
        """As `Forecaster.self_test`."""
        return self._inner.self_test()


class WatchedStore:
    """A store that is watched, and that holds a history of made-up sensors from before the first reading.

    Args:
        inner: store that encodes, and writes.
        watch: stopwatch.
        series: number of sensors that have a history.
        end: time of the first reading that is not history, ns UTC.
        interval: time between two readings of the history, ns.
        written: function called after each write; None: nothing is written anywhere.
    """

    def __init__(
        self, inner: Store, watch: Stopwatch, series: int, end: int, interval: int, written: Callable[[], None] | None
    ) -> None:
        self._inner, self._watch, self._series, self._end, self._interval = inner, watch, series, end, interval
        self._written = written
        self.kind, self.advice = inner.kind, inner.advice
        self.join, self.split, self.count, self.name_of = inner.join, inner.split, inner.count, inner.name_of
        self.count_readings, self.forget = inner.count_readings, inner.forget
        self.size, self.close = inner.size, inner.close

    def encode(self, points: Sequence[Points], series: SeriesTable) -> bytes:
        """As `Store.encode`."""
        with self._watch.during(Stage.ENCODE):
            return self._inner.encode(points, series)

    def write(self, *blocks: bytes) -> None:
        """As `Store.write`."""
        if self._written is not None:
            self._inner.write(*blocks)
            self._written()

    def read(
        self, measurement: Measurement, fields: Sequence[str], start: int, stop: int, series: SeriesTable
    ) -> Iterator[Points]:
        """As `Store.read`: a reading of every sensor in each interval, at a level of its own."""
        del measurement, fields
        sensors = np.arange(self._series, dtype=np.int32)
        owners = np.asarray([series.add(name_of(number)) for number in sensors.tolist()], np.int32)
        first = -(-start // self._interval)
        for number in range(first, -(-min(stop, self._end) // self._interval)):
            values = 20 + sensors % 50 + 5 * np.sin(number * np.pi / 12 + sensors)
            yield Points.of_readings(Readings(owners, np.full(self._series, number * self._interval), values))

    def span(self) -> tuple[int, int] | None:
        """As `Store.span`."""
        return (0, self._end - 1) if self._series else None


def watched_bundle(watch: Stopwatch) -> Callable[[Bundle], Forecaster]:
    """A function that opens a bundle as the agent does, with a watch on it."""
    return lambda bundle: WatchedForecaster(open_bundle(bundle), watch)

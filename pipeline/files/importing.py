"""A file's readings into the store, counted on the way in and again in the store: what is said to be there was seen there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from edge.contract.columns import Bool, Int64, Readings, SeriesTable
from edge.contract.times import iso
from edge.errors import HistoryError
from edge.messages.formats.payload import takes_more
from edge.messages.ingest import Ingest
from edge.messages.message import LONGEST_TOPIC
from edge.quoting import quoted
from edge.stores.store import Store
from edge.tables.notes import Notes
from pipeline.files.reading import Batch, File, read_batches
from pipeline.files.tally import Collisions, Repeated, Tally
from pipeline.history.from_store import tag, write_history

SHOWN = 5  # readings that are shown as they were understood


@dataclass(frozen=True, slots=True)
class SeriesSeen:
    """A series of a file.

    Args:
        name: its name.
        rows: number of its readings; those at the same time count as often as they come.
        first: earliest time, ns UTC.
        last: latest time, ns UTC.
        interval: usual step from one reading to the next, ns; 0 where there is none.
    """

    name: str
    rows: int
    first: int
    last: int
    interval: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file holds.

    Args:
        rows: readings in the file that a store takes.
        not_finite: infinite values, which no store takes.
        misdated: finite readings before the year 2000 or in the future, of a clock that was wrong; they are left out.
        series: the series with such readings.
        strange: names that no topic of the configuration gives, so that no live reading continues them.
        first: earliest time, ns UTC.
        last: latest time, ns UTC.
        readings: series, time in ns UTC and value of the first readings.
        notes: sentences about what was decided and left out.
    """

    rows: int
    not_finite: int
    misdated: int
    series: tuple[SeriesSeen, ...]
    strange: tuple[str, ...]
    first: int
    last: int
    readings: tuple[tuple[str, int, float], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import, or would come of it.

    Args:
        survey: content of the file.
        stored: number of its readings that are in the store, or will be: one for each series and time.
        repeated: rows that others overwrite; None where there is none.
    """

    survey: Survey
    stored: int
    repeated: Repeated | None


def survey_file(file: File, ingests: Sequence[Ingest]) -> Imported:
    """Read a file and say what an import would bring; nothing is written.

    The file is read again only where the rows of a series are in no order, so that some may collide.

    Args:
        file: file to read.
        ingests: rules that name the live series.

    Raises:
        ConfigurationError: there is no such file, or an option does not fit it.
        HistoryError: it cannot be read, or holds nothing that a store takes.
    """
    survey, series, tally = _surveyed(file, ingests)
    if tally.disordered:
        for batch in read_batches(file, SeriesTable()):
            tally.keep_disordered(batch.readings.take(_dated(batch.readings, file.latest)))
    return Imported(survey, int(tally.distinct().sum()), _repeated(file, tally, series))


def import_file(file: File, store: Store, ingests: Sequence[Ingest]) -> Imported:
    """Bring a file's readings into the store, then look whether they are there.

    The file is read twice, some rows at a time: a mistake in its last line must not leave half of it in the store. It is read a
    third time where rows collide, to compare their values.

    Args:
        file: file to read.
        store: the same readings may be in it.
        ingests: rules that name the live series.

    Raises:
        ConfigurationError: there is no such file, or an option does not fit it.
        HistoryError: it cannot be read, the store refuses a reading, or it does not hold what it took.
        StoreBusy: the store stayed away.
        StoreDenied: the account, bucket or address is wrong.
    """
    survey, series, tally = _surveyed(file, ingests)
    tagged = tag(series, ingests)
    for batch in read_batches(file, SeriesTable()):
        usable = batch.readings.take(_dated(batch.readings, file.latest))
        usable = usable.take(np.argsort(usable.series, kind="stable"))  # a block touches few series: far fewer pages of a store
        write_history(store, tagged, usable)
        tally.keep_disordered(usable)
    distinct = tally.distinct()
    _check(store, series, distinct, tally.span)
    return Imported(survey, int(distinct.sum()), _repeated(file, tally, series))


def _surveyed(file: File, ingests: Sequence[Ingest]) -> tuple[Survey, SeriesTable, Tally]:
    series, tally, notes = SeriesTable(), Tally(), Notes()
    misdated = 0
    shown: list[tuple[str, int, float]] = []
    for batch in read_batches(file, series, notes):
        readings = batch.readings
        dated = _dated(readings, file.latest)
        misdated += int((readings.finite & ~dated).sum())
        tally.count(readings.take(dated))
        if len(shown) < SHOWN:
            shown += islice(_shown(batch, dated & readings.finite, series), SHOWN - len(shown))
    rows = int(tally.rows.sum())
    if not rows:
        raise HistoryError(
            f"{file.path}: expected a finite value between the year 2000 and now; got {tally.not_finite:,} infinite values and "
            f"{misdated:,} readings of other times"
        )
    if (longest := next((name for name in series.names if takes_more(name, LONGEST_TOPIC)), None)) is not None:
        raise HistoryError(
            f"{file.path}: expected names of series of at most {LONGEST_TOPIC} characters, as topics have; "
            f"got one of {len(longest):,}: {quoted(longest)}"
        )
    seen = tuple(
        SeriesSeen(name, int(tally.rows[number]), *tally.span_of(number), tally.interval_of(number))
        for number, name in enumerate(series.names[: len(tally.rows)])
        if tally.rows[number]
    )
    strange = tuple(known.name for known in seen if all(ingest.tags_of(known.name) is None for ingest in ingests))
    sentences = (*notes.sentences, *_silent(tally, series))
    survey = Survey(rows, tally.not_finite, misdated, seen, strange, *tally.span, tuple(shown), sentences)
    return survey, series, tally


def _silent(tally: Tally, series: SeriesTable) -> list[str]:
    """A sentence about the series that the file names and has no reading of."""
    names = [name for number, name in enumerate(series.names) if number >= len(tally.rows) or not tally.rows[number]]
    return [f"series without any reading: {len(names):,}, such as {quoted(names[0])}"] if names else []


def _dated(readings: Readings, latest: int) -> Bool:
    """Which readings have a time that a right clock can give, bool `[n]`."""
    return readings.dated & (readings.time <= latest)


def _shown(batch: Batch, usable: Bool, series: SeriesTable) -> Iterator[tuple[str, int, float]]:
    """The first readings of a batch in the order of the rows."""
    for number in np.argsort(batch.row, kind="stable").tolist():
        if usable[number]:
            yield (
                series.names[batch.readings.series[number]],
                int(batch.readings.time[number]),
                float(batch.readings.value[number]),
            )


def _repeated(file: File, tally: Tally, series: SeriesTable) -> Repeated | None:
    """The rows that others overwrite; their values are compared by reading the file once more."""
    times = tally.repeated()
    if not times:
        return None
    collisions = Collisions(times, series.names)
    for batch in read_batches(file, SeriesTable()):
        usable = np.flatnonzero(batch.readings.finite & _dated(batch.readings, file.latest))
        collisions.take(batch.readings.take(usable), batch.row[usable], batch.named)
    owner = min(times)
    rows = int((tally.rows - tally.distinct()).sum())
    return Repeated(rows, series.names[owner], int(times[owner][0]), collisions.different, collisions.example)


def _check(store: Store, series: SeriesTable, expected: Int64, span: tuple[int, int]) -> None:
    """Count the readings of these series in the store.

    Raises:
        HistoryError: there are fewer than were written.
    """
    first, last = span
    counted = store.count_readings(first, last + 1)
    held = np.asarray([counted.get(store.name_of(name), 0) for name in series.names[: len(expected)]], np.int64)
    missing = np.maximum(expected - held, 0)
    if missing.any():
        worst = int(np.argmax(missing))
        raise HistoryError(
            f"the store took all {expected.sum():,} readings, but {missing.sum():,} of them are not in it; worst is series "
            f"{series.names[worst]!r} with {held[worst]:,} of {expected[worst]:,} between {iso(first)} and {iso(last)}: "
            "check that [store] url is InfluxDB itself, and how long its bucket keeps data"
        )

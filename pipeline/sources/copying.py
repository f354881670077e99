"""Sources of history copied into the store: what the store has of an hour already stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.config.sections import Config
from edge.contract.columns import Int64, Readings, SeriesTable
from edge.contract.meaning import Meaning
from edge.contract.times import iso
from edge.errors import ConfigurationError, HistoryError
from edge.messages.ingest import Ingest
from edge.messages.reading import meaning_of
from edge.sources.joining import HOUR, aligned, hours, join
from edge.sources.names import comes_live
from edge.sources.source import Source
from edge.stores.store import Store, read_readings
from pipeline.history.from_store import write_history
from pipeline.sources.opening import opened_sources


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of a copy.

    Args:
        written: readings that were written now.
        present: readings that the store had already.
        passed: readings of hours of which the store has others of the same series; they are left out.
        series: names of all series of the sources.
        strange: names that no rule of the configuration gives.
        meters: names of counters, as the sources say, that are none by the rules; the store does not keep what a series is.
        span: times of the first and the last reading of the sources, ns UTC; None without any.
        notes: a line for each kind of row that does not count.
    """

    written: int
    present: int
    passed: int
    series: tuple[str, ...]
    strange: tuple[str, ...]
    meters: tuple[str, ...]
    span: tuple[int, int] | None
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """Numbers of readings as they pass by."""

    written: int = 0
    present: int = 0
    passed: int = 0
    series: set[int] = field(default_factory=set)


def copy_history(config: Config) -> Copied:
    """Copy all sources of `[[history]]` into the store, then look whether they are there; a second time changes nothing.

    Of a series and an hour of which the store has readings of its own, nothing is added. An hour that an earlier copy did
    not finish is finished.

    Raises:
        ConfigurationError: there is no `[[history]]`, or a section is wrong.
        HistoryError: the store refuses a reading, or does not hold what it took.
        StoreBusy: the store or a source does not answer.
        StoreDenied: the account, bucket or address is wrong.
    """
    if not config.history:
        raise ConfigurationError("there is no [[history]] to copy; add such a section, or name a file")
    ingests = config.ingests()
    store = config.store.open()
    try:
        with opened_sources(config) as sources:
            spans = [span for source in sources if (span := source.span()) is not None]
            span = (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None
            series, tally, notes = SeriesTable(), _Tally(), _notes(sources)
            if span is not None:
                tally = _pass(store, sources, span, series, _Writer(store, ingests))
                notes = _notes(sources)
                lack = _pass(store, sources, span, SeriesTable(), None).written
                if lack:
                    raise HistoryError(
                        f"the store took all {tally.written:,} readings, but {lack:,} of them are not in it between "
                        f"{iso(span[0])} and {iso(span[1])}: check that [store] url is InfluxDB itself, and how long its "
                        "bucket keeps data"
                    )
    finally:
        store.close()
    names = tuple(sorted(series.names[index] for index in tally.series))
    strange = tuple(name for name in names if not comes_live(ingests, name))
    meters = tuple(
        sorted(name for index in tally.series if _is_meter(name := series.names[index], series.meanings[index], ingests))
    )
    return Copied(tally.written, tally.present, tally.passed, names, strange, meters, span, notes)


def _notes(sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(f"{source.settings.label}: {note}" for source in sources for note in source.notes.lines())


def _is_meter(name: str, said: Meaning | None, ingests: Sequence[Ingest]) -> bool:
    """Whether a series is a counter by its source and not by the rules."""
    ruled = meaning_of(ingests, name)
    return said is not None and said.kind == "counter" and (ruled is None or ruled.kind != "counter")


class _Writer:
    """Writes readings with the tags that the rules give to their series.

    Args:
        store: store to write to.
        ingests: rules that name the live series.
    """

    def __init__(self, store: Store, ingests: Sequence[Ingest]) -> None:
        self._store, self._ingests, self._tagged = store, ingests, SeriesTable()

    def write(self, readings: Readings, series: SeriesTable) -> None:
        """Write readings whose indices are those of a table that only grows."""
        for name in series.names[len(self._tagged) :]:
            tags = (ingest.tags_of(name) for ingest in self._ingests)
            self._tagged.add(name, next((given for given in tags if given is not None), None))
        write_history(self._store, self._tagged, readings)


def _pass(
    store: Store, sources: Sequence[Source], span: tuple[int, int], series: SeriesTable, writer: _Writer | None
) -> _Tally:
    """Go through store and sources together.

    Args:
        store: store that may have some of it.
        sources: sources to copy.
        span: first and last time of the sources, ns UTC.
        series: table that the series of both are added to.
        writer: writer that takes what the store lacks; None: it is counted only.
    """
    tally, begin, end = _Tally(), span[0] // HOUR * HOUR, (span[1] // HOUR + 1) * HOUR
    known = read_readings(store, begin, end, series)
    fresh = join([source.readings(begin, end, series) for source in sources])
    for mine, theirs in aligned([known, fresh], HOUR):
        tally.series.update(np.unique(theirs.series).tolist())
        lacking = _lacking(mine, theirs, tally)
        tally.written += len(lacking)
        if writer is not None and len(lacking):
            writer.write(lacking, series)
    return tally


def _lacking(mine: Readings, theirs: Readings, tally: _Tally) -> Readings:
    """What the store lacks of the sources' readings of some whole hours.

    Args:
        mine: readings of the store.
        theirs: readings of the sources.
        tally: counts of the others.
    """
    moments, moment = np.unique(np.concatenate([mine.time, theirs.time]), return_inverse=True)
    pairs: Int64 = np.concatenate([mine.series, theirs.series]).astype(np.int64) * max(len(moments), 1) + moment
    mine_at, theirs_at = pairs[: len(mine)], pairs[len(mine) :]
    own = np.unique(hours(mine)[~np.isin(mine_at, theirs_at)])
    present, passed = np.isin(theirs_at, mine_at), np.isin(hours(theirs), own)
    tally.present += int(present.sum())
    tally.passed += int((passed & ~present).sum())
    return theirs.take(~present & ~passed)

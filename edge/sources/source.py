"""What a source of history gives, and the table of those that a device can read."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

from edge.clock.trust import AHEAD
from edge.contract.columns import Bool, Readings, SeriesTable
from edge.contract.meaning import GAUGE, Meaning
from edge.errors import ConfigurationError, GatecastError
from edge.messages.ingest import Ingest
from edge.sources.notes import Notes
from edge.sources.settings import INFLUX, SQLITE, HistorySource

CREATE = re.compile(r"create (bucket|database|bucket or database) '[^']*', (or )?")  # a source is never made


class Source(Protocol):
    """A database that is read in its own schema and never written.

    Args:
        settings: section of the configuration.
        notes: counts of what was left out so far, and why.
    """

    settings: HistorySource
    notes: Notes

    def span(self) -> tuple[int, int] | None:
        """Times of the first and the last row, ns UTC; None where there is none.

        Raises:
            StoreBusy: the database does not answer now.
            StoreDenied: the account, the address or the section of the configuration is wrong.
        """

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """Readings of `[start, stop)` ns in pages, in order of time.

        Series that are not in the table are added, with what the database says of them where nobody else says anything.

        Raises:
            StoreBusy: as `span`.
            StoreDenied: as `span`.
        """

    def close(self) -> None:
        """Close files and connections; the next use opens them again."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source that a device can read.

    Args:
        module: name of the module that has `open_settings`; it is imported only where such a source is used.
    """

    module: str


KINDS = {**dict.fromkeys(INFLUX, Kind("edge.sources.influx.source")), SQLITE: Kind("edge.sources.sqlite")}


def open_source(settings: HistorySource, ingests: Sequence[Ingest]) -> Source:
    """The source that a section names, as a device reads it; a file is opened, a server is not contacted yet.

    Args:
        settings: section of the configuration.
        ingests: rules that name the live series.

    Raises:
        ConfigurationError: a device cannot read such a source, or the section is wrong.
        StoreBusy: the file is locked.
        StoreDenied: the file cannot be used.
    """
    if settings.scheme not in KINDS:
        raise ConfigurationError(
            f"{settings.label} can be read by gatecast, but not on a device; windows are filled from [store] and the other "
            "sources; gatecast import --history copies this one to [store]"
        )
    opened: Source = import_module(KINDS[settings.scheme].module).open_settings(settings, ingests)
    return opened


def usable(readings: Readings, settings: HistorySource, notes: Notes, clock: Callable[[], int] = time.time_ns) -> Readings:
    """The readings that count, scaled; the others are noted.

    Args:
        readings: some rows.
        settings: section of the configuration, with scale and offset.
        notes: counts of what is left out.
        clock: function that gives the time, ns UTC.
    """
    future: Bool = readings.time > clock() + AHEAD
    early: Bool = ~readings.dated & ~future
    wrong: Bool = ~np.isfinite(readings.value) & ~future & ~early
    if not (future | early | wrong).any():
        return _scaled(readings, settings)
    for rows, reason in (
        (future, "readings with a time in the future, left out"),
        (early, "readings with a time before the year 2000, left out"),
        (wrong, "values that are NaN or infinite, left out"),
    ):
        if rows.any():
            first = int(np.argmax(rows))
            notes.add(reason, f"{readings.value[first]:g} at {np.datetime64(int(readings.time[first]), 'ns')}", int(rows.sum()))
    return _scaled(readings.take(~(future | early | wrong)), settings)


def _scaled(readings: Readings, settings: HistorySource) -> Readings:
    if settings.scale == 1 and settings.offset is None:
        return readings
    return Readings(readings.series, readings.time, readings.value * settings.scale + (settings.offset or 0.0))


def meaning_of(settings: HistorySource, unit: str | None = None, *, counter: bool = False) -> Meaning | None:
    """What a series of a source is; None where nobody says anything.

    Args:
        settings: section of the configuration, which has the last word.
        unit: unit that the database gives.
        counter: whether the database says that the series is a counter.
    """
    said = Meaning(settings.kind or ("counter" if counter else "gauge"), unit=settings.unit or unit or "")
    return None if said == GAUGE else said


def add_series(series: SeriesTable, name: str, meaning: Meaning | None) -> int:
    """Index of a series, which is added where it is not known; its meaning counts where the table knows none."""
    index = series.add(name)
    if series.meanings[index] is None:
        series.meanings[index] = meaning
    return index


def in_our_words(error: GatecastError) -> GatecastError:
    """The error of a client that a store has too, with the name of this section of the configuration."""
    words = CREATE.sub("", str(error)).replace("[store]", "[[history]]")
    return type(error)(words)

"""What there is in the store and in every source of `[[history]]`, and what a training would make of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from edge.config.sections import Config
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import GAUGE, Meaning
from edge.errors import GatecastError, HistoryError, StoreError
from edge.messages.ingest import Ingest
from edge.messages.reading import meaning_of
from edge.quoting import without_account
from edge.sources.names import comes_live
from edge.sources.source import Source
from edge.stores.store import Store, read_readings
from pipeline.history.cells import Workspace
from pipeline.history.checks import validate
from pipeline.history.from_store import History, read_history
from pipeline.sources.opening import open_one, rules_of
from pipeline.sources.spacings import Spacing, Spacings


@dataclass(frozen=True, slots=True)
class SurveyedSeries:
    """One series of one source.

    Args:
        name: name of the series.
        spacing: number, ends and distances of its readings.
        meaning: kind and unit, as the source says them.
        live: whether a rule of `[[ingest]]` gives such a name, as far as can be told.
        meter: whether the source says that it is a counter, and the rules say that it is not.
    """

    name: str
    spacing: Spacing
    meaning: Meaning
    live: bool
    meter: bool


@dataclass(frozen=True, slots=True)
class SurveyedSource:
    """The store, or one source.

    Args:
        label: name of the source, without an account.
        series: its series in order of their names.
        notes: a line for each kind of row that does not count.
        fault: reason for which it cannot be read; None where it can.
    """

    label: str
    series: tuple[SurveyedSeries, ...]
    notes: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """All sources, and what a training makes of them together.

    Args:
        sources: the store, then the sources in their order.
        contract: interval, window and horizon that a training would have; None where none can be told.
        problems: reason for which a series cannot be trained on, by its name; None where it can.
        fault: reason for which nothing can be trained on; None where something can.
    """

    sources: tuple[SurveyedSource, ...]
    contract: Contract | None
    problems: dict[str, str | None]
    fault: str | None

    @property
    def shared(self) -> list[str]:
        """Names of series that more than one source has."""
        count = Counter(series.name for source in self.sources for series in source.series)
        return sorted(name for name, times in count.items() if times > 1)


def survey(config: Config, workspace: Workspace) -> Survey:
    """Read everything once, source by source, and once more together, as a training does.

    Args:
        config: configuration that names store and sources.
        workspace: folder that a large table becomes a file in.

    Raises:
        ConfigurationError: a value of the configuration is out of range.
    """
    ingests = config.ingests()
    store = config.store.open()
    opened: list[Source] = []
    readable: list[Source] = []
    surveyed = [_surveyed(f"[store] {without_account(config.store.url)}", partial(_of_store, store), ingests)]
    try:
        for settings in config.history:
            try:
                source = open_one(settings, config)
                source.span()
            except GatecastError as error:
                surveyed.append(SurveyedSource(settings.label, (), fault=str(error)))
                continue
            opened.append(source)
            surveyed.append(_surveyed(settings.label, partial(_of_source, source), ingests, source))
            if surveyed[-1].fault is None:
                readable.append(source)
        return _judged(tuple(surveyed), partial(_together, store, config, workspace, readable))
    finally:
        store.close()
        for source in opened:
            source.close()


def _together(store: Store, config: Config, workspace: Workspace, sources: Sequence[Source]) -> History:
    return read_history(store, config.fleet, workspace, rules=rules_of(config), sources=sources)


def _judged(sources: tuple[SurveyedSource, ...], read: Callable[[], History]) -> Survey:
    """What a training makes of it: the same checks say so."""
    try:
        history = read()
    except (HistoryError, StoreError) as error:
        return Survey(sources, None, {}, str(error))
    report = validate(history.arrivals, history.table, history.contract)
    problems = {series.name: series.problem for series in report.series}
    fault = None if None in problems.values() else next(iter(problems.values()), "there are no readings")
    return Survey(sources, history.contract, problems, fault)


def _of_store(store: Store, series: SeriesTable) -> Iterator[Readings]:
    span = store.span()
    return iter(()) if span is None else read_readings(store, span[0], span[1] + 1, series)


def _of_source(source: Source, series: SeriesTable) -> Iterator[Readings]:
    span = source.span()
    return iter(()) if span is None else source.readings(span[0], span[1] + 1, series)


def _surveyed(
    label: str,
    pages: Callable[[SeriesTable], Iterator[Readings]],
    ingests: Sequence[Ingest],
    source: Source | None = None,
) -> SurveyedSource:
    """All series of a source.

    Args:
        label: name of the source.
        pages: function that gives its readings in order of time.
        ingests: rules that name the live series.
        source: the source, for its notes; None: it is the store.
    """
    table, spacings = SeriesTable(), Spacings()
    try:
        for page in pages(table):
            spacings.count(page)
    except GatecastError as error:
        return SurveyedSource(label, (), fault=str(error))
    series = tuple(
        _series(name, spacings.of(index), table.meanings[index], ingests)
        for name, index in sorted((name, index) for index, name in enumerate(table.names[: len(spacings)]))
    )
    return SurveyedSource(label, series, () if source is None else tuple(source.notes.lines()))


def _series(name: str, spacing: Spacing, said: Meaning | None, ingests: Sequence[Ingest]) -> SurveyedSeries:
    ruled = meaning_of(ingests, name)
    live = comes_live(ingests, name)
    meter = said is not None and said.kind == "counter" and ruled is not None and ruled.kind != "counter"
    return SurveyedSeries(name, spacing, said or ruled or GAUGE, live, meter)

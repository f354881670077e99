"""All sources of history of a configuration, opened for the trainer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from edge.config.sections import Config
from edge.config.training_sections import Fleet
from edge.messages.reading import meaning_of, plausible_of
from edge.sources.plausible import SeriesRules
from edge.sources.settings import PARQUET, HistorySource
from edge.sources.source import KINDS, Source, open_source
from pipeline.history.cells import Workspace
from pipeline.history.from_store import History, read_history
from pipeline.inputs.gathering import gather
from pipeline.sources.parquet import open_folder
from pipeline.sources.sql import open_server


def configured_history(config: Config, fleet: Fleet, workspace: Workspace, *, stop: int | None = None) -> History:
    """The history of the store, of `[[history]]` and of `[[input]]`, as `read_history`.

    Args:
        config: configuration that names both.
        fleet: interval, window and horizon as the user wants them.
        workspace: folder that a large table becomes a file in.
        stop: first moment that is left out, ns UTC; None: all readings are taken.
    """
    store = config.store.open()
    try:
        with opened_sources(config) as sources:
            history = read_history(store, fleet, workspace, stop=stop, rules=rules_of(config), sources=sources)
        gathered = gather(config.input, history.table.interval, stop, store)
    finally:
        store.close()
    return replace(history, table=replace(history.table, ahead=gathered.ahead), notes=(*history.notes, *gathered.notes))


def rules_of(config: Config) -> SeriesRules:
    """What the rules of `[[ingest]]` say of series by their names."""
    ingests = config.ingests()
    return SeriesRules(partial(meaning_of, ingests), partial(plausible_of, ingests))


@contextmanager
def opened_sources(config: Config) -> Iterator[list[Source]]:
    """The sources of `[[history]]` in their order; they are closed at the end.

    Raises:
        ConfigurationError: a section is wrong, or a package that it needs is not installed.
        StoreBusy: a database does not answer now.
        StoreDenied: a database refuses the account, or is not of the kind that the section says.
    """
    with ExitStack() as stack:
        sources = []
        for settings in config.history:
            source = open_one(settings, config)
            stack.callback(source.close)
            sources.append(source)
        yield sources


def open_one(settings: HistorySource, config: Config) -> Source:
    """One source; errors as of `opened_sources`."""
    ingests = config.ingests()
    if settings.scheme in KINDS:
        return open_source(settings, ingests)
    if settings.scheme == PARQUET:
        return open_folder(settings)
    return open_server(settings, ingests)

"""Windows filled with history, as fast as it is read."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from edge.agent.priming import Primer
from edge.contract.columns import Readings
from edge.log import Grumbler
from edge.messages.ingest import Ingest
from edge.messages.reading import Naming
from edge.priming.history import Rules
from edge.priming.reader import Origins
from edge.series.engine import Engine
from edge.series.state import State
from edge.sources.source import Source
from edge.stores.store import Store
from tests.support.servers import HANGS_AFTER


def fill(windows: State | Engine, pages: Iterable[Readings]) -> None:
    """Let all pages go into the windows."""
    with windows.filling() as add:
        for page in pages:
            add(page)


def same(source: Source) -> Source:
    """The source itself."""
    return source


def origins_of(
    store: Callable[[], Store], ingests: Sequence[Ingest] = (), sources: Sequence[Callable[[], Source]] = ()
) -> Origins:
    """Where history comes from, for rules of which no series is known."""
    return Origins(store, sources, Rules(ingests, lambda _: False))


def finish(primer: Primer, engine: Engine) -> None:
    """Go on until nothing is read any more."""
    end = time.monotonic() + HANGS_AFTER
    while primer.busy and time.monotonic() < end:
        primer.go_on(engine)
        time.sleep(0.001)
    assert not primer.busy


def prime(engine: Engine, store: Store, naming: Naming, latest: int, sources: Sequence[Source] = ()) -> list[str]:
    """Fill the windows of an engine from a store and sources; returns the lines of the log."""
    log: list[str] = []
    openers = [partial(same, source) for source in sources]
    primer = Primer(origins_of(lambda: store, naming.ingests, openers), naming, Grumbler(log.append))
    primer.begin(engine, latest)
    finish(primer, engine)
    return log

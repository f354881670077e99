"""What the last run knew: the series state comes back from the spool's snapshot and journal."""

import sqlite3
from collections.abc import Callable
from itertools import chain

import msgspec

from edge.agent.heartbeat import alive
from edge.series.engine import Engine
from edge.spool.spool import Spool


def restore(engine: Engine, spool: Spool, log: Callable[[str], None], beat: Callable[[], None]) -> tuple[bool, bool]:
    """Bring windows and waiting forecasts back.

    Args:
        engine: empty.
        spool: of the last run.
        log: called with one line where its state cannot be used.
        beat: called for each part: it may take minutes.

    Returns:
        Whether there were any for the grid of the live bundle, and whether they need a snapshot before the next batch,
        for they were made under other settings.
    """
    parts = alive(spool.snapshot(), beat)
    first = next(parts, None)
    known = first is not None
    try:
        if first is not None:
            engine.load(chain([first], parts))
        for entry in alive(spool.journal(), beat):
            engine.replay(entry)
            known = True
    except (msgspec.MsgspecError, sqlite3.Error, ValueError, StopIteration) as error:
        log(f"the state of the last run cannot be used: {error!r}")
        engine.restart()
        return False, False
    held, contract = engine.state.contract, engine.forecaster.contract
    before = engine.state, engine.scoring
    engine.settle()
    if (held.interval, held.aggregation) != (contract.interval, contract.aggregation) or not known:
        return False, False
    return True, (engine.state, engine.scoring) != before

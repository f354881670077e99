"""The history: whether store and `[[history]]` have enough for a training, and how the last one ended."""

import tempfile
import time
from contextlib import closing
from pathlib import Path

from edge.checks.finding import Finding, of_error, warning, wrong
from edge.config.sections import Config
from edge.contract.columns import SeriesTable
from edge.contract.schema import RETRAINING
from edge.contract.times import DAY, iso
from edge.errors import GatecastError, HistoryError
from edge.quoting import counted
from edge.stores.store import Store
from pipeline.history.cells import Workspace
from pipeline.history.from_store import needs_of
from pipeline.sources.survey import survey

BACK = 60 * DAY  # time in which the last training is looked for
LARGE = 1_000_000  # readings; to read more takes longer than a user waits for a look
START = "let the agent run, or bring history with gatecast import; gatecast history shows what is there"


def check_history(config: Config, large: int = LARGE) -> list[Finding]:
    """What a training would take: by reading all of it; of a large store by what it counts, and by its first readings.

    Args:
        config: configuration.
        large: number of readings from which on a store is large, where there is no `[[history]]`.
    """
    if not config.history:
        with closing(config.store.open()) as store:
            span = store.span()
            counts = {} if span is None else store.count_readings(span[0], span[1] + 1)
            if sum(counts.values()) >= large:
                return [_by_count(store, config, counts)]
    with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
        surveyed = survey(config, Workspace(Path(folder)))
    findings = [of_error("history", GatecastError(source.fault)) for source in surveyed.sources if source.fault is not None]
    if findings:
        return findings
    readings = sum(series.spacing.readings for source in surveyed.sources for series in source.series)
    names = {series.name for source in surveyed.sources for series in source.series}
    text = f"{counted(readings, 'reading')} of {len(names):,} series"
    if surveyed.contract is None or surveyed.fault is not None:
        fault, _, told = (surveyed.fault or "no interval can be told").partition("; ")
        return [warning("history", f"{text}; no training yet: {fault}", told or START)]
    usable = sum(problem is None for problem in surveyed.problems.values())
    told = f"{text}; a training takes {usable:,} of them: {surveyed.contract.words}"
    if not usable:
        return [warning("history", told, "gatecast history says of each series why not")]
    return [Finding("history", told)]


def _by_count(store: Store, config: Config, counts: dict[str, int]) -> Finding:
    """Whether a large store holds as much as a training needs."""
    text = f"{counted(sum(counts.values()), 'reading')} of {len(counts):,} series"
    try:
        needs = needs_of(store, config.fleet)
    except HistoryError as error:
        fault, _, told = str(error).partition("; ")
        return warning("history", f"{text}; no training yet: {fault}", told or START)
    held, needed = counted(needs.held // DAY, "day"), counted(-(-needs.needed // DAY), "day")
    if needs.held < needs.needed:
        return warning("history", f"{text}, {held}; no training yet: it needs {needed}", START)
    told = f"a training needs {needed}: {needs.contract.words}; gatecast history reads it all, and says which series it takes"
    return Finding("history", f"{text}, {held}; {told}")


def check_last_training(config: Config) -> list[Finding]:
    """When the last training ended, and whether it failed, as the store has it."""
    now = time.time_ns()
    last: tuple[int, bool, bool] | None = None
    with closing(config.store.open()) as store:
        for page in store.read(RETRAINING, ["failed", "released"], now - BACK, now + DAY, SeriesTable()):
            moments = zip(page.time.tolist(), page.fields["failed"], page.fields["released"], strict=True)
            for moment, failed, released in moments:
                if last is None or moment >= last[0]:
                    last = moment, failed == 1, released == 1
    if last is None:
        return [Finding("last training", "none within 60 days, as far as the store knows")]
    when = f"at {iso(last[0])}"
    if last[1]:
        advice = "see the dashboard Fleet or the store's rows of retraining for the reason, then: gatecast retrain"
        return [wrong("last training", f"it failed {when}", advice)]
    return [Finding("last training", f"it ended well {when}, and {'a bundle' if last[2] else 'nothing new'} was released")]

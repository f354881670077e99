"""What became of a run, as a row of the fleet's store: dashboards and alarms read it there."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from edge.config.sections import Config
from edge.contract.columns import Float64, Int64, Points, SeriesTable
from edge.contract.schema import RETRAINING
from edge.errors import ConfigurationError, HistoryTooShort, StoreError
from edge.quoting import first_line
from flows.output.retrained import Retrained, consequence

LONGEST_TEXT = 500  # characters of a text in a row


@dataclass(slots=True)
class Record:
    """A run under way.

    Args:
        fleet: name of the fleet.
        cause: reason of the run: `schedule`, `drift` or `manual`.
        released: whether what beats the champion goes out.
        result: result of the run; None while there is none, and where it ended early or failed.
        failure: reason why it failed, or None.
        began: time of a clock that is never set, seconds.
    """

    fleet: str
    cause: str
    released: bool
    result: Retrained | None = None
    failure: str | None = None
    began: float = field(default_factory=time.monotonic)

    def points(self, now: int) -> Points:
        """The row.

        Args:
            now: time of the row, ns UTC.
        """
        figures = {"seconds": time.monotonic() - self.began, **_figures(self.result)}
        numbers: dict[str, Float64 | Int64 | str] = {name: np.array([value], np.float64) for name, value in figures.items()}
        out = self.released and self.result is not None and self.result.release.goes_out is not None
        numbers |= {"failed": np.array([self.failure is not None], np.int64), "released": np.array([out], np.int64)}
        texts = {"cause": self.cause, **self._texts()}
        columns = numbers | {name: text[:LONGEST_TEXT] for name, text in texts.items()}
        fields = {known.name: columns[known.name] for known in RETRAINING.fields if known.name in columns}
        return Points(RETRAINING, np.zeros(1, np.int32), np.array([now]), fields)  # type: ignore[arg-type]

    def _texts(self) -> dict[str, str]:
        if self.result is None:
            return {"verdict": self.failure or ""}
        release = self.result.release
        texts = {"verdict": consequence(self.result, released=self.released), "challenger": release.candidate.manifest.version}
        return texts if release.champion is None else {**texts, "champion": release.champion}


@contextmanager
def recorded(config: Config, record: Record, say: Callable[[str], None]) -> Iterator[Record]:
    """Write the row when the run has ended, in whatever way; one that ended early has none.

    A store that does not take the row fails no run: there is a line.

    Args:
        config: configuration of the fleet.
        record: the run; its `result` is set by the caller.
        say: function that gets the line.
    """
    try:
        yield record
    except HistoryTooShort:
        raise  # no failure: there will be more
    except Exception as error:
        record.failure = first_line(error)
        raise
    finally:
        if record.result is not None or record.failure is not None:
            write_record(config, record, say)


def write_row(config: Config, points: Points, fleet: str) -> None:
    """Write a row of the trainer into the store of its fleet.

    Args:
        config: configuration of the fleet.
        points: the row, of a measurement whose owner is the fleet.
        fleet: name of the fleet.

    Raises:
        StoreError: the store is away, or does not take the row.
        ConfigurationError: the file of its token or of a certificate cannot be read.
    """
    store = config.store.open()
    try:
        store.write(store.encode([points], SeriesTable([fleet])))
    finally:
        store.close()


def write_record(config: Config, record: Record, say: Callable[[str], None], now: int | None = None) -> None:
    """Write the row of a run that is over; a store that does not take it is a line.

    Args:
        config: configuration of the fleet.
        record: the run.
        say: function that gets the line.
        now: time of the row, ns UTC; None: that of the clock.
    """
    try:
        write_row(config, record.points(time.time_ns() if now is None else now), record.fleet)
    except (StoreError, ConfigurationError) as error:  # also where the token's file is gone since the run began
        say(f"  the store did not take the row of this run, which is on no dashboard: {error}")


def _figures(result: Retrained | None) -> dict[str, float]:
    """Errors of champion, challenger and best baseline on the held-out part, and what the verdict says of the challenger."""
    if result is None:
        return {}
    judged, scale = result.release.chosen.trial, result.prepared.scale
    errors = {
        "challenger_error": judged.candidate.scaled_error(scale),
        "baseline_error": min(baseline.scaled_error(scale) for baseline in judged.baselines),
        "skill": judged.verdict.skill,
        "coverage": judged.verdict.coverage,
    }
    return errors if judged.champion is None else {**errors, "champion_error": judged.champion.scaled_error(scale)}

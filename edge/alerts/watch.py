"""One rule, with what it says of each series, what stands, and what turned out. No I/O."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from edge.alerts.crossing import NEVER
from edge.alerts.judging import Judging, Verdicts
from edge.alerts.reading import Chosen, reader_of, rounds
from edge.alerts.rule import AlertRule
from edge.alerts.standing import Limits, Record, Said, Standing
from edge.contract.columns import Bool, Forecasts, Int32
from edge.contract.contract import Contract

KNOWN = b"1"
Kept: TypeAlias = tuple[Record, tuple[int, int, int, int]]


class Watch:
    """One rule with what stands.

    Args:
        rule: the rule.
    """

    def __init__(self, rule: AlertRule) -> None:
        self.rule, self.standing = rule, Standing()
        self._reader = reader_of(rule)
        self._judging = Judging(rule)
        self._verdicts: list[Verdicts] = []
        self._takes = np.zeros(0, bool)
        self._is_known = False  # on disk

    def grow(self, names: Sequence[str]) -> None:
        """Make room for all series."""
        new = [self.rule.takes(name) for name in names[len(self._takes) :]]
        if new:
            self._takes = np.append(self._takes, np.asarray(new, bool))
        self.standing.grow(len(names))
        self._judging.grow(len(names))

    def look(self, forecasts: Sequence[Forecasts], contract: Contract) -> Iterable[tuple[Said, Bool, Bool, str]]:
        """What the forecasts say, who has turned, whose numbers are others, and what has forecast; in order of time."""
        rule = self.rule
        limits = Limits(rule.probability, rule.limit, rule.patience(contract))
        chosen = [Chosen(each, np.flatnonzero(self._takes[each.series])) for each in forecasts]
        chosen = [each for each in chosen if len(each.rows)]
        if not chosen:
            return
        said = self._reader.read(chosen, contract, self.standing.raised)
        number = np.repeat(np.arange(len(chosen)), [len(each.rows) for each in chosen])
        for rows in rounds(said.series, said.origin):
            some = said.take(rows)
            before = self.standing.raised[some.series]
            turned, changed = self.standing.step(some, limits, self._judging.lasts(some.series))
            if rule.condition != "leaves":  # what happened already is not predicted
                verdicts = self._judging.step(some, before, self.standing.raised[some.series], contract)
                self._verdicts += [verdicts] if len(verdicts) else []
            for model in np.unique(number[rows][turned | changed]).tolist():
                by = number[rows] == model
                yield some.take(by), turned[by], changed[by], chosen[model].forecasts.model

    def judged(self) -> list[Verdicts]:
        """What turned out since the last call."""
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    def lapse(self, series: Int32, interval: int) -> Said:
        """Clear the alert of series that have no forecasts any more; returns what is said of them.

        Args:
            series: index of each, int32 `[n]`.
            interval: length of an interval, ns; the row has the time of the first forecast that is missing.
        """
        standing = self.standing
        origin = np.where(standing.last[series] > 0, standing.last[series], standing.since[series]) + interval
        standing.clear(series)
        nothing = np.full(len(series), np.nan)
        crossing = np.full((len(series), 3), NEVER, np.int64)
        return Said(series, origin, nothing, crossing, np.zeros(len(series), bool), nothing, nothing, crossing[:, 0])

    def go_on(self, known: int) -> None:
        """An earlier run has had an eye on so many series."""
        self._is_known, self._judging.known = True, known

    def dump(self, *, whole: bool) -> dict[int | None, bytes]:
        """What a restart needs, by the index of the series; of None that the rule is known. Empty where nothing stands.

        Args:
            whole: whether to give everything, and not only what changed since the last call.
        """
        rows = self.standing.changed | self._judging.changed
        if whole:
            rows = set(np.flatnonzero((self.standing.since > 0) | self._judging.happens | (self._judging.warned > 0)).tolist())
        self.standing.changed.clear()
        self._judging.changed.clear()
        entries: dict[int | None, bytes] = {}
        if whole or not self._is_known:
            entries[None], self._is_known = KNOWN, True
        for row in sorted(rows):
            standing, judging = self.standing.record(row), self._judging.record(row)
            entries[row] = msgspec.msgpack.encode((standing, judging)) if any(standing) or any(judging) else b""
        return entries

    def load(self, row: int, data: bytes) -> None:
        """What `dump` gave of a series in an earlier run.

        Raises:
            ValueError: it is damaged.
        """
        try:
            standing, judging = msgspec.msgpack.decode(data, type=Kept)
        except msgspec.MsgspecError as error:
            raise ValueError(f"alert {self.rule.name}: {error}") from error
        self.standing.load(row, standing)
        self._judging.load(row, judging)


def stood(data: bytes) -> bool:
    """Whether an alert was raised by what `Watch.dump` gave of it."""
    try:
        kept: Kept = msgspec.msgpack.decode(data, type=Kept)
    except msgspec.MsgspecError:
        return False
    return kept[0][0] > 0

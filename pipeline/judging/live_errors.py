"""What the agents scored since a release, summed by block of days, series and lead; rows come in pages, sums stay."""

from collections.abc import Sequence

import numpy as np

from edge.contract.columns import ChosenSeries, Points
from edge.contract.contract import Contract
from edge.contract.schema import FORECAST_SCORE
from edge.series.scoring import default_leads
from edge.stores.store import Store
from pipeline.history.windows import block_length
from pipeline.judging.drift import Errors

ERRORS = ("absolute_error", "baseline_absolute_error")  # fields of a score: the model's, and the seasonal-naive one
MOST_LEADS = 8


def judged_leads(horizon: int, wanted: Sequence[int] = ()) -> tuple[int, ...]:
    """The leads that are looked at, at most `MOST_LEADS` of those that agents score.

    Args:
        horizon: number of intervals of a forecast.
        wanted: `[agent] leads`; empty: those that are scored by default.
    """
    leads = tuple(sorted({lead for lead in wanted if lead <= horizon})) or default_leads(horizon)
    steps = np.linspace(0, len(leads) - 1, min(len(leads), MOST_LEADS)).round().astype(int)
    return tuple(leads[step] for step in steps.tolist())


class LiveScores:
    """Sums of scores in blocks that end at a moment.

    Args:
        contract: contract of the live bundle.
        leads: leads that count, in order.
        series: number of series that count, the first ones of the table that `add` refers to.
        blocks: number of blocks.
        span: time at which the bundle went live, and end of the newest block, ns UTC; forecasts that were made earlier do not
            count.
    """

    def __init__(self, contract: Contract, leads: Sequence[int], series: int, blocks: int, span: tuple[int, int]) -> None:
        since, stop = span
        self._interval, self._leads, self._since = contract.interval, np.asarray(leads, np.int64), since
        self._blocks, self._length = blocks, block_length(contract)
        self.start, self.stop = max(stop - blocks * self._length, 0), stop
        self._sums = np.zeros((3, blocks, series, len(leads)))

    def add(self, points: Points) -> None:
        """Count a page of scores; one of another lead, of a time outside, or without both errors counts for nothing."""
        lead = np.zeros(len(points), np.int64) if points.lead is None else points.lead.astype(np.int64)
        model, naive = (np.asarray(points.fields[name], np.float64) for name in ERRORS)
        age = self.stop - 1 - points.time
        block = self._blocks - 1 - age // self._length
        origin = points.time - (lead - 1) * self._interval
        wanted = (age >= 0) & (block >= 0) & np.isin(lead, self._leads) & (origin >= self._since)
        wanted &= np.isfinite(model) & np.isfinite(naive)
        wanted &= points.series < self._sums.shape[2]
        cells = block[wanted], points.series[wanted], np.searchsorted(self._leads, lead[wanted])
        with np.errstate(over="ignore"):  # an infinite sum is large, and counts as no more than `MOST`
            for total, amount in zip(self._sums, (model, naive, np.ones(len(points))), strict=True):
                np.add.at(total, cells, amount[wanted])

    def errors(self) -> Errors:
        """The sums."""
        model, naive, count = self._sums
        return Errors(model, naive, count.astype(np.int64))


def read_scores(store: Store, scores: LiveScores, names: Sequence[str]) -> None:
    """Read the scores of the time that is looked at, page by page.

    Args:
        store: store of the fleet.
        scores: sums that they are added to.
        names: names of the series that count, in the order of the sums.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    series = ChosenSeries(store.name_of(name) for name in names)
    for page in store.read(FORECAST_SCORE, ERRORS, scores.start, scores.stop, series):
        scores.add(page)

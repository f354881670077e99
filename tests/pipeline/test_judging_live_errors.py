"""Scores of the store become sums: which ones count, and in which block."""

from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Float64, Int32, Int64, Points, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import FORECAST_SCORE
from edge.contract.times import DAY, SECOND
from edge.stores.sqlite import SqliteStore
from pipeline.judging.live_errors import MOST_LEADS, LiveScores, judged_leads, read_scores

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 48, 24)
NOW = 20_000 * DAY + 5 * HOUR


def scores(*rows: tuple[int, float, int, float, float]) -> Points:
    """Rows of series, hours before now, lead, error of the model and of the baseline."""
    series, hours, lead, model, naive = (np.array(column) for column in zip(*rows, strict=True))
    fields: dict[str, Float64 | Int64 | Int32 | str] = {
        "absolute_error": model.astype(np.float64),
        "baseline_absolute_error": naive.astype(np.float64),
    }
    time = NOW - (hours * HOUR).astype(np.int64)
    return Points(FORECAST_SCORE, series.astype(np.int32), time, fields, lead.astype(np.int32))


def live(since: int = 0) -> LiveScores:
    """Three days of two series at two leads."""
    return LiveScores(CONTRACT, (1, 6), 2, 3, (since, NOW))


def test_scores_are_summed_by_day_series_and_lead() -> None:
    """The newest block ends now; each of the others is a day before."""
    counted = live()
    counted.add(scores((0, 1, 1, 2.0, 3.0), (0, 24, 1, 4.0, 5.0), (1, 25, 6, 1.0, 1.0), (0, 72, 6, 7.0, 7.0)))
    counted.add(scores((0, 2, 1, 10.0, 20.0)))
    errors = counted.errors()
    assert errors.model[2, 0, 0] == 12 + 4
    assert errors.naive[2, 0, 0] == 23 + 5
    assert errors.count[2, 0, 0] == 3
    assert (errors.model[1, 1, 1], errors.model[0, 0, 1]) == (1.0, 7.0)
    assert errors.count.sum() == 5


def test_what_does_not_belong_counts_for_nothing() -> None:
    """Other leads, the future, the time before, unknown series, and rows that lack an error."""
    counted = live()
    rows = [(0, 1, 2, 1, 1), (0, 0, 1, 1, 1), (0, -5, 1, 1, 1), (0, 73, 1, 1, 1), (2, 1, 1, 1, 1)]
    counted.add(scores(*rows, (0, 1, 1, np.nan, 1), (0, 1, 1, 1, np.inf)))
    assert counted.errors().count.sum() == 0


def test_forecasts_that_were_made_before_the_release_do_not_count() -> None:
    """A score at lead 6 belongs to a forecast of five hours before its interval."""
    counted = live(since=NOW - 10 * HOUR)
    counted.add(scores((0, 5, 6, 1.0, 1.0), (0, 6, 6, 1.0, 1.0), (0, 10, 1, 1.0, 1.0), (0, 11, 1, 1.0, 1.0)))
    assert counted.errors().count.tolist() == [[[0, 0], [0, 0]], [[0, 0], [0, 0]], [[1, 1], [0, 0]]]


def test_series_of_the_store_are_found_by_their_names(tmp_path: Path) -> None:
    """Whatever order the store has them in; a series that the bundle does not know is left out."""
    store = SqliteStore(tmp_path / "store.db")
    store.write(store.encode([scores((0, 1, 1, 1.0, 1.0), (1, 1, 1, 2.0, 1.0), (2, 1, 1, 4.0, 1.0))], SeriesTable("xba")))
    counted = live()
    read_scores(store, counted, ["a", "b"])
    store.close()
    assert counted.errors().model[2, :, 0].tolist() == [4.0, 2.0]


@pytest.mark.parametrize(
    ("horizon", "wanted", "leads"),
    [
        (24, (), (1, 6, 12, 24)),
        (24, (6, 1, 99), (1, 6)),
        (24, (99,), (1, 6, 12, 24)),
        (96, tuple(range(1, 97)), (1, 15, 28, 42, 55, 69, 82, 96)),
    ],
)
def test_a_few_leads_are_looked_at(horizon: int, wanted: tuple[int, ...], leads: tuple[int, ...]) -> None:
    """Those that agents score, from the first to the last."""
    assert judged_leads(horizon, wanted) == leads
    assert len(leads) <= MOST_LEADS

"""A small store for the tests of the page: every number in it is written by hand."""

from pathlib import Path
from typing import Any

import numpy as np

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import (
    AGENT,
    ALERT,
    ANOMALY,
    FORECAST,
    FORECAST_SCORE,
    MEANING,
    READING,
    RETRAINING,
    RULE,
    Measurement,
)
from edge.contract.times import SECOND, UNITS
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store

HOUR = UNITS["h"]
NOW = 1_768_500_000 * SECOND  # 2026-01-15, 18:00 UTC
MODEL = "20260108T030000Z-gru-bbbbbbbb"
FREEZER, YARD, OLD = "cellar.freezer", "yard", "attic.<b>old</b>"
NAMES = (FREEZER, YARD, OLD)


def rows(
    measurement: Measurement,
    owners: list[int],
    hours: list[float],
    labels: dict[str, str] | None = None,
    **fields: Any,  # noqa: ANN401 - columns of any kind
) -> Points:
    """Rows so many hours after NOW."""
    time = np.asarray([NOW + round(hour * HOUR) for hour in hours], np.int64)
    lead = fields.pop("at_lead", None)
    columns = {name: value if isinstance(value, str) else np.asarray(value) for name, value in fields.items()}
    at_lead = None if lead is None else np.asarray(lead, np.int32)
    return Points(measurement, np.asarray(owners, np.int32), time, columns, at_lead, labels or {})


def page_store(path: Path, more: int = 0, reported: int = NOW) -> SqliteStore:
    """The store in a file; arguments as of `fill`."""
    store = SqliteStore(path)
    fill(store, more, reported)
    return store


def fill(store: Store, more: int = 0, reported: int = NOW) -> None:
    """Write two series with forecasts, one that has been silent for two days, an agent with trouble, an alert, a run.

    Args:
        store: store that is empty.
        more: number of further readings of the freezer, one a second from NOW on.
        reported: time of the newest report of the agent, ns UTC.
    """
    table = SeriesTable(NAMES)
    origins = np.full(3, NOW)
    points = [
        rows(READING, [0, 0, 0, 1, 2], [-2, -1, 0, 0, -48], value=[-20.0, -19.0, -18.5, 7.25, 1.0]),
        rows(MEANING, [0], [-10], unit="°C", kind="gauge", counter=[0]),
        rows(FORECAST, [0, 0, 0], [0, 1, 2], q10=[-20.0, -19.0, -18.0], q50=[-18.0, -16.5, -17.0], q90=[-17.0, -14.0, -13.0],
             origin=origins, model=MODEL, lead=[1, 2, 3]),
        rows(FORECAST, [1], [0], q10=[5.0], q50=[7.0], q90=[9.0], origin=[NOW], model="last value", lead=[1]),
        rows(FORECAST_SCORE, [0, 0, 0, 0, 1, 1], [-1, -1, -2, -2, -1, -2], absolute_error=[1.0, 2.0, 2.0, 3.0, 3.0, 3.0],
             baseline_absolute_error=[4.0, 4.0, 4.0, 4.0, 2.0, 2.0], covered=[1.0, 1.0, 1.0, 0.0, 0.0, 1.0],
             at_lead=[1, 2, 1, 2, 1, 1]),
        rows(ANOMALY, [0, 0], [-2, -1], value=[-20.0, -19.0], rarity=[30.0, 0.0], raised=[1, 0], turned=[1, 1]),
        rows(ALERT, [0], [-3], {RULE: "too warm"}, state=[0], probability=[0.1]),
        rows(ALERT, [0], [-1], {RULE: "too warm"}, state=[1], probability=[0.85], crossing=[(NOW + HOUR) // SECOND]),
    ]  # fmt: skip
    store.write(store.encode(points, table))
    ago = (reported - NOW) / HOUR
    agent = rows(AGENT, [0, 0], [ago - 1, ago], readings=[5, 9], readings_per_second=[1.0, 2.5], backlog=[0, 2048],
                 lag_seconds=[1.0, 0.25], microseconds_per_forecast=[50.0, 48.0], silent_series=[0, 1],
                 skipped_bad_json=[1, 3], too_late=[0, 7], fallback_forecasts=[0, 1200], model=MODEL)  # fmt: skip
    store.write(store.encode([agent], SeriesTable(["agent-1"])))
    run = rows(RETRAINING, [0], [-30], seconds=[312.0], failed=[0], released=[1], cause="schedule", challenger=MODEL,
               verdict="released: 12.1 % below the best baseline", skill=[0.121])  # fmt: skip
    store.write(store.encode([run], SeriesTable(["home"])))
    if more:
        seconds = [(number + 1) / 3600 for number in range(more)]
        store.write(store.encode([rows(READING, [0] * more, seconds, value=np.full(more, -11.0))], table))

"""The series of an agent that is measured, and the history that its store holds when it starts."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Points, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.stores.store import encode_blocks, open_store


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Args:
        series: number of series.
        contract: contract of the bundles.
        start: time of the first reading, ns UTC.
        history: number of intervals that the store holds at the start.
        published: number of intervals that come through the broker.
        clock: setting of `[agent]`.
    """

    series: int
    contract: Contract
    start: int
    history: int
    published: int
    clock: str

    @property
    def names(self) -> list[str]:
        """Names of the series."""
        return [f"device{number}.temperature" for number in range(self.series)]


def value_of(series: int, hour: int) -> Float64:
    """Readings of all series in that interval: a wave of 24 at a level of its own."""
    place = np.arange(series)
    values: Float64 = np.round(20 + place % 50 + 5 * np.sin(hour * np.pi / 12 + place), 3)
    return values


def write_history(url: str, plan: Plan) -> None:
    """Put the readings of the first intervals into a store."""
    store, table = open_store(url), SeriesTable(plan.names)
    owners = np.arange(plan.series, dtype=np.int32)
    for hour in range(plan.history):
        moment = np.full(plan.series, plan.start + hour * plan.contract.interval)
        for block in encode_blocks(store, [Points.of_readings(Readings(owners, moment, value_of(plan.series, hour)))], table):
            store.write(block)
    store.close()

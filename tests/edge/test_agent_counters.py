"""The agent's own row has one type for each field, whatever has been counted so far."""

import contextlib
import re
from collections.abc import Iterator

import pytest

from edge.agent.counters import row
from edge.agent.health import Health
from edge.contract.columns import SeriesTable
from edge.contract.times import SECOND
from edge.stores.influx import InfluxStore
from tests.support.servers import Influx

NOW = 1_768_478_400 * SECOND
TOTALS = (
    "messages", "readings", "forecasts", "fallback_forecasts", "forecast_seconds", "dropped_blocks", "refused_points",
    "skipped_bad_json", "late", "too_late", "duplicates", "scores", "swaps",
)  # fmt: skip
GAUGES = ("readings_per_second", "backlog_bytes", "lag_seconds")


def lives() -> Iterator[Health]:
    """Agents in every state: nothing counted, one number after the other, in both orders; whole numbers and others."""
    for names in (TOTALS + GAUGES, (TOTALS + GAUGES)[::-1]):
        health = Health(lambda: None)
        yield health
        for number, name in enumerate(names):
            if name in GAUGES:
                health.set(name, number)
            else:
                health.count(name, number)
            yield health
            if name in GAUGES:
                health.set(name, number + 0.5 if name != "backlog_bytes" else number + 1)
            else:
                health.count(name, 0.25 if name == "forecast_seconds" else 1)
            yield health


def encoded() -> list[bytes]:
    """The row of every state, one second after the other."""
    store, names = InfluxStore("http://127.0.0.1:1", "b"), SeriesTable(["gateway"])
    return [store.encode([row(health, "m", NOW + number * SECOND)], names) for number, health in enumerate(lives())]


def test_field_has_one_type_whatever_has_been_counted() -> None:
    """Whole numbers carry an i from the first row to the last; the others never do."""
    kinds: dict[str, set[bool]] = {}
    for line in encoded():
        for name, value in re.findall(r"[ ,](\w+)=([^\s,\"]+)", line.decode().replace(",agent=gateway", "")):
            kinds.setdefault(name, set()).add(value.endswith("i"))
    assert {name for name, kind in kinds.items() if kind == {True}} == {"readings", "backlog", "skipped", "late", "duplicates"}
    assert all(len(kind) == 1 for kind in kinds.values())
    assert len(kinds) == 10


@pytest.mark.servers
def test_one_influxdb_takes_the_row_before_and_after_each_counter(influx: Influx, bucket: str) -> None:
    """None of them is refused, and all are there."""
    blocks = encoded()
    with contextlib.closing(InfluxStore(influx.url, bucket, "gatecast", influx.token)) as store:
        for block in blocks:
            store.write(block)
    found = influx.query(bucket, "SELECT * FROM agent")
    assert len(found) == len(blocks)
    assert found[-1]["forecasts"] > 0

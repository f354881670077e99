"""Every number of the agent stands in one list, and its row in the store has one type for each field."""

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from edge.agent.counters import Counter, Counters, Gauge, Number, row, skipped, tally
from edge.contract.columns import Forecasts, Readings, Scores, SeriesTable
from edge.contract.schema import AGENT, MICROSECONDS, MODEL, RELEASED, Kind
from edge.contract.times import SECOND
from edge.errors import PayloadFault
from edge.forecaster.faults import KINDS
from edge.series.effect import Effect
from edge.series.entry import NO_FORECASTS, Entry
from edge.stores.influx import InfluxStore
from tests.support.servers import Influx

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NOW = 1_768_478_400 * SECOND
NUMBERS: tuple[Number, ...] = (*Counter, *Gauge)


def lives() -> Iterator[Counters]:
    """Agents in every state: nothing counted, one number after the other, in both orders; whole numbers and others."""
    for numbers in (NUMBERS, NUMBERS[::-1]):
        counters = Counters()
        yield counters
        for value, number in enumerate(numbers):
            for added in (0.0, 0.25 if number.unit.startswith("second") else 1.0):
                if isinstance(number, Gauge):
                    counters.set(number, value + added)
                elif isinstance(number, Counter):
                    counters.count(number, added)
                yield counters


def encoded() -> list[bytes]:
    """The row of every state, one second after the other."""
    store, names = InfluxStore("http://127.0.0.1:1", "b"), SeriesTable(["gateway"])
    return [store.encode([row(counters, "m", NOW + number * SECOND)], names) for number, counters in enumerate(lives())]


def test_total_is_the_sum_of_what_was_counted() -> None:
    """A counter that nothing was added to is 0 and does not appear among the totals; one to which 0 was added does."""
    counters = Counters()
    assert (counters.total(Counter.READINGS), counters.totals()) == (0, {})
    counters.count(Counter.READINGS, 5)
    counters.count(Counter.READINGS)
    counters.count(Counter.SWAPS, 0)
    assert counters.total(Counter.READINGS) == 6
    assert counters.totals() == {Counter.READINGS: 6, Counter.SWAPS: 0}


def test_gauge_is_what_was_said_last() -> None:
    """Before anything was said it is NaN, never 0."""
    counters = Counters()
    assert str(counters.gauge(Gauge.LAG_SECONDS)) == "nan"
    counters.set(Gauge.LAG_SECONDS, 2)
    counters.set(Gauge.LAG_SECONDS, 1)
    assert counters.gauge(Gauge.LAG_SECONDS) == 1
    assert counters.gauges() == {Gauge.LAG_SECONDS: 1}


def test_numbers_are_kept_across_threads() -> None:
    """No increment is lost."""
    counters = Counters()

    def work() -> None:
        for _ in range(2000):
            counters.count(Counter.READINGS)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.total(Counter.READINGS) == 8000


def forecasts(count: int, model: str) -> Forecasts:
    """So many forecasts of one lead by a model."""
    return Forecasts(np.zeros(count, np.int32), np.zeros(count, np.int64), np.zeros((count, 1, 1), np.float32), model)


def test_each_number_of_a_batch_is_counted_in_its_own_counter() -> None:
    """None stays behind, and none is taken for another; a score that is not a number adds nothing to the errors."""
    entry = Entry(Readings.empty(), None, NO_FORECASTS)
    errors, whole = np.array([1.0, -2.0, np.nan]), np.zeros(3, np.int64)
    scores = Scores(whole.astype(np.int32), whole, whole.astype(np.int32), errors, np.abs(errors), errors, errors, errors + 10)
    made, broken = [forecasts(11, "live"), forecasts(13, "last_value")], np.zeros(2, np.int32)
    of_ten = np.arange(10)
    fates = of_ten >= 3, 5, of_ten < 7
    effect = Effect([], entry, made, scores, *fates, broken={"crossed": broken}, seconds=0.5, outliers=9, jumped=broken)
    counters = Counters()
    for _ in range(2):
        tally(counters, effect, "live")
    assert counters.totals() == {
        Counter.DUPLICATES: 6,
        Counter.LATE: 10,
        Counter.TOO_LATE: 14,
        Counter.FORECASTS: 22,
        Counter.FALLBACK_FORECASTS: 26,
        Counter.CROSSED: 4,
        Counter.FORECAST_SECONDS: 1,
        Counter.OUTLIERS: 18,
        Counter.JUMPS: 4,
        Counter.SCORES: 6,
        Counter.ABSOLUTE_ERROR: 6,
        Counter.BASELINE_ABSOLUTE_ERROR: 38,
    }


def test_every_reason_to_skip_a_message_has_its_counter_and_no_counter_lacks_a_reason() -> None:
    """A message that is skipped for any of them is counted once in the row."""
    counters = {skipped(fault) for fault in get_args(PayloadFault)}
    assert counters == {counter for counter in Counter if counter.title.startswith("skipped_")}
    assert all(counter.has_own for counter in counters)
    assert {counter for counter in Counter if "skipped" in counter.fields} == {Counter.MESSAGES_SKIPPED}


def test_every_kind_of_broken_forecast_has_its_counter() -> None:
    """Its name is that of the kind."""
    assert [Counter[kind.upper()].title for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.title)
def test_number_says_what_it_is_and_in_which_unit(number: Number) -> None:
    """Prometheus takes its name; no two of them are alike."""
    assert re.fullmatch(r"gatecast_[a-z]+(_[a-z]+)*", number.metric)
    assert number.metric.endswith("_total") == isinstance(number, Counter)
    assert len(number.text) > 15
    assert number.unit
    assert [other.text for other in NUMBERS].count(number.text) == 1


def test_operations_page_speaks_of_numbers_that_exist() -> None:
    """Every `gatecast_` name in the documentation is one of the page; `…` stands for any letters."""
    names = re.findall(r"`(gatecast_[a-z_…]+)`", OPERATIONS.read_text("utf-8"))
    assert len(names) > 10
    for name in names:
        pattern = name.replace("…", "[a-z_]+")
        assert any(re.fullmatch(pattern, number.metric) for number in NUMBERS), name


def test_every_field_of_the_row_is_filled_by_some_number() -> None:
    """And no number is added to a field that the store does not know; only the time per forecast is no sum."""
    own = {number.title for number in NUMBERS if number.has_own}
    filled = {field for number in NUMBERS for field in number.fields}
    assert not own & filled
    assert own | filled == {field.name for field in AGENT.fields} - {MICROSECONDS.name, MODEL.name, RELEASED.name}
    *_, last = lives()  # an agent that has counted everything has every field
    assert list(row(last, "m", NOW).fields) == [field.name for field in AGENT.fields if field is not RELEASED]


def test_row_of_an_agent_without_trouble_is_short() -> None:
    """What a counter has for itself is left out until it has counted; a number of silent series is there, 0 as well."""
    counters = Counters()
    counters.count(Counter.SKIPPED_BAD_JSON, 0)
    counters.set(Gauge.SILENT_SERIES, 0)
    fields = set(row(counters, "m", NOW).fields)
    assert not fields & {counter.title for counter in Counter if counter.has_own}
    assert "silent_series" in fields
    counters.count(Counter.SKIPPED_BAD_JSON)
    counters.count(Counter.DROPPED_BLOCKS, 2)
    told = row(counters, "m", NOW).fields
    assert [told[name] for name in ("skipped_bad_json", "dropped_blocks", "dropped")] == [[1], [2], [2]]
    assert set(told) - fields == {"skipped_bad_json", "dropped_blocks"}


def test_row_adds_up_the_numbers_of_a_field() -> None:
    """What is dropped or refused is lost to the store either way; forecasts count whoever made them."""
    counters = Counters()
    for number, counter in enumerate(Counter):
        counters.count(counter, 2**number)
    fields = row(counters, "m", NOW).fields
    for field in ("dropped", "forecasts", "late", "skipped", "readings", "duplicates"):
        expected = sum(2**number for number, counter in enumerate(Counter) if field in counter.fields)
        assert fields[field] == [expected], field
    for number, counter in enumerate(Counter):
        assert not counter.has_own or fields[counter.title] == [2**number], counter
    assert fields["microseconds_per_forecast"] == [
        1e6 * counters.total(Counter.FORECAST_SECONDS) / counters.total(Counter.FORECASTS)
    ]


def test_field_has_one_type_whatever_has_been_counted() -> None:
    """Whole numbers carry an i from the first row to the last; the others never do."""
    kinds: dict[str, set[bool]] = {}
    for line in encoded():
        for name, value in re.findall(r"[ ,](\w+)=([^\s,\"]+)", line.decode().replace(",agent=gateway", "")):
            kinds.setdefault(name, set()).add(value.endswith("i"))
    assert kinds == {field.name: {field.kind is Kind.WHOLE} for field in AGENT.fields if field.kind is not Kind.TEXT}


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

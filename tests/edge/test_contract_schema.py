"""Measurements, tags and fields stand in one place, and everything that is stored follows it."""

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.agent.counters import Counters, row
from edge.contract.columns import Points, Readings, Scores, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import (
    AGENT,
    ALERT,
    ALERT_SCORE,
    ANOMALY,
    DRIFT,
    FORECAST_SCORE,
    INPUT,
    MEANING,
    MEASUREMENTS,
    READING,
    RESERVED,
    RETRAINING,
    Kind,
    Measurement,
)
from edge.contract.times import SECOND
from edge.errors import ConfigurationError, PayloadFault
from edge.forecaster.baselines import baselines
from edge.series.engine import Engine
from edge.series.outlook import Leads
from tests.support.ingests import ingest

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
SAFE = r"[a-z][a-z0-9_]*"

levels = st.sets(st.integers(1, 999).map(lambda number: number / 1000), max_size=4).map(
    lambda found: tuple(sorted({*found, *(round(1 - level, 3) for level in found), 0.5}))
)


def fields_of(measurement: Measurement, contract: Contract) -> list[str]:
    """The fields of a row in their order."""
    return [*(contract.quantile_names if measurement.quantiles else []), *(field.name for field in measurement.fields)]


@settings(max_examples=20, deadline=None)
@given(levels, st.integers(1, 5))
def test_everything_the_engine_makes_has_the_fields_of_its_measurement(quantiles: tuple[float, ...], lead: int) -> None:
    """Under any quantiles: no field is missing, none beside, and the lead is a tag where the schema says so."""
    contract = Contract(interval=60 * SECOND, window=6, horizon=5, quantiles=quantiles)
    engine = Engine(baselines(contract)[0], ["a"], SeriesTable(["a", "b"]), leads=Leads((lead,)))
    number = np.arange(40)
    points = engine.step(Readings.of(number % 2, number // 2 * contract.interval, number)).points  # type: ignore[arg-type]
    others = {AGENT, ALERT, ALERT_SCORE, ANOMALY, INPUT, MEANING, RETRAINING, DRIFT}
    assert {part.measurement for part in points} == set(MEASUREMENTS) - others
    for part in points:
        assert list(part.fields) == fields_of(part.measurement, contract), part.measurement.name
        assert (part.lead is not None) == part.measurement.by_lead
        assert (part.measurement.tags[-1] == "lead") == part.measurement.by_lead


def test_texts_are_texts_and_numbers_are_numbers() -> None:
    """A column has the kind that the schema gives its field."""
    (part,) = [row(Counters(), "m", 1)]
    for field in part.measurement.fields:
        if field.name in part.fields:
            assert isinstance(part.fields[field.name], str) == (field.kind is Kind.TEXT), field.name


def test_rows_of_readings_are_readings_again() -> None:
    """Columns become rows and rows become columns."""
    readings = Readings.of([1, 0], [5, 6], [1.5, 2.5])
    again = Points.of_readings(readings).readings()
    assert [again.series.tolist(), again.time.tolist(), again.value.tolist()] == [[1, 0], [5, 6], [1.5, 2.5]]


def test_every_column_of_a_score_is_a_field() -> None:
    """Beside those that are its identity."""
    assert set(Scores.__slots__) == {"series", "target", "lead"} | {field.name for field in FORECAST_SCORE.fields}


def test_type_of_a_field_is_what_stores_in_use_hold() -> None:
    """Another type would be refused by every bucket that has a row; `dropped` and `forecasts` are floats there."""
    kinds = {(rows.name, field.name): field.kind for rows in MEASUREMENTS for field in rows.fields}
    whole = {key for key, kind in kinds.items() if kind is Kind.WHOLE}
    assert whole == {
        ("forecast", "origin"),
        ("forecast", "lead"),
        ("forecast_lead", "origin"),
        ("series", "counter"),
        ("input", "issued"),
        *(("alert_score", name) for name in ("hit", "miss", "false_alarm")),
        ("alert", "state"),
        ("alert", "turned"),
        ("alert", "crossing"),
        ("alert", "crossing_earliest"),
        ("alert", "crossing_latest"),
        ("anomaly", "raised"),
        ("anomaly", "turned"),
        ("agent", "readings"),
        ("agent", "backlog"),
        ("agent", "skipped"),
        ("agent", "late"),
        ("agent", "duplicates"),
        ("agent", "silent_series"),
        *(("agent", f"skipped_{fault}") for fault in get_args(PayloadFault)),
        ("agent", "dropped_blocks"),
        ("agent", "damaged_blocks"),
        ("agent", "refused_points"),
        ("agent", "too_late"),
        ("agent", "stored_only"),
        ("agent", "fallback_forecasts"),
        ("retraining", "failed"),
        ("retraining", "released"),
        ("drift", "drifted"),
        ("drift", "raised"),
        ("drift", "judged_series"),
    }
    names = {field for _, field in whole}
    assert {(rows.name, name) for rows in MEASUREMENTS for name in names if rows.is_whole(name)} == whole


@pytest.mark.parametrize("measurement", MEASUREMENTS, ids=lambda measurement: measurement.name)
def test_names_are_safe_in_every_store_and_said_once(measurement: Measurement) -> None:
    """No two fields and tags of a row share a name, every field says what it is, and no measurement is called like another."""
    names = [field.name for field in measurement.fields]
    assert all(re.fullmatch(SAFE, name) for name in [measurement.name, *measurement.tags, *names])
    assert not {*names, "time"} & set(measurement.tags)
    assert len(set(names)) == len(names)
    assert not any(re.fullmatch(r"q\d.*", name) for name in names)
    assert all(field.text for field in measurement.fields)
    assert [other.name for other in MEASUREMENTS].count(measurement.name) == 1


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_tag_of_a_series_cannot_have_one_of_our_names(name: str) -> None:
    """It would stand twice in a row."""
    with pytest.raises(ConfigurationError, match="is a name of ours"):
        ingest(f"sensors/{{{name}}}")


def test_readings_alone_carry_the_tags_of_their_series() -> None:
    """The identity of a reading is its series; the tags describe it."""
    assert [measurement for measurement in MEASUREMENTS if measurement.described] == [READING]


def test_architecture_page_lists_every_measurement_with_its_fields() -> None:
    """And none that there is not."""
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (.*) \|$", ARCHITECTURE.read_text("utf-8"), re.MULTILINE)
    told = {name: (tags.split(", "), set(re.findall(r"`(\w+)`", text))) for name, tags, text in rows}
    known = {measurement.name: measurement for measurement in MEASUREMENTS}
    assert told.keys() == known.keys()
    for name, (tags, fields) in told.items():
        assert tags[:-1] == list(known[name].tags), name
        expected = {field.name for field in known[name].fields}
        assert fields - set(Contract(1, 1, 1).quantile_names) in (expected, set()), name

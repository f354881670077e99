"""A look at the live error: which bundle, since when, which scores, and whether a retraining was asked for lately."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("prefect")

from edge.config.reading import read_config
from edge.config.sections import Config
from edge.contract.columns import Float64, Int32, Int64, Points, SeriesTable
from edge.contract.schema import FORECAST_SCORE
from edge.contract.times import DAY, SECOND
from edge.errors import StoreBusy
from edge.forecaster.bundle import Bundle
from edge.stores.sqlite import SqliteStore
from flows.monitoring.watching import watched, write_look
from pipeline.judging.drift import Expected, packed
from pipeline.release.registry import Registry
from tests.support import tiny
from tests.support.agent_process import baseline_bundle
from tests.support.commands import write_fleet

pytestmark = pytest.mark.training

RELEASED = 20_000 * DAY
NOW = RELEASED + 10 * DAY
LEADS = (1, 7)
HOUR = 3600 * SECOND


def bundle() -> Bundle:
    """A tiny network that promises errors of 1, half of the seasonal-naive ones."""
    made = tiny.bundle_of(b"live")
    shape = (len(made.manifest.series), len(LEADS))
    promised = Expected(np.zeros(shape), np.full(shape, np.log(2.0)))
    return Bundle(msgspec.structs.replace(made.manifest, backtest=packed(promised, LEADS)), made.model)


def publish(folder: Path, live: Bundle) -> None:
    """Release it at a moment in the past."""
    registry = Registry(folder / "registry", now=lambda: datetime.fromtimestamp(RELEASED / SECOND, UTC))
    registry.add(live)
    registry.promote(live.manifest.version)


def score(folder: Path, error: float, *, start: int = RELEASED, stop: int = NOW) -> None:
    """Scores of every hour; beside them those of a series that the bundle does not know."""
    names = [*tiny.SERIES, "stranger"]
    time = np.arange(start, stop, HOUR)
    random = np.random.default_rng(4)
    points = []
    for lead in LEADS:
        series = np.repeat(np.arange(len(names), dtype=np.int32), len(time))
        size = error * np.exp(random.normal(0, 0.1, len(series)))
        fields: dict[str, Float64 | Int64 | Int32 | str] = {
            "absolute_error": np.asarray(size, np.float64),
            "baseline_absolute_error": np.full(len(series), 2.0),
        }
        points.append(Points(FORECAST_SCORE, series, np.tile(time, len(names)), fields, np.full(len(series), lead, np.int32)))
    store = SqliteStore(folder / "store.db")
    store.write(store.encode(points, SeriesTable(names)))
    store.close()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A fleet with a store and a registry of its own."""
    return read_config(write_fleet(tmp_path))


def test_errors_as_promised_ask_for_nothing(config: Config, tmp_path: Path) -> None:
    """The look says what it rests on."""
    publish(tmp_path, bundle())
    score(tmp_path, 1.0)
    seen = watched(config, "mill", NOW)
    assert (seen.problem, seen.drifted, seen.asks, seen.since) == (None, False, False, RELEASED)
    assert seen.look is not None
    assert (seen.look.series, seen.look.blocks, seen.look.leads) == (3, 7, LEADS)


def test_errors_twice_as_large_ask_for_a_retraining_once_in_a_cooldown(config: Config, tmp_path: Path) -> None:
    """The store remembers it, so that a restart of everything changes nothing; another fleet's look does not count."""
    publish(tmp_path, bundle())
    score(tmp_path, 2.0)
    seen = watched(config, "mill", NOW)
    assert (seen.drifted, seen.asks, seen.rests_until) == (True, True, 0)
    write_look(config, replace(seen, fleet="other", raised=True))
    assert watched(config, "mill", NOW + HOUR).asks
    write_look(config, seen)  # nothing was started
    assert watched(config, "mill", NOW + HOUR).asks
    write_look(config, replace(seen, raised=True))
    later = watched(config, "mill", NOW + DAY)
    assert (later.drifted, later.asks, later.rests_until) == (True, False, NOW + 7 * DAY)
    score(tmp_path, 2.0, start=NOW, stop=NOW + 8 * DAY)
    assert watched(config, "mill", NOW + 7 * DAY + 1).asks


def test_a_clock_that_is_set_back_does_not_end_the_cooldown(config: Config, tmp_path: Path) -> None:
    """The look that started a retraining lies ahead then; what lies further ahead than a cooldown is no look of ours."""
    publish(tmp_path, bundle())
    score(tmp_path, 2.0)
    seen = watched(config, "mill", NOW)
    write_look(config, replace(seen, raised=True, time=NOW + 30 * DAY))
    assert watched(config, "mill", NOW).asks
    write_look(config, replace(seen, raised=True, time=NOW + HOUR))
    later = watched(config, "mill", NOW)
    assert (later.drifted, later.asks, later.rests_until) == (True, False, NOW + HOUR + 7 * DAY)


def test_scores_of_the_model_before_do_not_count(config: Config, tmp_path: Path) -> None:
    """However bad it was: a retraining has replaced it."""
    publish(tmp_path, bundle())
    score(tmp_path, 9.0, start=RELEASED - 10 * DAY, stop=RELEASED)
    assert watched(config, "mill", RELEASED + HOUR).problem == (
        "scores of 0 days are there, or of as many horizons, and 4 are needed"
    )


def _nothing(_folder: Path) -> None:
    """No registry."""


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (_nothing, "nothing is released yet: gatecast retrain makes a bundle"),
        (lambda folder: publish(folder, baseline_bundle()), "a baseline is live (last_value), which does not age"),
        (lambda folder: publish(folder, tiny.bundle_of(b"old")), "does not say which errors to expect"),
        (lambda folder: publish(folder, bundle()), "scores of 0 days are there"),
    ],
    ids=["nothing live", "baseline", "older bundle", "no scores"],
)
def test_where_nothing_can_be_compared_it_says_why(
    prepare: Callable[[Path], None], problem: str, config: Config, tmp_path: Path
) -> None:
    """It is no failure, and no row."""
    prepare(tmp_path)
    seen = watched(config, "mill", NOW)
    assert seen.problem is not None
    assert problem in seen.problem
    assert not seen.asks
    write_look(config, seen)
    assert not (tmp_path / "store.db").exists()


@pytest.mark.parametrize("changed", ["2099-01-01T00:00:00Z", "2262-04-11T00:00:00Z", "yesterday", ""])
def test_a_release_of_a_time_that_has_not_come_is_said(changed: str, config: Config, tmp_path: Path) -> None:
    """A trainer's clock was ahead, or the document was changed by hand: no score can be of a forecast made since then."""
    publish(tmp_path, bundle())
    score(tmp_path, 2.0)
    document = tmp_path / "registry" / "channels" / "live.json"
    content = msgspec.json.decode(document.read_bytes())
    document.write_bytes(msgspec.json.encode({**content, "changed": changed}))
    seen = watched(config, "mill", NOW)
    assert seen.problem is not None
    assert f"was changed at {changed!r}" in seen.problem
    assert str(document) in seen.problem
    assert not seen.asks


def test_a_store_that_is_away_is_said(tmp_path: Path) -> None:
    """The look fails, and the next one is the next chance."""
    path = write_fleet(tmp_path)
    path.write_text(path.read_text().replace(f"sqlite:///{tmp_path / 'store.db'}", "influxdb://127.0.0.1:9/nowhere"))
    publish(tmp_path, bundle())
    with pytest.raises(StoreBusy):
        watched(read_config(path), "mill", NOW)

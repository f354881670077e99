"""Tables, model card and picture of a release say what history, verdict and manifest say."""

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.contract.times import SECOND
from edge.forecaster.baselines import Baseline
from edge.forecaster.manifest import Check, Manifest, Metric, ModelFile, Outcome, Training, version_of
from pipeline.history.prepared import Prepared, prepare
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts
from pipeline.judging.trial import trial
from pipeline.judging.verdict import Cost
from pipeline.release.candidates import Candidate
from pipeline.release.decision import Judged, Release, metrics_of
from pipeline.release.instead import Simple, baseline_bundle
from pipeline.report.report import model_card, plot_png, validation_grid, validation_table
from pipeline.training.settings import Record

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 72, 24)
PNG = b"\x89PNG\r\n\x1a\n"


def history() -> Prepared:
    """Three weeks of a noisy daily cycle, a second series with a hole, and one that cannot be trained on."""
    hours, random = np.arange(504), np.random.default_rng(3)
    value = 20 + 5 * np.sin(hours / 24 * 2 * np.pi) + random.normal(0, 1, 504)
    rows = np.concatenate([np.stack([hours * 0 + series, hours, value + series]) for series in range(3)], axis=1)
    rows = rows[:, ~((rows[0] == 1) & (rows[1] > 200) & (rows[1] < 220))]
    rows[2, rows[0] == 2] = 7.0
    readings = Readings(rows[0].astype(np.int32), rows[1].astype(np.int64) * HOUR, rows[2])
    return prepare(SeriesTable(["<hall>|a", "b", "stuck"]), readings, CONTRACT)


def released(prepared: Prepared) -> Release:
    """A baseline in the place of the candidate, another one in the champion's."""
    names, part = prepared.table.names, prepared.split.held_out
    chosen = Baseline("mean_of_3_days", CONTRACT, 24, 3)
    champion = contender(Baseline("last_value", CONTRACT), names)
    found = trial(contender(chosen, names), champion, Facts(prepared.table, CONTRACT, part))
    bundle, cost = baseline_bundle(prepared, Simple(chosen.name, {}), metrics_of(found, prepared.scale)), Cost(3.25, 1000)
    judged = Judged(Candidate(bundle, Record(1.5, 3, 2, (), (), 12_345, 9), 0.0, found.candidate), cost, found)
    return Release(bundle, judged, (judged,), None)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """As `history`."""
    return history()


@pytest.fixture(scope="module")
def release(prepared: Prepared) -> Release:
    """As `released`."""
    return released(prepared)


def test_validation_lists_every_series_with_its_problem(prepared: Prepared) -> None:
    """Also the series that was left out, with the reason, and lengths of time in words."""
    rows = validation_grid(prepared.report).rows
    assert [row[0] for row in rows] == ["<hall>|a", "b", "stuck"]
    assert [row[6] for row in rows] == ["–", "19h", "–"]  # noqa: RUF001
    assert "never changes" in rows[2][-1]
    assert validation_table(prepared.report).count("\n") == 5


def test_model_card_says_what_the_manifest_says(release: Release) -> None:
    """A baseline bundle is named as one; a network with its file, its data and its errors beside the others'."""
    card = model_card(release.candidate.manifest)
    assert "the baseline mean_of_3_days: no network was better" in card
    assert re.search(r"\| last_value \|( [\d.]+ \|){4}", card)
    version = version_of(datetime.fromisoformat("2026-11-22T00:00:00Z"), "gru", b"x")
    manifest = Manifest(
        version,
        CONTRACT,
        ["a", "meter", "hall"],
        "2026-11-22T00:00:00Z",
        "0.1.0",
        meanings={"meter": Meaning("counter", 6 * HOUR, "kWh"), "hall": Meaning(unit="°C")},
        schema=2,
        model=ModelFile("0" * 64, 1000, "gru", "segment", 64, 29_000, "ai-edge-litert 2.3.0"),
        training=Training(0, 504 * HOUR, 504, 18.04, 10, 1, "feed", weights={"linear": (0.05, 0.2)}),
        metrics=[Metric(version, [0.5, *[None] * 23], coverage=0.8)],
        checks=[Check("skill", Outcome.PASSED, "5% below"), Check("coverage", Outcome.NOT_JUDGED, "80% of the facts")],
    )
    card = model_card(manifest)
    for words in (
        "gru, segment, 64 units, 29,000 parameters",
        "10 epochs, 18.0 s, seed 1",
        "| share of linear | 20% of the median, the mean over the series; 5% for unknown ones |",
        "72 intervals (3d)",
        "80.0 %",
        "`a`, `meter` (kWh, counter, held for 6h), `hall` (°C)",
        "## Mean absolute error on held-out readings, in standard deviations of each series",
        "| skill | passed | 5% below |",
        "| coverage | not judged | 80% of the facts |",
    ):
        assert words in card


def test_pictures_are_written_whole(prepared: Prepared, release: Release, tmp_path: Path) -> None:
    """The file is a PNG, and nothing else is left in its folder."""
    plot_png(prepared, release, tmp_path / "plots" / "forecast.png")
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["forecast.png"]
    assert (tmp_path / "plots" / "forecast.png").read_bytes().startswith(PNG)

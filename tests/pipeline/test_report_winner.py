"""The verdict in sentences: which network, by how much, which check decided, and what to do where none went out."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Cell, Check, Outcome
from pipeline.judging.evaluation import skills_against
from pipeline.judging.metrics import mean_skill
from pipeline.release.decision import Judged, Release
from pipeline.report.page import percent
from pipeline.report.winner import ADVICE, below, title_of, winner
from tests.pipeline.test_report_report import history, released
from tests.support.tiny import bundle_of

PREPARED = history()
PASSED = (
    Check("gain", Outcome.PASSED, "14.0% below is expected from now on"),
    Check("size", Outcome.PASSED, "model of 9 bytes"),
    Check("coverage", Outcome.NOT_JUDGED, "82% of the facts"),
)


def network(judged: Judged, cell: Cell, error: float) -> Judged:
    """The same candidate as a network of this kind, with an error that is so many times as large on the validation part."""
    plain = bundle_of(b"x")
    assert plain.manifest.model is not None
    file = msgspec.structs.replace(plain.manifest.model, cell=cell)
    bundle = Bundle(msgspec.structs.replace(plain.manifest, model=file), plain.model)
    validation = replace(judged.candidate.validation, absolute_error=judged.candidate.validation.absolute_error * error)
    return replace(judged, candidate=replace(judged.candidate, bundle=bundle, validation=validation))


def release_of(*checks: Check, champion: str | None = None) -> Release:
    """Three networks, of which the LSTM was chosen, and these checks of its verdict."""
    plain = released(PREPARED)
    verdict = replace(plain.chosen.trial.verdict, checks=checks, champion_skill=0.02 if champion else None)
    judged = replace(plain.chosen, trial=replace(plain.chosen.trial, verdict=verdict))
    chosen = network(judged, "lstm", 0.9)
    others = (network(judged, "gru", 1.0), chosen, network(judged, "simplernn", 1.8))
    return replace(plain, chosen=chosen, judged=others, champion=champion)


def test_the_winner_is_named_with_its_distance_to_everything_else() -> None:
    """To the simple forecasts, the seasonal-naive one and what was live on the held-out part; to the others on validation."""
    release = release_of(*PASSED, champion="20260101T000000Z-gru-old")
    told = winner(release, PREPARED.scale)
    trial = release.chosen.trial
    simple = [each for each in trial.baselines if each.forecaster == "seasonal_naive_day"]
    naive = mean_skill(skills_against(trial.candidate, simple))
    assert told.title == "LSTM segment"
    assert told.headline == (
        f"LSTM segment is released: on days that no training saw its error is {below(trial.verdict.skill)} that of the best "
        f"simple forecast of each series, {below(naive)} that of the seasonal-naive forecast (yesterday repeated), and 2.0 % "
        "below that of the version that was live (20260101T000000Z-gru-old)."
    )
    others = "10.0 % below that of GRU segment and 50.0 % below that of SimpleRNN segment"
    assert told.reasons == (
        f"It was chosen because its error on the validation part is the smallest: {others}.",
        "It passed all 2 checks. The one that decides is the gain: 14.0% below is expected from now on.",
    )
    assert told.checks == (("passed", PASSED[0].text), ("passed", PASSED[1].text), ("note", PASSED[2].text))
    assert percent(abs(naive)) in below(naive)


def test_without_a_champion_that_is_said() -> None:
    """And a run that only judged says so."""
    assert winner(release_of(*PASSED), PREPARED.scale).headline.endswith("; nothing was live before.")
    assert winner(release_of(*PASSED), PREPARED.scale, asked=False).headline.startswith("LSTM segment would be released: ")


@pytest.mark.parametrize("name", sorted(ADVICE))
def test_what_was_not_released_has_a_reason_and_a_next_step(name: str) -> None:
    """The check that decided, in its words, and what to do now; what stays live is named."""
    failed = Check(name, Outcome.FAILED, "it is too bad")
    release = replace(release_of(*PASSED[1:], failed, champion="old"), goes_out=None)
    told = winner(release, PREPARED.scale)
    assert told.headline == "LSTM segment is not released. old stays live."
    assert told.reasons[0].startswith("On days that no training saw its error is ")
    assert told.reasons[2:] == (f"The check that decided, {name}: it is too bad.", f"What to do now: {ADVICE[name]}.")
    assert ("failed", "it is too bad") in told.checks


def test_a_baseline_that_goes_out_is_named() -> None:
    """Where no network beats it."""
    release = release_of(Check("gain", Outcome.FAILED, "worse"))
    told = winner(replace(release, goes_out=release.candidate), PREPARED.scale)
    assert told.headline == (
        "LSTM segment is not released. No network beats the simple forecasts here, so agents forecast by mean_of_3_days."
    )
    assert title_of(released(PREPARED).candidate.manifest) == "baseline mean_of_3_days"


def test_every_check_that_can_fail_has_its_advice() -> None:
    """Those of the verdict, by their names; an error that cannot be compared is no number."""
    assert set(ADVICE) == {"gain", "far behind", "wild", "answers", "finite", "champion", "latency", "size", "coverage"}
    assert [below(value) for value in (0.25, -0.1, -722.35)] == ["25.0 % below", "10.0 % above", "far above"]
    assert below(np.nan) == "not comparable with"

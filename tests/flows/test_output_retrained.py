"""What a retraining tells a person and a program."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.forecaster.manifest import Check, Outcome
from flows.output.retrained import Retrained, afterwards, consequence, retrained_document, retrained_text
from pipeline.report.report import candidate_grid
from tests.pipeline.test_report_report import history, released

CHECKS = (
    Check("skill", Outcome.PASSED, "ahead"),
    Check("wild", Outcome.PASSED, "it runs wild on no series"),
    Check("size", Outcome.FAILED, "model of 9 bytes"),
    Check("coverage", Outcome.NOT_JUDGED, "80% of the facts"),
)


@pytest.fixture(scope="module")
def retrained() -> Retrained:
    """A release that one check keeps in."""
    prepared = history()
    release = released(prepared)
    verdict = replace(release.chosen.trial.verdict, checks=CHECKS)
    chosen = replace(release.chosen, trial=replace(release.chosen.trial, verdict=verdict))
    return Retrained(prepared, replace(release, chosen=chosen, judged=(chosen,)), ())


def test_a_program_reads_outcomes_not_sentences(retrained: Retrained) -> None:
    """Every check as data beside the lines for people, and the verdict that follows."""
    document = retrained_document(retrained, released=True)
    assert document["checks"] == [
        {"name": "skill", "outcome": "passed", "text": "ahead"},
        {"name": "wild", "outcome": "passed", "text": "it runs wild on no series"},
        {"name": "size", "outcome": "failed", "text": "model of 9 bytes"},
        {"name": "coverage", "outcome": "not judged", "text": "80% of the facts"},
    ]
    assert document["verdict"] is False
    assert document["reasons"] == ["yes: ahead", "no: model of 9 bytes", "note: 80% of the facts"]


def test_a_person_reads_why_and_what_is_live_now(retrained: Retrained) -> None:
    """One line per check that has something to tell, and one for the consequence."""
    text = retrained_text(retrained, released=True)
    assert "  no: model of 9 bytes" in text.splitlines()
    assert text.splitlines()[-1] == consequence(retrained, released=True)
    assert "the champion stays" in text
    assert "would not go out" in consequence(retrained, released=False)


def test_judging_says_that_a_baseline_would_take_the_place_of_what_is_live(retrained: Retrained) -> None:
    """As a release would do it where the live network is outdone: nobody is to learn that from the release."""
    outdone = replace(retrained, release=replace(retrained.release, goes_out=retrained.release.candidate))
    assert consequence(outdone, released=False).endswith("would not go out; agents would forecast by mean_of_3_days")
    assert consequence(outdone, released=True) == "no network beats the baselines: agents forecast by mean_of_3_days"


def test_a_person_reads_which_one_was_chosen_where_the_report_lies_and_what_comes_next(retrained: Retrained) -> None:
    """The one with the best figure in the table need not be the chosen one; nothing follows where nothing went out."""
    two = replace(retrained, release=replace(retrained.release, judged=retrained.release.judged * 2))
    name = candidate_grid([two.release.chosen]).rows[0][0]
    assert f"  chosen: {name}, as its error on the validation part is the smallest;" in retrained_text(two, released=True)
    assert "chosen" not in retrained_text(retrained, released=True)
    release = replace(retrained.release, goes_out=None)
    report = f"report with its forecasts of every series: registry/plots/{release.candidate.manifest.version}.html"
    assert afterwards(release, Path("registry")) == [report]
    said = afterwards(replace(release, goes_out=release.candidate), Path("registry"))
    assert said[0] == report
    assert said[1].startswith("next: gatecast-agent check, then gatecast-agent run")

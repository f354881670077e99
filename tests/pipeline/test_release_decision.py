"""From verdict to channel: what is published, against which champion, and what is deleted."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.config.training_sections import Train
from edge.contract.meaning import GAUGE, Meaning
from edge.errors import GatecastError
from edge.forecaster.baselines import Baseline
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Outcome, decode_manifest, encode_manifest
from edge.forecaster.model import open_forecaster
from pipeline.history.prepared import Prepared
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, backtest
from pipeline.release.candidates import Candidate
from pipeline.release.decision import Release, decide, publish
from pipeline.release.instead import best_simple, is_outdone
from pipeline.release.registry import KEPT, Registry
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Record
from tests.pipeline.test_release_registry import bundle
from tests.support import tiny

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """The sines that the tiny networks are made for."""
    return tiny.history()


def candidate(prepared: Prepared) -> Candidate:
    """A network with random weights, which nobody should release."""
    made = tiny.bundle(Architecture())
    (measured,) = backtest(
        [contender(Baseline("last_value", tiny.CONTRACT), prepared.table.names)],
        Facts(prepared.table, tiny.CONTRACT, prepared.split.validation),
    )
    return Candidate(made, Record(1.0, 1, 1, (), (), 1, 1), 0.0, measured)


def judged(prepared: Prepared, champion: Bundle | None) -> Release:
    """The verdict beside a champion."""
    live = None if champion is None else (open_forecaster(champion), champion)
    return decide(prepared, [candidate(prepared)], live, Train())


def test_a_loser_is_kept_and_a_baseline_goes_out_where_nothing_is(prepared: Prepared, tmp_path: Path) -> None:
    """The registry has both; the channel names the baseline; doing it again changes nothing."""
    registry, release = Registry(tmp_path), judged(prepared, None)
    assert release.champion is None
    assert release.goes_out is not None
    publish(release, registry, "live")
    publish(release, registry, "live")
    assert len(registry.names()) == 2
    channel = registry.channel()
    assert channel is not None
    assert (channel.version, channel.history) == (release.goes_out.manifest.version, [])


def test_the_checks_of_the_verdict_are_data_in_the_manifest(prepared: Prepared) -> None:
    """They are read back as they were; a manifest from before has none, and a baseline bundle has none of its own."""
    release = judged(prepared, None)
    manifest, verdict = release.candidate.manifest, release.chosen.trial.verdict
    content = encode_manifest(manifest)
    assert tuple(decode_manifest(content).checks) == verdict.checks
    assert verdict.release is (Outcome.FAILED not in {check.outcome for check in manifest.checks})
    data = msgspec.json.decode(content)
    assert data["checks"][0] == {"name": "gain", "outcome": "failed", "text": verdict.checks[0].text}
    del data["checks"]
    assert decode_manifest(msgspec.json.encode(data)) == msgspec.structs.replace(manifest, checks=[])
    assert release.goes_out is not None
    assert release.goes_out.manifest.checks == []


def test_a_verdict_knows_the_spread_of_the_training_part(prepared: Prepared) -> None:
    """In its units errors are bounded, a series stands still and a forecast runs wild; without it none of that is judged."""
    judgement = judged(prepared, judged(prepared, None).goes_out).chosen.trial
    assert judgement.champion is not None
    for evaluation in (judgement.candidate, judgement.champion, *judgement.baselines):
        np.testing.assert_array_equal(evaluation.scale, prepared.scale)


def test_a_promotion_during_the_run_stands(prepared: Prepared, tmp_path: Path) -> None:
    """The candidate is kept for `gatecast promote`, and the channel stays where a person put it."""
    registry, release = Registry(tmp_path), judged(prepared, None)
    registry.add(bundle(1))
    registry.promote(bundle(1).manifest.version)
    with pytest.raises(GatecastError, match=r"named nothing when .* run gatecast retrain again, or gatecast promote"):
        publish(release, registry, "live")
    assert release.goes_out is not None
    assert release.goes_out.manifest.version in registry.names()
    assert registry.live() == bundle(1)


def test_the_champion_is_remembered_and_stays(prepared: Prepared, tmp_path: Path) -> None:
    """A loser beside a champion goes nowhere, wherever the channel points meanwhile."""
    champion = judged(prepared, None).goes_out
    assert champion is not None
    release = judged(prepared, champion)
    assert (release.champion, release.goes_out) == (champion.manifest.version, None)
    registry = Registry(tmp_path)
    publish(release, registry, "live")
    assert (registry.names(), registry.channel()) == ([release.candidate.manifest.version], None)


def test_publishing_deletes_what_is_long_out_of_use(prepared: Prepared, tmp_path: Path) -> None:
    """However often it is retrained, the registry holds a bounded number of bundles."""
    registry = Registry(tmp_path)
    for day in range(1, 29):
        registry.add(bundle(day))
    first = registry.names()[0]
    registry.promote(first)
    release = replace(judged(prepared, None), goes_out=None)
    publish(release, registry, "live")
    names = registry.names()
    assert len(names) == KEPT + 1
    assert names[0] == first
    assert release.candidate.manifest.version in names


def test_a_network_that_is_worse_than_a_baseline_does_not_stay(prepared: Prepared) -> None:
    """The one of random weights is live, and no candidate is better than the baselines: the best baseline goes out."""
    release = judged(prepared, tiny.bundle(Architecture()))
    assert release.goes_out is not None
    assert (release.goes_out.model, release.candidate.model is None) == (None, False)
    simple = best_simple(release.chosen.trial, prepared.scale)
    manifest = release.goes_out.manifest
    assert (manifest.baseline, manifest.baselines) == (simple.name, simple.series)
    assert release.chosen.trial.champion is not None
    assert is_outdone(release.chosen.trial.champion, simple, release.chosen.trial.baselines)


def test_a_champion_that_learned_other_meanings_is_not_judged_and_keeps_nothing_back(prepared: Prepared) -> None:
    """The devices refuse it under the new rules, so a baseline goes out where no candidate is good enough."""
    meanings = (Meaning("counter"), *[GAUGE] * (len(prepared.table.names) - 1))
    counted = replace(prepared, table=replace(prepared.table, meanings=meanings))
    live = tiny.bundle(Architecture())
    release = judged(counted, live)
    assert release.champion == live.manifest.version
    assert release.goes_out is not None
    told = release.goes_out.manifest.meanings
    assert {name: meaning for name, meaning in told.items() if meaning != GAUGE} == {
        prepared.table.names[0]: Meaning("counter")
    }
    assert all(meaning.usual is not None and meaning.usual[0] < meaning.usual[1] for meaning in told.values())
    (check,) = [check for check in release.chosen.trial.verdict.checks if check.name == "champion"]
    assert check.outcome is Outcome.NOT_JUDGED
    assert "as gauge, which is counter here" in check.text
